package main

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/rbaccli"
	"github.com/rbac-go/rbac/store/sqlstore"
	postgresstore "github.com/rbac-go/rbac/store_postgres"
	sqlitestore "github.com/rbac-go/rbac/store_sqlite"
)

// openStore opens an SQLite file or a PostgreSQL database by its DSN. Without
// create, openStore refuses a missing store, and tables that are older than the
// program: a running service of an older version could not use migrated tables.
func openStore(ctx context.Context, name string, create bool) (rbaccli.Store, error) {
	url, err := isPostgres(name)
	switch {
	case err != nil:
		return nil, err
	case url:
		return openPostgres(ctx, name, create)
	}
	return openSQLite(ctx, name, create)
}

// openToAsk opens a store as openStore does, for reading.
func openToAsk(ctx context.Context, name string) (rbaccli.Store, error) {
	url, err := isPostgres(name)
	switch {
	case err != nil:
		return nil, err
	case url:
		return openPostgres(ctx, name, false)
	}
	return readSQLite(ctx, name)
}

// parameters matches the parameters of a connection string with keywords and
// values. A file with such a name is refused, too.
var parameters = regexp.MustCompile(`(?i)(^|\s)(host|hostaddr|port|user|password|passfile|dbname|service|sslmode)\s*=`)

// isPostgres reports whether name is the URL of a PostgreSQL database, and not
// the path of an SQLite file. The errors do not repeat a name that may have a
// password.
func isPostgres(name string) (bool, error) {
	scheme, _, isURL := strings.Cut(name, "://")
	switch {
	case isURL && (scheme == "postgres" || scheme == "postgresql"):
		return true, nil
	case parameters.MatchString(name) || strings.HasPrefix(name, "postgres:") || strings.HasPrefix(name, "postgresql:"):
		return false, rbaccli.StoreError("The store looks like a PostgreSQL database. Write postgres://user@host/database.")
	case isURL:
		return false, rbaccli.StoreError("There is no kind of store %q. Name the path of an SQLite file, or postgres://user@host/database.", scheme)
	}
	return false, nil
}

// busyTimeout is how long a verb waits for another process that writes. A
// variable for the tests.
var busyTimeout = 5 * time.Second

func openSQLite(ctx context.Context, path string, create bool) (rbaccli.Store, error) {
	s, err := sqlitestore.Open(ctx, path, sqlitestore.Options{BusyTimeout: busyTimeout, Readers: 1, MustExist: !create})
	if err != nil {
		return nil, sqliteError(path, err)
	}
	return file{s, path}, nil
}

// sqliteError adds what to do to an error of opening a file.
func sqliteError(path string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return rbaccli.StoreError("There is no store %q. Check the path, or make the store with \"rbac init\".", path)
	}
	return tablesError(path, err)
}

// file is a store in a file of its own.
type file struct {
	*sqlitestore.Store
	path string
}

// Path returns the path of the file.
func (f file) Path() string { return f.path }

// readOnly is a store on connections of its own that cannot write.
type readOnly struct {
	file
	db *sql.DB
}

// Close closes the store and its connections.
func (r readOnly) Close() error { return errors.Join(r.file.Close(), r.db.Close()) }

// readSQLite opens a file for reading. The journal mode of the file stays as it
// is, for example in a copy made by backup. The mode rw lets SQLite remove its
// own files beside a database with WAL; SQLite opens a file that may not be
// written for reading.
func readSQLite(ctx context.Context, path string) (rbaccli.Store, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, sqliteError(path, fmt.Errorf("%w: %w", rbac.ErrUnavailable, err))
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	address := url.URL{Scheme: "file", Path: absolute, RawQuery: fmt.Sprintf("mode=rw&_query_only=1&_busy_timeout=%d", busyTimeout.Milliseconds())}
	db, err := sql.Open("sqlite3", address.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(2) // a View, and the head
	s, err := sqlitestore.New(ctx, db, sqlitestore.Options{BusyTimeout: busyTimeout, MustExist: true})
	if err != nil {
		db.Close()
		return nil, sqliteError(path, err)
	}
	return readOnly{file{s, path}, db}, nil
}

// pooled is a store on a pool of its own, which is also asked for the time.
type pooled struct {
	*postgresstore.Store
	pool *pgxpool.Pool
}

// Now returns the time by the clock of the server.
func (p pooled) Now(ctx context.Context) (now time.Time, err error) {
	err = p.pool.QueryRow(ctx, "SELECT pg_catalog.clock_timestamp()").Scan(&now)
	return now, err
}

// Close closes the store and its connections.
func (p pooled) Close() error {
	defer p.pool.Close()
	return p.Store.Close()
}

func openPostgres(ctx context.Context, dsn string, create bool) (rbaccli.Store, error) {
	options := postgresstore.Options{Logger: slog.New(slog.DiscardHandler), MustExist: !create}
	config, err := poolConfig(dsn)
	if err != nil { // the error of Open repeats no password
		return postgresstore.Open(ctx, dsn, options)
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, rbaccli.StoreError("The store cannot be used: the parameters of the pool are out of their bounds.")
	}
	s, err := postgresstore.New(ctx, pool, options)
	if err == nil {
		return pooled{s, pool}, nil
	}
	pool.Close()
	return nil, tablesError(config.ConnConfig.Host+"/"+config.ConnConfig.Database, err)
}

// connectTimeout ends the wait for a server that accepts a connection and does
// not answer, unless the DSN or PGCONNECT_TIMEOUT has another timeout.
const connectTimeout = 10 * time.Second

func poolConfig(dsn string) (*pgxpool.Config, error) {
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, err
	}
	postgresstore.Prepare(config)
	config.ConnConfig.ConnectTimeout = cmp.Or(config.ConnConfig.ConnectTimeout, connectTimeout)
	return config, nil
}

// tablesError adds what to do to the error of a store whose tables are missing
// or older.
func tablesError(name string, err error) error {
	version, ok := errors.AsType[*sqlstore.VersionError](err)
	switch {
	case !ok:
		return err
	case version.Have == 0:
		return rbaccli.StoreError("%q has no tables of rbac. Check the name, or make the tables with \"rbac init\".", name)
	}
	return rbaccli.StoreError("The tables of %q have version %d, and this program needs version %d. Use the rbac of the services on the store, or update the services and run \"rbac init\".",
		name, version.Have, version.Want)
}
