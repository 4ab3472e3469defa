// Package sqlitestore keeps an rbac.Authority in an SQLite database: in a file
// of its own ([Open]), or in tables beside those of the host ([New]).
//
// # Durability
//
// What an Update changed is on the disk when it returns, logins, logouts and
// revocations included: transactions run with synchronous=FULL. A disk that
// lies about its cache takes that promise back.
//
// # Several processes
//
// Several processes of one machine may use a file at once. SQLite has one writer
// at a time; others wait up to Options.BusyTimeout. Do not keep the
// file on a network file system: SQLite's locks are unsafe there.
//
// # The file
//
// It holds hashes of passwords and tokens: Open creates it readable by its owner only. Back it up
// with SQLite's own means (VACUUM INTO, .backup); a copy made with cp while the store
// is open may be broken. When a file is replaced or deleted under an open store, every
// call fails with rbac.ErrUnavailable: open the store anew.
package sqlitestore

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/store/sqlstore"
)

// ErrNoCgo is in the error of Open when the program was built without cgo, which
// the driver needs.
var ErrNoCgo = errors.New("this program was built without cgo: build it with CGO_ENABLED=1 and a C compiler such as gcc, or use New with a driver that needs neither")

// Options set a store up. The zero Options are good.
type Options struct {
	// BusyTimeout is how long a transaction waits for another process or another
	// user of the database that is writing, before it fails with rbac.ErrUnavailable.
	// A context ends the wait earlier. Zero: 5 s. Kept to the millisecond.
	//
	// Updates of one store wait for each other as long as their contexts allow.
	BusyTimeout time.Duration
	// Readers is how many Views of an opened store run at once. Zero: 8. New
	// does not look at it: the host has set up its database.
	Readers int
}

// Store is an rbac.Store on SQLite: see View, Update and Close of sqlstore.Store. It is
// safe for concurrent use. Close it after the Authorities on it; the database given
// to New stays open.
type Store struct{ *sqlstore.Store }

var _ rbac.Store = (*Store)(nil)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations are the files 001_….sql, 002_….sql, … that make the tables. Open and New
// run them; they are here for hosts whose own tool shall do it before. Each
// adds its number to the table rbac_schema, and runs in a transaction.
func Migrations() fs.FS {
	dir, err := fs.Sub(migrations, "migrations")
	if err != nil {
		panic(err) // the name is a constant
	}
	return dir
}

// New makes a store in the host's own database, whose driver may be any
// for SQLite 3.37 or later. The tables are named rbac_….
//
// Each transaction takes one connection from db, sets on it what it needs
// (foreign_keys, query_only, busy_timeout, synchronous) and puts that back at its end.
// The journal mode is left alone: with WAL, readers do not wait for writers.
//
// The database may be in memory only if db.SetMaxOpenConns(1) was called before: each further
// connection would be to a database of its own. Databases opened with cache=shared are
// unsafe here: a View would not see one state.
func New(ctx context.Context, db *sql.DB, opts Options) (*Store, error) {
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	e := &engine{name: "sqlite", writer: db, readers: db, busy: opts.BusyTimeout}
	if err := e.locate(ctx); err != nil {
		return nil, fmt.Errorf("%w: %v: %w", rbac.ErrUnavailable, e, err)
	}
	return e.start(ctx)
}

func (o Options) withDefaults() (Options, error) {
	switch {
	case o.BusyTimeout < 0:
		return o, &rbac.Error{Kind: rbac.ErrInvalid, Record: "options", Field: "BusyTimeout", Reason: "less than zero"}
	case o.Readers < 0:
		return o, &rbac.Error{Kind: rbac.ErrInvalid, Record: "options", Field: "Readers", Reason: "less than zero"}
	}
	if o.BusyTimeout == 0 {
		o.BusyTimeout = 5 * time.Second
	}
	if o.Readers == 0 {
		o.Readers = 8
	}
	return o, nil
}
