package sqlstore

import (
	"context"
	"database/sql"

	"github.com/google/uuid"
)

// Dialect is what differs from one engine to the next. Its methods are called
// from several goroutines at once.
type Dialect interface {
	// String names the database in errors.
	String() string
	// Begin starts a transaction. A writing one excludes all other writing ones, or
	// locks the rows it reads with ForUpdate; a reading one sees one state and can write nothing.
	Begin(ctx context.Context, write bool) (Session, error)
	// Placeholders rewrites the ? of a query into the engine's own placeholders.
	Placeholders(query string) string
	// ForUpdate is the clause at the end of a SELECT that locks what it reads, or empty.
	ForUpdate() string
	// AnyOf is a condition with one argument: that column, an id, is one of ids.
	AnyOf(column string, ids []uuid.UUID) (condition string, arg any)
	// Contains is a condition with one argument, a text without the letters A to Z:
	// that column contains it, when A to Z in column are read as a to z.
	Contains(column string) string
	// Close closes what belongs to the store. It is called once.
	Close() error
}

// Reserver is a [Dialect] that keeps a connection for reading the head, so that this never
// waits for whatever else is asked.
type Reserver interface {
	// BeginReserved starts a reading transaction there. It is called by one goroutine at a time.
	BeginReserved(ctx context.Context) (Session, error)
}

// Session is one transaction on a connection of its own. It is over after
// Commit or Rollback; the statements of DBTX then fail.
type Session interface {
	DBTX
	// Alive tells whether the engine still has the transaction open. It is asked when
	// statements other than the store's may have ended it.
	Alive(ctx context.Context) error
	Commit() error
	Rollback() error
}

// DBTX runs a host's own statements inside a transaction.
type DBTX interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}
