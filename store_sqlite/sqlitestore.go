// Package sqlitestore keeps an rbac.Authority in an SQLite database: in a file
// of its own ([Open]), or in tables beside those of the host ([New]).
//
// # Durability
//
// When an Update returns, its changes are on the disk, logins, logouts and
// revocations included: transactions run with synchronous=FULL. A disk with an
// unsafe write cache breaks this promise.
//
// # Several processes
//
// Several processes of one machine may use a file at once. SQLite has one
// writer at a time; other writers wait up to Options.BusyTimeout. Do not keep
// the file on a network file system: SQLite's locks are unsafe there.
//
// # The file
//
// The file holds hashes of passwords and tokens. Open makes the file readable
// by its owner only. Back the file up with Backup of the Store, or with SQLite's
// own means (VACUUM INTO, .backup); a copy made with cp while the store is open
// may be corrupt. If a file is replaced or deleted under an open store, every
// call fails with rbac.ErrUnavailable: open the store anew.
package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"time"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/store"
	"github.com/rbac-go/rbac/store/sqlstore/sqlite"
)

// ErrNoCgo is in the error of Open if the program was built without cgo, which
// the driver needs.
var ErrNoCgo = errors.New("this program was built without cgo: build it with CGO_ENABLED=1 and a C compiler such as gcc, or use New of package store/sqlstore/sqlite with a driver that needs neither")

// Options configures a store. The zero Options are valid.
type Options struct {
	// BusyTimeout is the longest time that a transaction waits for another
	// process or another user of the database to finish writing. Without WAL, a
	// commit also waits for readers. After BusyTimeout, the transaction fails
	// with rbac.ErrBusy. A context ends the wait earlier.
	// rbac.Config.LockTimeout ends the wait earlier, too, except the wait of a
	// commit. Zero: 5 s. Precision: 1 ms.
	//
	// The Updates of a store made by Open wait for each other as long as their
	// contexts and rbac.Config.LockTimeout allow.
	BusyTimeout time.Duration
	// Readers is the number of Views that a store made by Open runs at once.
	// Zero: 8. New ignores Readers: the host has configured its database.
	Readers int
	// With MustExist, nothing is created or migrated: a missing file is an
	// error, and so is a file whose tables are missing or older than the
	// program. Set MustExist for the verbs of a command line, since a mistyped
	// path must not make an empty store. The errors wrap rbac.ErrUnavailable,
	// and fs.ErrNotExist or *sqlstore.VersionError.
	MustExist bool
}

// Store is an rbac.Store on SQLite: see View, Update and Close of
// sqlstore.Store, and Backup of sqlite.Store. A Store is safe for concurrent
// use. Close the Store after the Authorities on it; the database passed to New
// stays open.
type Store struct{ *sqlite.Store }

var _ store.Store = (*Store)(nil)

// Migrations returns the files 001_….sql, 002_….sql, … that make the tables.
// Open and New run the files. A host may instead run the files beforehand with
// a tool of its own. Each file adds its number to the table rbac_schema, and
// runs in a transaction.
func Migrations() fs.FS { return sqlite.Migrations() }

// New makes a store in the host's own database, as [sqlite.New] does. The
// driver may be any driver for SQLite 3.37 or later. This package registers the
// driver "sqlite3". A program with another driver of the same name imports
// package sqlite alone.
func New(ctx context.Context, db *sql.DB, opts Options) (*Store, error) {
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	s, err := sqlite.New(ctx, db, sqlite.Options{BusyTimeout: opts.BusyTimeout, MustExist: opts.MustExist})
	if err != nil {
		return nil, err
	}
	return &Store{s}, nil
}

// DBTX runs a host's own statements. *sql.DB, *sql.Tx and *sql.Conn have the
// same methods.
type DBTX = sqlite.DBTX

// Tx returns the transaction of tx for the host's own statements, as
// [sqlite.Tx] does.
func Tx(tx *rbac.Tx) (DBTX, bool) { return sqlite.Tx(tx) }

func (o Options) withDefaults() (Options, error) {
	switch {
	case o.BusyTimeout < 0:
		return o, &rbac.Error{Kind: store.ErrInvalid, Record: "options", Field: "BusyTimeout", Reason: "less than zero"}
	case o.Readers < 0:
		return o, &rbac.Error{Kind: store.ErrInvalid, Record: "options", Field: "Readers", Reason: "less than zero"}
	}
	if o.BusyTimeout == 0 {
		o.BusyTimeout = 5 * time.Second
	}
	if o.Readers == 0 {
		o.Readers = 8
	}
	return o, nil
}
