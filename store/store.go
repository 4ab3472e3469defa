// Package store is the contract between an rbac.Authority and its backend, as
// package database/sql/driver is the contract between database/sql and a
// driver. Programs open a backend (store_memory, store_sqlite, store_postgres)
// and pass the [Store] to rbac.Open. Only authors of backends, and of wrappers
// around one, need this package.
//
// A backend implements [Store] and, for the time of a transaction, [Records]:
// plain tables, with the row types of this package. Package rbac holds every
// rule. Names and keys are canonical, references resolved and constraints
// checked before a store is called, so a store neither validates nor interprets
// values.
//
// Optional abilities are further interfaces. With a [HeadReader], [Hinter] or
// [Finder], an Authority answers faster or sees changes sooner. With a
// [Confirmer], an Authority keeps its promises when another server takes over.
// An Authority works without any of these.
//
// Package store/storetest is the executable form of this contract. Every
// backend runs the suite from a test of its own:
//
//	var _ store.Store = (*Store)(nil)
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, func(t *testing.T) store.Store { return open(t) })
//	}
//
// A store that passes can be used with rbac.Open. Package store/sqlstore
// implements Records on a relational database, so that a backend for another
// SQL engine needs only a dialect.
package store

import (
	"context"
	"iter"
)

// Store keeps the records of an Authority in tables: in memory, in SQLite, on a
// server.
//
// View and Update run f in one transaction, with the Records of that
// transaction. Every store promises, and every f must expect, the following:
//
//   - View sees one state of the store from beginning to end. Writes in f fail
//     with ErrReadOnly.
//   - Update makes all writes of f durable if Update returns nil, and none of
//     them otherwise. f reads its own writes. If a server is lost during the
//     commit, the outcome can be unknown; the error then says that the outcome
//     is unknown.
//   - f may run more than once, since an engine may ask for a retry. f must
//     have no side effects.
//   - An error from f rolls back and is returned unchanged. A panic in f rolls
//     back and propagates.
//   - After a method of Records has returned an error other than ErrNotFound,
//     the transaction cannot commit: Update rolls back and returns that error
//     even if f returns nil.
//   - Two Updates never both succeed if each would have seen the other's writes
//     in a record that it locked (Head, LockUser, Throttle). A store may also
//     run Updates one after another.
//   - The context governs the whole transaction. When the context ends, methods
//     of Records fail and Update rolls back.
//   - A transaction that waits for others gives up when its context ends,
//     whether it waits for its turn, for a connection, for a lock, or for its
//     commit, as long as the engine has not begun to commit.
//   - Records, and the sequences that Records returned, are invalid once f has
//     returned: any use then fails with ErrTxDone. Only one goroutine at a time
//     may use Records and the sequences.
//   - Calling the Store again from inside f may deadlock until the context of
//     the inner call ends.
//
// Errors are [ErrNotFound], [ErrReadOnly], [ErrTxDone], or an error that wraps
// [ErrUnavailable] and names the operation that failed. If the context ended,
// errors.Is also finds the error of the context. A store that by itself gives
// up waiting for other transactions returns an error that wraps [ErrBusy]
// instead of ErrUnavailable: nothing was done.
//
// Implementations are safe for concurrent use. The caller that opened a Store
// closes it, after the Authorities on it. After Close every call fails with
// ErrUnavailable.
type Store interface {
	View(ctx context.Context, f func(Records) error) error
	Update(ctx context.Context, f func(Records) error) error
	Close() error
}

// Records are the tables of a store inside one transaction.
//
// A method that reads one record returns ErrNotFound if there is no such
// record. A method that changes or deletes a record by its key returns
// ErrNotFound, too. After ErrNotFound the transaction can still commit.
//
// A method named Add… adds a record. A method named Put… writes every field of
// a record: Put adds the record, or replaces the record with the same key. Two
// transactions never put the same key at once, since the caller has locked the
// head, or else the user of the record or the throttle. Adding a record whose
// key is taken is a fault of the caller, and so is writing a record with any
// other unique value that is taken. The transaction can then no longer commit.
//
// Values are copies on the way in and out, strings included: a caller may
// overwrite the bytes that it passed. Times are in UTC with microsecond
// precision and come back equal; the zero Time comes back zero. Strings are
// exact: a store does not trim, fold or truncate.
//
// A listing by sequence reads page by page, by key. Each page is read whole
// before its first record is yielded, so any method, including those that
// write, may be called during the listing. A record that exists throughout is
// yielded exactly once, in the stated order. An error is yielded once, last,
// with a zero record. Collect returns a whole listing.
type Records interface {
	HeadRecords
	UserRecords
	SectionRecords
	PermissionRecords
	GroupRecords
	GrantRecords
	InheritanceRecords
	DeclarationRecords
	SeparationRecords
	DelegationRecords
	MembershipRecords
	TicketRecords
	TicketValueRecords
	LinkRecords
	LoginRecords
	ThrottleRecords
	ChangeRecords
}

// Collect returns the records of a listing, or the error of the listing.
func Collect[R any](listing iter.Seq2[R, error]) (list []R, err error) {
	for r, err := range listing {
		if err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	return list, nil
}
