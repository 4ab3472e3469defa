package sqlstore

import "context"

// Dialect holds the differences between engines. Methods of a Dialect are
// called from several goroutines at once.
type Dialect interface {
	// String returns the name of the database for errors.
	String() string
	// Begin starts a transaction. A writing transaction excludes all other
	// writing transactions, or locks the rows that it reads with Locks and
	// sees, in each statement, everything committed by then. A reading
	// transaction sees one state and cannot write. Begin gives up waiting for
	// other transactions when ctx ends.
	Begin(ctx context.Context, write bool) (Session, error)
	// Spell rewrites a query into the SQL of the engine. The query has ? for
	// its arguments and plain table names. Every query of this package passes
	// through Spell.
	//
	// The Spell of PostgreSQL qualifies each operator, function and type with
	// its schema, and panics on a construct without a qualified form. Queries
	// must therefore avoid BETWEEN, LIKE, CASE x WHEN, NULLIF, CAST, USING, IS
	// DISTINCT FROM and IN with a list. An operation inside another operation
	// needs parentheses, as in last < (? - 1).
	Spell(query string) string
	Locks() Locks
	// AnyOf returns a condition with one argument, arg: column, an id or a
	// text, is one of values. Ids are in the form of uuid.UUID.String, and texts
	// are valid UTF-8 without NUL.
	AnyOf(column string, values []string) (condition string, arg any)
	// Contains returns a condition with one argument, arg: column contains
	// text, after A to Z in column have been folded to a to z. The text has no
	// letters A to Z.
	Contains(column, text string) (condition string, arg any)
	// Again reports whether err, from Begin or from a Session, means that other
	// transactions were in the way and nothing was committed. The transaction
	// may then succeed if run again.
	Again(err error) bool
	// Close closes the resources of the store. Close is called once.
	Close() error
}

// Locks are the clauses at the end of a SELECT that lock the selected rows
// until the transaction ends. All clauses are empty for an engine whose writing
// transactions exclude each other.
//
// Deadlocks are possible in one case only: a transaction that has locked the
// head locks several users and their throttles one after another. PostgreSQL
// breaks such a deadlock, and the transaction runs again. The lock order rules
// out all other deadlocks. Call the transaction that has locked the head the
// head holder:
//
//   - The head holder locks the head before everything else, and there is one
//     head holder at a time. The head holder deletes and narrows tickets, and
//     locks throttles after users.
//   - Every other transaction locks at most one user, first, and then
//     throttles in the order of their keys. No such transaction ever waits
//     for a ticket: tickets are locked with Ready, Touch or Skip.
//   - Logins are changed by a transaction that has locked their user, and
//     deleted with Skip by a transaction that has locked nothing else.
//
// Three conclusions follow:
//
//   - A transaction that has locked a ticket and is not the head holder waits
//     for nothing.
//   - A transaction that waits for a user has locked nothing that the head
//     holder could wait for.
//   - A transaction that waits for a throttle has locked earlier throttles
//     and a user. If the head holder has locked the awaited throttle, the
//     head holder requests neither of these any more.
type Locks struct {
	Update string // keeps others from locking or changing the row
	// Ready keeps others from deleting the row. If another transaction is about
	// to delete the row, Ready fails at once, with an error that Again reports.
	Ready string
	// Touch keeps others from changing the row, and fails at once as Ready
	// does.
	Touch string
	Skip  string // as Update, but skips rows that others have locked
}

// Reserver is a [Dialect] that reserves a connection for reading the head.
// Reading the head then never waits for other queries.
type Reserver interface {
	// BeginReserved starts a reading transaction on the reserved connection,
	// good for one query.
	BeginReserved(ctx context.Context) (Session, error)
}

// Session is one transaction on a connection of its own. Commit and Rollback
// end the Session; Exec and Query then fail.
type Session interface {
	// Exec runs a statement and returns the number of affected rows. A query
	// without arguments may hold several statements.
	Exec(ctx context.Context, query string, args ...any) (rows int, err error)
	// Query calls each for every row, up to the first error of each. A row is
	// valid during the call.
	Query(ctx context.Context, each func(Row) error, query string, args ...any) error
	// Alive returns an error unless the engine still has the transaction open.
	// Alive is called when statements of the host may have ended the
	// transaction.
	Alive(ctx context.Context) error
	// Commit is called with a context that has not ended. If the context ends
	// meanwhile, Commit gives up waiting for other transactions. Once the
	// commit has begun, the engine decides whether Commit waits for the
	// outcome. If the outcome is unknown, the error says that the outcome is
	// unknown.
	Commit(ctx context.Context) error
	// Rollback may go on in the background after the context has ended.
	Rollback(ctx context.Context)
}

// Notifier is a [Session] that can notify others of a write to a table of the
// policy.
type Notifier interface {
	// PolicyChanged is called before Commit, if a table of the policy was
	// written.
	PolicyChanged()
}

// Row reads the columns of a row.
type Row interface{ Scan(dest ...any) error }
