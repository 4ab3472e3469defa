package sqlstore

import (
	"context"
	"database/sql"
)

// Tx is the transaction in the hands of the host: it runs the host's own
// statements together with those of the store. After the transaction is over every
// call fails.
//
// A statement that fails dooms the transaction, whatever the host makes of the error: an
// engine may have undone more than that statement. Where a conflict
// is expected, say so in the statement (ON CONFLICT).
type Tx struct{ r *records }

var _ DBTX = (*Tx)(nil)

// Unwrap gives the transaction to the store package of the engine.
func (r *records) Unwrap() any {
	if !r.over.Load() {
		r.host = true
	}
	return &Tx{r}
}

// Dialect tells which engine the transaction is on.
func (t *Tx) Dialect() Dialect { return t.r.store.dialect }

// ExecContext runs a statement that returns no rows.
func (t *Tx) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if err := t.r.usable("host's statement"); err != nil {
		return nil, err
	}
	res, err := t.r.session.ExecContext(ctx, query, args...)
	return res, t.seen(err)
}

// PrepareContext prepares a statement that lives as long as the transaction.
func (t *Tx) PrepareContext(ctx context.Context, query string) (*sql.Stmt, error) {
	if err := t.r.usable("host's statement"); err != nil {
		return nil, err
	}
	stmt, err := t.r.session.PrepareContext(ctx, query)
	return stmt, t.seen(err)
}

// QueryContext runs a query. Its rows end with the transaction.
func (t *Tx) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if err := t.r.usable("host's statement"); err != nil {
		return nil, err
	}
	rows, err := t.r.session.QueryContext(ctx, query, args...)
	return rows, t.seen(err)
}

// QueryRowContext runs a query for one row.
func (t *Tx) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	if err := t.r.usable("host's statement"); err != nil {
		ctx = refused{ctx, err} // the one way to a Row that holds an error
	}
	row := t.r.session.QueryRowContext(ctx, query, args...)
	_ = t.seen(row.Err())
	return row
}

// seen dooms the transaction after an error, which the host gets as it is.
func (t *Tx) seen(err error) error {
	if err != nil && t.r.write && !t.r.over.Load() && t.r.failed == nil {
		_ = t.r.fail("host's statement", err)
	}
	return err
}

// refused is a context that ended with a given error: database/sql runs nothing under it.
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
