package main

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rbac-go/rbac/rbaccli"
	postgresstore "github.com/rbac-go/rbac/store_postgres"
	sqlitestore "github.com/rbac-go/rbac/store_sqlite"
)

// openStore opens an SQLite file or a PostgreSQL database by its DSN. Without
// create, openStore refuses a store that does not exist, and tables that are
// older than the program: a service that runs with an older version could not
// use migrated tables.
func openStore(ctx context.Context, name string, create bool) (rbaccli.Store, error) {
	if strings.HasPrefix(name, "postgres://") || strings.HasPrefix(name, "postgresql://") {
		return openPostgres(ctx, name, create)
	}
	if strings.Contains(name, "://") {
		scheme, _, _ := strings.Cut(name, "://")
		return nil, rbaccli.StoreError("There is no kind of store %q. Name the path of an SQLite file, or postgres://user@host/database.", scheme)
	}
	return openSQLite(ctx, name, create)
}

func openSQLite(ctx context.Context, path string, create bool) (rbaccli.Store, error) {
	if !create {
		if err := checkFile(ctx, path); err != nil {
			return nil, err
		}
	}
	s, err := sqlitestore.Open(ctx, path, sqlitestore.Options{Readers: 1})
	if err != nil {
		return nil, err
	}
	return file{s, path}, nil
}

// file is a store in a file of its own.
type file struct {
	*sqlitestore.Store
	path string
}

// Path returns the path of the file.
func (f file) Path() string { return f.path }

// checkFile returns an error unless the file at path is a store with the tables
// of this version.
func checkFile(ctx context.Context, path string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return rbaccli.StoreError("There is no store %q. Check the path, or make the store with \"rbac init\".", path)
	case err != nil:
		return rbaccli.StoreError("The store %q cannot be opened: %v.", path, err)
	case info.IsDir():
		return rbaccli.StoreError("%q is a directory. Name the SQLite file in it.", path)
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	file := url.URL{Scheme: "file", Path: absolute, RawQuery: "mode=ro&_query_only=1&_busy_timeout=5000"}
	db, err := sql.Open("sqlite3", file.String())
	if err != nil {
		return err
	}
	defer db.Close()
	var have int
	err = db.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'rbac_schema'").Scan(&have)
	if err == nil && have > 0 {
		err = db.QueryRowContext(ctx, "SELECT coalesce(max(version), 0) FROM rbac_schema").Scan(&have)
	}
	if err != nil {
		return rbaccli.StoreError("The file %q cannot be read as a store: %v.", path, err)
	}
	return checkVersion(path, have, sqlitestore.Migrations())
}

// pooled is a store on a pool of its own. The check of the tables and the store
// share the connections.
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
	options := postgresstore.Options{Logger: slog.New(slog.DiscardHandler)}
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil { // the error of Open repeats no password
		return postgresstore.Open(ctx, dsn, options)
	}
	postgresstore.Prepare(config)
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, rbaccli.StoreError("The store cannot be used: the parameters of the pool are out of their bounds.")
	}
	if !create {
		err = checkDatabase(ctx, pool)
	}
	if err == nil {
		var s *postgresstore.Store
		if s, err = postgresstore.New(ctx, pool, options); err == nil {
			return pooled{s, pool}, nil
		}
	}
	pool.Close()
	return nil, err
}

// checkDatabase returns an error unless the database has the tables of this
// version. Only a plain table is read: reading anything else could run the code
// of its owner.
func checkDatabase(ctx context.Context, pool *pgxpool.Pool) error {
	config := pool.Config().ConnConfig
	where := config.Host + "/" + config.Database
	if err := pool.Ping(ctx); err != nil {
		return rbaccli.StoreError("The database %s cannot be reached: %v.", where, err)
	}
	var schema string
	err := pool.QueryRow(ctx, `SELECT n.nspname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relname = 'rbac_schema' AND c.relkind = 'r' AND NOT c.relrowsecurity AND n.nspname = pg_catalog.current_schema()`).Scan(&schema)
	have := 0
	if err == nil {
		table := pgx.Identifier{schema, "rbac_schema"}.Sanitize()
		err = pool.QueryRow(ctx, "SELECT coalesce(pg_catalog.max(version), 0) FROM "+table).Scan(&have)
	}
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return rbaccli.StoreError("The database %s cannot be read: %v.", where, err)
	}
	return checkVersion(where, have, postgresstore.Migrations())
}

// checkVersion compares the version of a store's tables with the newest. Newer
// tables are refused by the store itself.
func checkVersion(name string, have int, migrations fs.FS) error {
	files, err := fs.Glob(migrations, "*.sql")
	switch {
	case err != nil:
		return err
	case have == 0:
		return rbaccli.StoreError("%q has no tables of rbac. Check the name, or make the tables with \"rbac init\".", name)
	case have < len(files):
		return rbaccli.StoreError("The tables of %q have version %d, and this program needs version %d. Use the rbac of the services on the store, or update the services and run \"rbac init\".", name, have, len(files))
	}
	return nil
}
