package memorystore

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/rbac-go/rbac/store"
)

var (
	errTaken = errors.New("already taken")
	errInUse = errors.New("still referenced")
	errNoRef = errors.New("refers to a record that is not there")
)

var _ store.Records = (*tx)(nil)

// tx is one transaction: a View on the committed state, or an Update with a
// state of its own, which the Update publishes at the commit.
type tx struct {
	ctx    context.Context
	store  *Store
	writes bool
	done   bool
	failed error // the first error that spoiled the transaction
	state  *state
	// member is the key of an existing user, the user of the membership put
	// last; empty: not known.
	member string
}

func (t *tx) end() { t.done = true }

// usable returns an error if the transaction cannot be used any more.
func (t *tx) usable() error {
	if t.done {
		return fmt.Errorf("memorystore: %w", store.ErrTxDone)
	}
	if t.failed == nil && t.ctx.Err() != nil {
		t.failed = ended(t.ctx.Err())
	}
	return t.failed
}

// freeze keeps the trees unchanged: later writes go to copies of the nodes, and
// running iterations do not see later writes.
func (t *tx) freeze() {
	if t.writes {
		t.store.stamp++
		t.state.stamp = t.store.stamp
	}
}

// read runs f, which returns nothing that the caller could change in the state.
func read[R any](t *tx, f func(*state) (R, error)) (R, error) {
	if err := t.usable(); err != nil {
		var none R
		return none, err
	}
	return f(t.state)
}

// change runs f, which writes. An error other than ErrNotFound spoils the
// transaction, and f need not clean up. With ErrNotFound, f has written
// nothing.
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

// list yields copies of the rows at the beginning of the listing, whatever is
// written during the listing.
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
			// The check comes before the next row is read: the row may not
			// exist any more.
			if err := t.usable(); err != nil {
				yield(none, err)
				return
			}
		}
	}
}

// found returns the result of a method that reads one record.
func found[R any](row *R, ok bool) (R, error) {
	if !ok {
		var none R
		return none, store.ErrNotFound
	}
	return *row, nil
}

// flat copies a row without slices.
func flat[R any](row *R) R { return *row }
