package sqlstore

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/google/uuid"
	"github.com/rbac-go/rbac/store"
)

// records implements store.Records in one transaction.
type records struct {
	store   *Store
	ctx     context.Context
	session Session
	write   bool
	host    bool          // the host uses the transaction, too
	policy  bool          // a table of the policy was written
	logged  *store.Change // the first entry of the running Update in the change log
	failed  error         // the error that keeps the transaction from committing
	over    atomic.Bool   // atomic: a goroutine that outlives f may still call
}

// commit commits the transaction unless a call has failed.
func (r *records) commit() error {
	if err := r.usable("commit"); err != nil {
		return err
	}
	if n, ok := r.session.(Notifier); ok && r.policy {
		n.PolicyChanged()
	}
	r.over.Store(true)
	if err := r.session.Commit(r.ctx); err != nil {
		r.failed = r.store.fault(context.Background(), "commit", err)
	}
	return r.failed
}

// end rolls back an uncommitted transaction. An error of the rollback is
// ignored: the engine rolls back uncommitted transactions by itself.
func (r *records) end() {
	if !r.over.Swap(true) {
		r.session.Rollback(r.ctx)
	}
}

// usable returns an error if the transaction cannot be used.
func (r *records) usable(call string) error {
	switch {
	case r.over.Load():
		return fmt.Errorf("%v: %s: %w", r.store.dialect, call, store.ErrTxDone)
	case r.failed != nil:
		return r.failed
	case r.ctx.Err() != nil:
		return r.fail(call, r.ctx.Err())
	case r.host:
		// A statement of the host can make the engine roll back. Without this
		// check, later statements of the store would be committed one by one.
		if err := r.session.Alive(r.ctx); err != nil {
			return r.fail(call, err)
		}
	}
	return nil
}

// writable is usable for calls that write.
func (r *records) writable(call string) error {
	err := r.usable(call)
	if err == nil && !r.write {
		return store.ErrReadOnly
	}
	return err
}

// fail dooms the transaction: nothing is committed, even if f ignores the
// error.
func (r *records) fail(call string, err error) error {
	r.failed = r.store.fault(r.ctx, call, err)
	return r.failed
}

// exec runs a writing statement and returns the number of affected rows.
func (r *records) exec(call, query string, args ...any) (int, error) {
	if err := r.writable(call); err != nil {
		return 0, err
	}
	n, err := r.session.Exec(r.ctx, r.store.dialect.Spell(query), args...)
	if err != nil {
		return 0, r.fail(call, err)
	}
	return n, nil
}

// add runs an INSERT.
func (r *records) add(call, query string, args ...any) error {
	_, err := r.exec(call, query, args...)
	return err
}

// change runs a statement, and returns ErrNotFound if no row is affected.
func (r *records) change(call, query string, args ...any) error {
	n, err := r.exec(call, query, args...)
	if err == nil && n == 0 {
		return store.ErrNotFound
	}
	return err
}

// locks returns the lock clauses of the engine, which are empty in a View.
func (r *records) locks() Locks {
	if !r.write {
		return Locks{}
	}
	return r.store.dialect.Locks()
}

// one reads one record, and returns ErrNotFound if there is none.
func one[T any](r *records, call string, scan func(Row) (T, error), query string, args ...any) (v T, err error) {
	list, err := all(r, call, scan, query, args...)
	switch {
	case err != nil:
		return v, err
	case len(list) == 0:
		return v, store.ErrNotFound
	}
	return list[0], nil
}

// all reads every record that a query selects.
func all[T any](r *records, call string, scan func(Row) (T, error), query string, args ...any) ([]T, error) {
	if err := r.usable(call); err != nil {
		return nil, err
	}
	var list []T
	err := r.session.Query(r.ctx, func(row Row) error {
		v, err := scan(row)
		list = append(list, v)
		return err
	}, r.store.dialect.Spell(query), args...)
	if err != nil {
		return nil, r.fail(call, err)
	}
	return list, nil
}

// anyID returns a condition with one argument, arg: column is one of ids.
func (r *records) anyID(column string, ids []uuid.UUID) (condition string, arg any) {
	return r.store.dialect.AnyOf(column, idTexts(ids))
}

// idTexts returns ids as texts, which sort as the ids do.
func idTexts(ids []uuid.UUID) []string {
	texts := make([]string, len(ids))
	for i, id := range ids {
		texts[i] = id.String()
	}
	return texts
}
