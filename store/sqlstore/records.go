package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"sync/atomic"

	"github.com/rbac-go/rbac"
)

var errOver = errors.New("the transaction is over")

// records are the tables inside one transaction.
type records struct {
	store   *Store
	ctx     context.Context
	session Session
	write   bool
	host    bool        // the host has the transaction in hand, too
	failed  error       // why it cannot commit any more
	over    atomic.Bool // atomic, since a goroutine that f left behind may still ask
}

// commit ends the transaction for good, unless something in it failed.
func (r *records) commit() error {
	if err := r.usable("commit"); err != nil {
		return err
	}
	r.over.Store(true)
	if err := r.session.Commit(); err != nil {
		return r.store.fault(context.Background(), "commit", err)
	}
	return nil
}

// end undoes what was not committed. An error is of no interest: the
// engine undoes what nobody commits.
func (r *records) end() {
	if !r.over.Swap(true) {
		_ = r.session.Rollback()
	}
}

// usable tells why the transaction cannot be used, if it cannot.
func (r *records) usable(call string) error {
	switch {
	case r.over.Load():
		return r.store.fault(r.ctx, call, errOver)
	case r.failed != nil:
		return r.failed
	case r.ctx.Err() != nil:
		return r.fail(call, r.ctx.Err())
	case r.host:
		// Without this a statement of the host's that made the engine roll back
		// would leave ours to be committed one by one.
		if err := r.session.Alive(r.ctx); err != nil {
			return r.fail(call, err)
		}
	}
	return nil
}

// writable is usable for a call that writes.
func (r *records) writable(call string) error {
	err := r.usable(call)
	if err == nil && !r.write {
		return rbac.ErrReadOnly
	}
	return err
}

// fail dooms the transaction: whatever f makes of the error, nothing is committed.
func (r *records) fail(call string, err error) error {
	r.failed = r.store.fault(r.ctx, call, err)
	return r.failed
}

// exec runs a writing statement and tells how many rows it touched.
func (r *records) exec(call, query string, args ...any) (int, error) {
	if err := r.writable(call); err != nil {
		return 0, err
	}
	res, err := r.session.ExecContext(r.ctx, r.store.dialect.Placeholders(query), args...)
	if err != nil {
		return 0, r.fail(call, err)
	}
	n, err := res.RowsAffected()
	if err != nil {
		return 0, r.fail(call, err)
	}
	return int(n), nil
}

// add runs an INSERT.
func (r *records) add(call, query string, args ...any) error {
	_, err := r.exec(call, query, args...)
	return err
}

// change runs a statement that must find its row.
func (r *records) change(call, query string, args ...any) error {
	n, err := r.exec(call, query, args...)
	if err == nil && n == 0 {
		return rbac.ErrNotFound
	}
	return err
}

// lock is the clause for a SELECT whose rows are kept from other writers.
func (r *records) lock() string {
	if !r.write {
		return ""
	}
	return r.store.dialect.ForUpdate()
}

// scanner is a row: *sql.Row or *sql.Rows.
type scanner interface{ Scan(dest ...any) error }

// one reads one record, and ErrNotFound where there is none.
func one[T any](r *records, call string, scan func(scanner) (T, error), query string, args ...any) (T, error) {
	var zero T
	if err := r.usable(call); err != nil {
		return zero, err
	}
	v, err := scan(r.session.QueryRowContext(r.ctx, r.store.dialect.Placeholders(query), args...))
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return zero, rbac.ErrNotFound
	case err != nil:
		return zero, r.fail(call, err)
	}
	return v, nil
}

// all reads every record that a query selects.
func all[T any](r *records, call string, scan func(scanner) (T, error), query string, args ...any) ([]T, error) {
	if err := r.usable(call); err != nil {
		return nil, err
	}
	rows, err := r.session.QueryContext(r.ctx, r.store.dialect.Placeholders(query), args...)
	if err != nil {
		return nil, r.fail(call, err)
	}
	defer rows.Close()
	var list []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, r.fail(call, err)
		}
		list = append(list, v)
	}
	if err := rows.Err(); err != nil {
		return nil, r.fail(call, err)
	}
	return list, nil
}
