package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/rbac-go/rbac/store"
	"github.com/rbac-go/rbac/store/sqlstore"
)

// engine is the sqlstore.Dialect of SQLite.
type engine struct {
	name            string
	writer, readers *sql.DB // one pool if the host owns the database
	// reserved has one connection, for reading the head; nil if the host owns
	// the database.
	reserved *sql.DB
	owned    bool  // opened by File.Open: the connections are set up already
	file     *File // nil: no file, or a file that only the driver knows
	busy     time.Duration
}

var tables = sqlstore.Tables{
	Migrations: Migrations(),
	Exists:     "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'rbac_schema'",
	Version:    "SELECT coalesce(max(version), 0) FROM rbac_schema",
}

// start brings the tables up to date and makes the store.
func (e *engine) start(ctx context.Context) (*Store, error) {
	if err := sqlstore.BringUpToDate(ctx, e, tables); err != nil {
		e.Close()
		if end := ctx.Err(); end != nil && !errors.Is(err, end) {
			err = fmt.Errorf("%w (%w)", end, err)
		}
		return nil, fmt.Errorf("%w: %v: %w", openKind(err), e, err)
	}
	return &Store{sqlstore.New(e), e}, nil
}

// check returns an error unless the tables are up to date. Nothing is written.
func (e *engine) check(ctx context.Context) error {
	err := e.patiently(ctx, func() error { return sqlstore.CheckTables(ctx, e, tables) })
	if err != nil {
		return fmt.Errorf("%w: %v: %w", openKind(err), e, err)
	}
	return nil
}

// openKind returns the kind of an error of opening a store.
func openKind(err error) error {
	if errors.Is(err, sqlstore.ErrInTheWay) {
		return store.ErrBusy
	}
	return store.ErrUnavailable
}

// locate finds the file of a host's database.
func (e *engine) locate(ctx context.Context) error {
	var path string
	err := e.patiently(ctx, func() error {
		return e.writer.QueryRowContext(ctx, "SELECT file FROM pragma_database_list WHERE name = 'main'").Scan(&path)
	})
	switch {
	case errors.Is(err, sqlstore.ErrInTheWay):
		return err
	case err != nil:
		return fmt.Errorf("not an SQLite database: %w", err)
	}
	if path == "" {
		if e.writer.Stats().MaxOpenConnections != 1 {
			return errors.New("a database in memory needs SetMaxOpenConns(1): each connection has a database of its own")
		}
		return nil
	}
	e.name = fmt.Sprintf("sqlite %q", path)
	if info, err := os.Stat(path); err == nil { // otherwise a file that only the driver knows
		e.file = &File{path, info}
	}
	return nil
}

func (e *engine) String() string { return e.name }

func (e *engine) Spell(query string) string { return query }

// Locks returns no clauses: one writing transaction runs at a time.
func (e *engine) Locks() sqlstore.Locks { return sqlstore.Locks{} }

// Again returns false: Begin has already waited for the current writer.
func (e *engine) Again(error) bool { return false }

func (e *engine) AnyOf(column string, values []string) (string, any) {
	if values == nil {
		values = []string{}
	}
	list, err := json.Marshal(values)
	if err != nil {
		panic(err) // texts never fail
	}
	return column + " IN (SELECT value FROM json_each(?))", string(list)
}

// longPattern is less than the longest pattern of LIKE, in bytes.
const longPattern = 10_000

// Contains relies on lower of SQLite, which folds A to Z only.
// LIKE folds the same letters in half the time.
func (e *engine) Contains(column, text string) (string, any) {
	if !strings.ContainsAny(text, "%_") && len(text) < longPattern {
		return column + " LIKE ?", "%" + text + "%"
	}
	return "instr(lower(" + column + "), ?) > 0", text
}

// Close closes the connections that Open was given. The readers are closed
// first: the writer, as the last connection, can then copy the log into the
// file and remove the log.
func (e *engine) Close() error {
	if !e.owned {
		return nil
	}
	return errors.Join(e.reserved.Close(), e.readers.Close(), e.writer.Close())
}

// Spell returns the busy_timeout of a connection for a store with the
// BusyTimeout busy. SQLite cannot be interrupted while waiting, so the result
// is short: at most 20 ms. The store repeats such waits until BusyTimeout is
// over or the context ends.
func Spell(busy time.Duration) time.Duration { return min(busy, 20*time.Millisecond) }

// patiently retries f as long as other transactions are in the way, up to the
// busy timeout.
func (e *engine) patiently(ctx context.Context, f func() error) error {
	for end := time.Now().Add(e.busy); ; {
		err := f()
		if err == nil || !isBusy(err) {
			return err
		}
		if !time.Now().Before(end) {
			return fmt.Errorf("%w for %v: %w", sqlstore.ErrInTheWay, e.busy, err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Millisecond): // for drivers that do not wait by themselves
		}
	}
}

// isBusy recognizes the error by the text of SQLite, since each driver has a
// type of its own.
func isBusy(err error) bool {
	text := err.Error()
	return strings.Contains(text, "database is locked") || strings.Contains(text, "SQLITE_BUSY") && !isOpen(err)
}

// isOpen reports whether a commit failed because the host has not read all rows
// of a statement.
func isOpen(err error) bool { return strings.Contains(err.Error(), "statements in progress") }
