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
	info fs.FileInfo // as it was when the store was opened
}

// Create makes sure that the file at path is there, readable by its owner only.
// Connections never create it, so that a deleted file is missed and not replaced
// by an empty one.
func Create(path string) (*File, error) {
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
	return &File{path, info}, nil
}

// Path returns the absolute path of the file.
func (f *File) Path() string { return f.path }

// Same returns an error if there is another file under the path by now, or none:
// what the connections read and write is lost then.
func (f *File) Same() error {
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

// Explain adds to an error what SQLite does not say: that the directory, where
// SQLite needs files of its own beside the database, cannot be written.
func (f *File) Explain(err error) error {
	probe, perr := os.CreateTemp(filepath.Dir(f.path), ".rbac-*")
	if perr != nil {
		return fmt.Errorf("%w: the directory must be writable: %w", err, perr)
	}
	probe.Close()
	os.Remove(probe.Name())
	return err
}

// Connections are those of a store that has its file to itself. Each connection
// has foreign_keys=1, synchronous=FULL and a busy_timeout, and was made while
// [File.Same] returned nil.
type Connections struct {
	Writer  *sql.DB // of one connection, which begins transactions with BEGIN IMMEDIATE; its busy_timeout is [Spell]
	Readers *sql.DB // with query_only=1: as many as Views that run at once
	Head    *sql.DB // of one connection with query_only=1, for reading the head
}

// Open makes a store on the connections to a file, which the store closes, and
// so does Open after an error. It sets the journal mode to WAL and brings the
// tables up to date. Errors call the database name.
func (f *File) Open(ctx context.Context, name string, c Connections, opts Options) (*Store, error) {
	opts, err := opts.withDefaults()
	e := &engine{name: fmt.Sprintf("sqlite %q", name), owned: true, file: f, busy: opts.BusyTimeout,
		writer: c.Writer, readers: c.Readers, reserved: c.Head}
	if err == nil {
		err = e.useWAL(ctx)
	}
	if err != nil {
		e.Close()
		return nil, err
	}
	return e.start(ctx)
}

// useWAL makes readers and writers independent. The mode stays with the file.
func (e *engine) useWAL(ctx context.Context) error {
	var mode string
	err := e.patiently(ctx, func() error {
		return e.writer.QueryRowContext(ctx, "PRAGMA journal_mode = WAL").Scan(&mode)
	})
	if err != nil {
		return e.file.Explain(err)
	}
	if mode != "wal" {
		return fmt.Errorf("the journal mode is %q and cannot be made WAL", mode)
	}
	return nil
}
