package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// File is a database file that a package with a driver opens for a store alone,
// as package sqlitestore does. Hosts with a database of their own call [New].
type File struct {
	path string
	info fs.FileInfo // the state when the store was opened
}

// Create creates the file at path unless the file exists, readable by its owner
// only. Connections never create the file: a deleted file is reported as
// missing, and not replaced by an empty file.
func Create(path string) (*File, error) { return openFile(path, os.O_CREATE) }

// Find finds the file at path. A missing file is an error, which wraps
// fs.ErrNotExist.
func Find(path string) (*File, error) { return openFile(path, 0) }

func openFile(path string, flag int) (*File, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_RDWR|flag, 0o600)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	return &File{path, info}, nil
}

// Path returns the absolute path of the file.
func (f *File) Path() string { return f.path }

// Same returns an error if the path now leads to another file or to none: reads
// and writes of the connections are then lost.
func (f *File) Same() error {
	if f == nil { // a database without a file
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

// Explain adds to err a cause that SQLite does not report: the directory is not
// writable, although SQLite needs files of its own beside the database.
func (f *File) Explain(err error) error {
	probe, perr := os.CreateTemp(filepath.Dir(f.path), ".rbac-*")
	if perr != nil {
		return fmt.Errorf("%w: the directory must be writable: %w", err, perr)
	}
	probe.Close()
	os.Remove(probe.Name())
	return err
}

// Connections are the connections of a store that has the file to itself. Each
// connection has foreign_keys=1, synchronous=FULL and a busy_timeout, and was
// made while [File.Same] returned nil.
type Connections struct {
	// Writer has one connection, which begins transactions with BEGIN
	// IMMEDIATE. The busy_timeout of the connection is [Spell] of
	// Options.BusyTimeout.
	Writer  *sql.DB
	Readers *sql.DB // with query_only=1: as many as concurrent Views
	Head    *sql.DB // one connection with query_only=1, for reading the head
}

// Open makes a store on the connections to a file. The store closes the
// connections, and Open closes the connections after an error. Open sets the
// journal mode to WAL and brings the tables up to date. With Options.MustExist,
// Open leaves a file without up-to-date tables as it is. Errors name the
// database by name.
func (f *File) Open(ctx context.Context, name string, c Connections, opts Options) (*Store, error) {
	opts, err := opts.withDefaults()
	e := &engine{name: fmt.Sprintf("sqlite %q", name), owned: true, file: f, busy: opts.BusyTimeout,
		writer: c.Writer, readers: c.Readers, reserved: c.Head}
	if err == nil && opts.MustExist { // before the journal mode of a wrong file changes
		err = e.check(ctx)
	}
	if err == nil {
		err = e.useWAL(ctx)
	}
	if err != nil {
		e.Close()
		return nil, err
	}
	return e.start(ctx)
}

// useWAL makes readers and writers independent. The journal mode is stored in
// the file.
func (e *engine) useWAL(ctx context.Context) error {
	var mode string
	err := e.patiently(ctx, func() error {
		return e.writer.QueryRowContext(ctx, "PRAGMA journal_mode = WAL").Scan(&mode)
	})
	if err != nil {
		return fmt.Errorf("%w: %v: %w", openKind(err), e, e.file.Explain(err))
	}
	if mode != "wal" {
		return fmt.Errorf("the journal mode is %q and cannot be made WAL", mode)
	}
	return nil
}
