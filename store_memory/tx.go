package memorystore

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/rbac-go/rbac/store"
)

var (
	errTaken = errors.New("taken already")
	errInUse = errors.New("still referred to")
	errNoRef = errors.New("refers to a record that is not there")
)

var _ store.Records = (*tx)(nil)

// tx is one transaction: a View on what is committed, or an Update with a state of its own, which it publishes at its commit.
type tx struct {
	ctx    context.Context
	store  *Store
	writes bool
	done   bool
	failed error // the first error that spoiled the transaction
	state  *state
	member string // the key of a user who is there: of the membership that was added last; empty: not known
}

func (t *tx) end() { t.done = true }

// usable says why nothing more can be done here, if so.
func (t *tx) usable() error {
	if t.done {
		return fmt.Errorf("memorystore: %w", store.ErrTxDone)
	}
	if t.failed == nil && t.ctx.Err() != nil {
		t.failed = ended(t.ctx.Err())
	}
	return t.failed
}

// freeze keeps the trees as they are: what is written from now on goes to copies
// of their nodes, so that whoever iterates sees nothing of it.
func (t *tx) freeze() {
	if t.writes {
		t.store.stamp++
		t.state.stamp = t.store.stamp
	}
}

// read runs f, which gives away nothing that can be changed.
func read[R any](t *tx, f func(*state) (R, error)) (R, error) {
	if err := t.usable(); err != nil {
		var none R
		return none, err
	}
	return f(t.state)
}

// change runs f, which writes. After any error but ErrNotFound the transaction
// is spoiled, so f need not clean up; with ErrNotFound it has written nothing.
func (t *tx) change(what string, f func(*state) error) error {
	if err := t.usable(); err != nil {
		return err
	}
	if !t.writes {
		return store.ErrReadOnly
	}
	err := f(t.state)
	if err == nil || err == store.ErrNotFound {
		return err
	}
	t.failed = fmt.Errorf("memorystore: %s: %w: %w", what, store.ErrUnavailable, err)
	return t.failed
}

// list yields copies of the rows that there are when the listing begins,
// whatever is written while it runs.
func list[Row, R any](t *tx, rows func(*state) iter.Seq[*Row], copied func(*Row) R) iter.Seq2[R, error] {
	return func(yield func(R, error) bool) {
		var none R
		if err := t.usable(); err != nil {
			yield(none, err)
			return
		}
		begin := *t.state
		t.freeze()
		for row := range rows(&begin) {
			if !yield(copied(row), nil) {
				return
			}
			if err := t.usable(); err != nil { // asked before the next row is looked at: it may not be there any more
				yield(none, err)
				return
			}
		}
	}
}

// found is the answer of a method that reads one record.
func found[R any](row *R, ok bool) (R, error) {
	if !ok {
		var none R
		return none, store.ErrNotFound
	}
	return *row, nil
}

// flat copies a row that holds no slice.
func flat[R any](row *R) R { return *row }
