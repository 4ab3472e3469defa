// Package sqlite keeps an rbac.Authority in an SQLite database of the host,
// beside the tables of the host. The package has no driver: import the driver
// that the program uses.
//
//	import (
//		"github.com/rbac-go/rbac/store/sqlstore/sqlite"
//		_ "modernc.org/sqlite" // or github.com/ncruces/go-sqlite3/driver, or github.com/mattn/go-sqlite3
//	)
//
//	db, err := sql.Open("sqlite", "file:app.db?_pragma=journal_mode(wal)")
//	…
//	store, err := sqlite.New(ctx, db, sqlite.Options{})
//
// Package sqlitestore, which is built on this package, opens a file of its own
// and includes github.com/mattn/go-sqlite3. That driver and
// github.com/ncruces/go-sqlite3/driver both register the name "sqlite3", and a
// program that imports both panics at startup: use this package with the
// latter.
//
// # Durability and files
//
// The changes of an Update are on the disk when Update returns: transactions
// run with synchronous=FULL, whatever the setting of the connection. Do not
// keep the file on a network file system, where SQLite's locks are unsafe. If a
// file is replaced or deleted under an open store, every call fails with
// rbac.ErrUnavailable.
package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"time"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/store"
	"github.com/rbac-go/rbac/store/sqlstore"
)

// Options configures a store. The zero Options are valid.
type Options struct {
	// BusyTimeout is the longest time that a transaction waits for another
	// process or another user of the database to finish writing. Without WAL, a
	// commit also waits for readers. After BusyTimeout, the transaction fails
	// with rbac.ErrBusy. A context ends the wait earlier.
	// rbac.Config.LockTimeout ends the wait earlier, too, except the wait of a
	// commit. Zero: 5 s. Precision: 1 ms.
	BusyTimeout time.Duration
	// MustExist is for a database that is known to have the tables. Tables that
	// are missing or older than the program are an error, which wraps
	// *sqlstore.VersionError, and the database stays as it is.
	MustExist bool
}

// Store is an rbac.Store on SQLite: see View, Update and Close of
// sqlstore.Store. A Store is safe for concurrent use. Close a Store after the
// Authorities on it; the database passed to New stays open.
type Store struct {
	*sqlstore.Store
	e *engine
}

var _ store.Store = (*Store)(nil)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations returns the files 001_….sql, 002_….sql, … that make the tables.
// New runs the files. Migrations is for hosts that run the files earlier, with
// a tool of their own. Each file adds its number to the table rbac_schema, and
// runs in a transaction.
func Migrations() fs.FS {
	dir, err := fs.Sub(migrations, "migrations")
	if err != nil {
		panic(err) // the name is a constant
	}
	return dir
}

// New makes a store in a database of the host, with any driver for SQLite 3.37
// or later. The tables are named rbac_….
//
// Each transaction takes one connection from db, sets foreign_keys, query_only,
// busy_timeout and synchronous as the transaction needs, and restores the
// previous values at its end. The journal mode is left alone: with WAL, readers
// do not wait for writers.
//
// A database in memory requires a call of db.SetMaxOpenConns(1) before New:
// each further connection would open a database of its own. Databases opened
// with cache=shared are unsafe here: a View would not see one state.
//
// Errors wrap rbac.ErrUnavailable, or rbac.ErrBusy if another transaction is in
// the way for longer than BusyTimeout. Invalid Options are rbac.ErrInvalid.
func New(ctx context.Context, db *sql.DB, opts Options) (*Store, error) {
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	e := &engine{name: "sqlite", writer: db, readers: db, busy: opts.BusyTimeout}
	if err := e.locate(ctx); err != nil {
		return nil, fmt.Errorf("%w: %v: %w", openKind(err), e, err)
	}
	if opts.MustExist {
		if err := e.check(ctx); err != nil {
			return nil, err
		}
	}
	return e.start(ctx)
}

func (o Options) withDefaults() (Options, error) {
	if o.BusyTimeout < 0 {
		return o, &rbac.Error{Kind: store.ErrInvalid, Record: "options", Field: "BusyTimeout", Reason: "less than zero"}
	}
	if o.BusyTimeout == 0 {
		o.BusyTimeout = 5 * time.Second
	}
	return o, nil
}
