package sqlstore

import (
	"context"

	"github.com/google/uuid"
)

// Dialect is what differs from one engine to the next. Its methods are called
// from several goroutines at once.
type Dialect interface {
	// String names the database in errors.
	String() string
	// Begin starts a transaction. A writing one excludes all other writing ones, or
	// locks the rows it reads with Locks, and reads what others have committed by the time of
	// each statement; a reading one sees one state and can write nothing. Begin gives
	// up waiting for others when ctx ends.
	Begin(ctx context.Context, write bool) (Session, error)
	// Spell rewrites a query, which has ? for its arguments and plain names of tables, into the engine's own words.
	// Every query of this package goes through Spell. PostgreSQL's qualifies each operator, function and type with its schema,
	// and panics where it cannot: do without BETWEEN, LIKE, CASE x WHEN, NULLIF, CAST, USING, IS DISTINCT FROM and IN with a
	// list, and write parentheses around an operation that is part of another one, as in last < (? - 1).
	Spell(query string) string
	Locks() Locks
	// AnyOf is a condition with one argument: that column, an id, is one of ids.
	AnyOf(column string, ids []uuid.UUID) (condition string, arg any)
	// Contains is a condition with one argument, a text without the letters A to Z:
	// that column contains it, when A to Z in column are read as a to z.
	Contains(column string) string
	// Again tells from an error, of Begin or of a Session, that others were in the way and
	// nothing was committed, so that the same transaction may succeed when it is run again.
	Again(err error) bool
	// Close closes what belongs to the store. It is called once.
	Close() error
}

// Locks are the clauses at the end of a SELECT that lock what it reads until the transaction ends. All are
// empty for an engine whose writing transactions exclude each other.
//
// No two transactions wait for each other, and this is why. Let an Update be one that has
// locked the head, which it does first; there is one at a time. All others lock at most one user, and that
// first; then throttles, in the order of their keys; and never wait for a ticket: they take Ready, or Skip. Updates
// delete and narrow tickets, and lock throttles after users. So who holds a ticket without being the Update waits for nothing; who
// waits for a user holds nothing that the Update could wait for; and who waits for a throttle holds
// throttles before it and a user, which the Update, if that is who has the throttle, does not ask for any more.
type Locks struct {
	Update string // keeps others from reading the row with a lock, and from changing it
	Ready  string // keeps others from deleting the row, and fails at once, with an error that is Again, where one is about to
	Touch  string // keeps others from changing the row, and fails at once likewise
	Skip   string // as Update, but passes over rows that others have locked
}

// Reserver is a [Dialect] that keeps a connection for reading the head, so that this never
// waits for whatever else is asked.
type Reserver interface {
	// BeginReserved starts a reading transaction there, good for one query.
	BeginReserved(ctx context.Context) (Session, error)
}

// Session is one transaction on a connection of its own. It is over after
// Commit or Rollback; Exec and Query then fail.
type Session interface {
	// Exec runs a statement and tells how many rows it touched. Without
	// arguments there may be several statements.
	Exec(ctx context.Context, query string, args ...any) (rows int, err error)
	// Query calls each for every row, up to its first error. The row is good during the call.
	Query(ctx context.Context, each func(Row) error, query string, args ...any) error
	// Alive tells whether the engine still has the transaction open. It is asked when
	// statements other than the store's may have ended it.
	Alive(ctx context.Context) error
	// Commit is called with a context that has not ended. If that ends meanwhile, Commit gives up waiting
	// for other transactions; once the commit has begun, the engine decides whether it waits for the
	// outcome. An error says so if the outcome is not known.
	Commit(ctx context.Context) error
	// Rollback may go on in the background when the context has ended.
	Rollback(ctx context.Context)
}

// Notifier is a [Session] that can tell others that it wrote to a table of the policy.
type Notifier interface {
	// PolicyChanged is called before Commit.
	PolicyChanged()
}

// Row reads the columns of a row.
type Row interface{ Scan(dest ...any) error }
