package sqlite

import (
	"context"
	"database/sql"

	"github.com/rbac-go/rbac/store/sqlstore"
)

// DBTX runs statements of the host. *sql.DB, *sql.Tx and *sql.Conn have the
// methods of DBTX, too.
type DBTX interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// Tx returns the transaction of an [rbac.Tx] for statements of the host. The
// statements are committed together with the changes of tx, or not at all. In a
// View, the statements can only read. Tx reports false if the Authority is not
// on an SQLite store.
//
// A failed statement dooms the Update, even if the error is ignored, since
// SQLite may have undone more than the failed statement. If a conflict is
// expected, write ON CONFLICT. Do not send COMMIT or ROLLBACK. After the
// transaction, every call fails.
func Tx(tx interface{ Unwrap() any }) (DBTX, bool) {
	t, s, ok := sqlstore.TxOn[*session](tx.Unwrap())
	if !ok {
		return nil, false
	}
	return &host{t, s}, true
}

// host is the DBTX of a transaction.
type host struct {
	tx      *sqlstore.Tx
	session *session
}

func (h *host) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if err := h.tx.Usable(); err != nil {
		return nil, err
	}
	res, err := h.session.ExecContext(ctx, query, args...)
	h.tx.Fail(err)
	return res, err
}

// PrepareContext prepares a statement that lives as long as the transaction.
func (h *host) PrepareContext(ctx context.Context, query string) (*sql.Stmt, error) {
	if err := h.tx.Usable(); err != nil {
		return nil, err
	}
	stmt, err := h.session.PrepareContext(ctx, query)
	h.tx.Fail(err)
	return stmt, err
}

// QueryContext runs a query. The rows end with the transaction.
func (h *host) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if err := h.tx.Usable(); err != nil {
		return nil, err
	}
	rows, err := h.session.QueryContext(ctx, query, args...)
	h.tx.Fail(err)
	return rows, err
}

func (h *host) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	if err := h.tx.Usable(); err != nil {
		ctx = refused{ctx, err} // the only way to a Row that holds an error
	}
	row := h.session.QueryRowContext(ctx, query, args...)
	h.tx.Fail(row.Err())
	return row
}

// refused is a context that ended with err: database/sql runs nothing under an
// ended context.
type refused struct {
	context.Context
	err error
}

func (c refused) Err() error { return c.err }

func (c refused) Done() <-chan struct{} {
	done := make(chan struct{})
	close(done)
	return done
}
