package sqlitestore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/mattn/go-sqlite3"
	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/store"
	"github.com/rbac-go/rbac/store/sqlstore/sqlite"
)

// Open opens the database file at path, and creates the file if it is missing;
// the directory must exist. With Options.MustExist, a missing file is an error.
// Tables of an older version are migrated; a file of a newer version is refused.
//
// The path is the path of a file, and all its characters are literal. The path
// is not a URI: a name that begins with "file:" is refused; write "./file:…"
// for such a file. The path ":memory:" is refused, too: for a database in
// memory use package memorystore, or New.
//
// Errors wrap rbac.ErrUnavailable and name the file and the cause. If another
// transaction is in the way for longer than BusyTimeout, the error is
// rbac.ErrBusy. Without cgo, errors wrap [ErrNoCgo], too.
func Open(ctx context.Context, path string, opts Options) (*Store, error) {
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	s, err := open(ctx, path, opts)
	if err != nil && !errors.Is(err, store.ErrUnavailable) && !errors.Is(err, store.ErrBusy) && !errors.Is(err, store.ErrInvalid) {
		return nil, fmt.Errorf("%w: sqlite %q: %w", store.ErrUnavailable, path, err)
	}
	return s, err
}

func open(ctx context.Context, path string, opts Options) (*Store, error) {
	if err := checkPath(path); err != nil {
		return nil, err
	}
	if !haveCgo {
		return nil, ErrNoCgo
	}
	find := sqlite.Create
	if opts.MustExist {
		find = sqlite.Find
	}
	f, err := find(path)
	if err != nil {
		return nil, err
	}
	connect := func(busy time.Duration, connections int, params string) *sql.DB {
		db := sql.OpenDB(newConnector(f, busy, params))
		db.SetMaxOpenConns(connections)
		db.SetMaxIdleConns(connections)
		return db
	}
	s, err := f.Open(ctx, path, sqlite.Connections{
		Writer:  connect(sqlite.Spell(opts.BusyTimeout), 1, "_txlock=immediate&_cache_size="+writerCache),
		Readers: connect(opts.BusyTimeout, opts.Readers, "_query_only=1"),
		Head:    connect(opts.BusyTimeout, 1, "_query_only=1"),
	}, sqlite.Options{BusyTimeout: opts.BusyTimeout, MustExist: opts.MustExist})
	if err != nil {
		return nil, err
	}
	return &Store{s}, nil
}

// writerCache is the page cache of the one writing connection, in SQLite's
// spelling of 32 MiB. With the default of 2 MiB, an Update that touches as many
// pages as a thousand users do writes and reads the pages repeatedly.
const writerCache = "-32768"

func checkPath(path string) error {
	reason := ""
	switch {
	case path == "":
		reason = "is empty"
	case path == ":memory:":
		reason = "is no file: for a database in memory take package memorystore, or New with a database of one connection"
	case strings.HasPrefix(path, "file:"):
		reason = "is a URI, not the path of a file"
	default:
		return nil
	}
	return &rbac.Error{Kind: store.ErrInvalid, Record: "sqlite", Name: path, Field: "path", Reason: reason}
}

// connector makes the connections of an opened store.
type connector struct {
	file *sqlite.File
	dsn  string
}

func newConnector(f *sqlite.File, busy time.Duration, params string) connector {
	path := filepath.ToSlash(f.Path())
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // C:/… on Windows
	}
	u := url.URL{Scheme: "file", Path: path, RawQuery: "mode=rw&_foreign_keys=1&_synchronous=FULL&_stmt_cache_size=128" +
		"&_busy_timeout=" + strconv.FormatInt(busy.Milliseconds(), 10) + "&" + params}
	return connector{f, u.String()}
}

func (c connector) Connect(context.Context) (driver.Conn, error) {
	conn, err := c.Driver().Open(c.dsn)
	if err != nil {
		return nil, c.file.Explain(err)
	}
	if err := c.file.Same(); err != nil { // the new connection might be to another file
		conn.Close()
		return nil, err
	}
	return conn, nil
}

func (c connector) Driver() driver.Driver { return &sqlite3.SQLiteDriver{} }
