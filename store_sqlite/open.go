package sqlitestore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/mattn/go-sqlite3"
	"github.com/rbac-go/rbac"
)

// Open opens the database file at path and creates it where there is none; the
// directory must exist. Tables of an older version are brought up to date; a file of a newer
// version is refused.
//
// The path is that of a file, whatever characters it has. It is no URI (a name that
// begins with "file:" is refused; write "./file:…" if it is meant) and not ":memory:":
// for a database in memory take package memorystore, or New.
//
// Errors wrap rbac.ErrUnavailable and say what is wrong with which file; without
// cgo they wrap [ErrNoCgo], too.
func Open(ctx context.Context, path string, opts Options) (*Store, error) {
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	s, err := open(ctx, path, opts)
	if err != nil && !errors.Is(err, rbac.ErrUnavailable) && !errors.Is(err, rbac.ErrInvalid) {
		return nil, fmt.Errorf("%w: sqlite %q: %w", rbac.ErrUnavailable, path, err)
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
	f, err := create(path)
	if err != nil {
		return nil, err
	}
	e := &engine{name: fmt.Sprintf("sqlite %q", path), owned: true, file: f, busy: opts.BusyTimeout}
	e.writer = sql.OpenDB(newConnector(f, spell(opts.BusyTimeout).Milliseconds(), "_txlock=immediate&_cache_size="+writerCache))
	e.writer.SetMaxOpenConns(1)
	e.readers = sql.OpenDB(newConnector(f, opts.BusyTimeout.Milliseconds(), "_query_only=1"))
	e.readers.SetMaxOpenConns(opts.Readers)
	e.readers.SetMaxIdleConns(opts.Readers)
	e.reserved = sql.OpenDB(newConnector(f, opts.BusyTimeout.Milliseconds(), "_query_only=1"))
	e.reserved.SetMaxOpenConns(1)
	if err := e.useWAL(ctx); err != nil {
		e.Close()
		return nil, err
	}
	return e.start(ctx)
}

// writerCache is what the one writing connection may use as page cache, in SQLite's spelling of 32 MiB. With the 2 MiB that are usual, an
// Update that touches as many pages as a thousand users do writes and reads them again and again.
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
	return &rbac.Error{Kind: rbac.ErrInvalid, Record: "sqlite", Name: path, Field: "path", Reason: reason}
}

// create makes sure that the file is there. Connections never create it, so
// that one that was deleted is missed and not replaced by an empty one.
func create(path string) (*file, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	return &file{path, info}, nil
}

// file is the database file as it was when the store was opened.
type file struct {
	path string
	info fs.FileInfo
}

// same fails when there is now another file under the path, or none: what the
// connections read and write is lost then.
func (f *file) same() error {
	if f == nil { // a database that is in no file
		return nil
	}
	now, err := os.Stat(f.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("the database file was deleted or moved while it was open: %w", err)
	case err != nil:
		return err
	case !os.SameFile(f.info, now):
		return errors.New("the database file was replaced while it was open")
	}
	return nil
}

// connector makes the connections of an opened store.
type connector struct {
	file *file
	dsn  string
}

func newConnector(f *file, busyMS int64, param string) connector {
	path := filepath.ToSlash(f.path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // C:/… on Windows
	}
	u := url.URL{Scheme: "file", Path: path, RawQuery: "mode=rw&_foreign_keys=1&_synchronous=FULL&_stmt_cache_size=128" +
		"&_busy_timeout=" + strconv.FormatInt(busyMS, 10) + "&" + param}
	return connector{f, u.String()}
}

func (c connector) Connect(context.Context) (driver.Conn, error) {
	conn, err := c.Driver().Open(c.dsn)
	if err != nil {
		return nil, c.file.explain(err)
	}
	if err := c.file.same(); err != nil { // it might be a connection to the other file
		conn.Close()
		return nil, err
	}
	return conn, nil
}

func (c connector) Driver() driver.Driver { return &sqlite3.SQLiteDriver{} }

// explain adds to an error what SQLite does not say: that the directory, where it
// needs files of its own beside the database, cannot be written.
func (f *file) explain(err error) error {
	probe, perr := os.CreateTemp(filepath.Dir(f.path), ".rbac-*")
	if perr != nil {
		return fmt.Errorf("%w: the directory must be writable: %w", err, perr)
	}
	probe.Close()
	os.Remove(probe.Name())
	return err
}

// useWAL makes readers and writers independent. The mode stays with the file.
func (e *engine) useWAL(ctx context.Context) error {
	var mode string
	err := e.patiently(ctx, func() error {
		return e.writer.QueryRowContext(ctx, "PRAGMA journal_mode = WAL").Scan(&mode)
	})
	if err != nil {
		return e.file.explain(err)
	}
	if mode != "wal" {
		return fmt.Errorf("the journal mode is %q and cannot be made WAL", mode)
	}
	return nil
}
