// Package sqlite keeps an rbac.Authority in an SQLite database of the host's,
// beside the host's own tables. The package has no driver: import the one that
// the program uses.
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
// Package sqlitestore, which is built on this one, opens a file of its own and
// brings github.com/mattn/go-sqlite3 along. That driver and
// github.com/ncruces/go-sqlite3/driver both register the name "sqlite3", and a
// program that imports both panics at its start: use this package with the latter.
//
// # Durability and files
//
// What an Update changed is on the disk when Update returns: transactions run
// with synchronous=FULL, whatever the connection has. Do not keep the file on a
// network file system, where SQLite's locks are unsafe. When a file is replaced
// or deleted under an open store, every call fails with rbac.ErrUnavailable.
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

// Options set a store up. The zero Options are good.
type Options struct {
	// BusyTimeout is how long a transaction waits for another process or another
	// user of the database that is writing (and without WAL, to commit, for those
	// that read) before it fails with rbac.ErrBusy. A context ends the wait earlier,
	// and so does rbac.Config.LockTimeout, except that of a commit. Zero: 5 s. Kept to
	// the millisecond.
	BusyTimeout time.Duration
}

// Store is an rbac.Store on SQLite: see View, Update and Close of
// sqlstore.Store. It is safe for concurrent use. Close it after the Authorities
// on it; the database given to New stays open.
type Store struct{ *sqlstore.Store }

var _ store.Store = (*Store)(nil)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations are the files 001_….sql, 002_….sql, … that make the tables. New runs
// them; they are here for hosts whose own tool runs them before. Each adds its
// number to the table rbac_schema, and runs in a transaction.
func Migrations() fs.FS {
	dir, err := fs.Sub(migrations, "migrations")
	if err != nil {
		panic(err) // the name is a constant
	}
	return dir
}

// New makes a store in the host's own database, with any driver for SQLite 3.37
// or later. The tables are named rbac_….
//
// Each transaction takes one connection from db, sets on it what it needs
// (foreign_keys, query_only, busy_timeout, synchronous) and puts that back at its
// end. The journal mode is left alone: with WAL, readers do not wait for writers.
//
// The database may be in memory only if db.SetMaxOpenConns(1) was called before:
// each further connection would be to a database of its own. Databases opened
// with cache=shared are unsafe here: a View would not see one state.
//
// Errors wrap rbac.ErrUnavailable; invalid Options are rbac.ErrInvalid.
func New(ctx context.Context, db *sql.DB, opts Options) (*Store, error) {
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	e := &engine{name: "sqlite", writer: db, readers: db, busy: opts.BusyTimeout}
	if err := e.locate(ctx); err != nil {
		return nil, fmt.Errorf("%w: %v: %w", store.ErrUnavailable, e, err)
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
