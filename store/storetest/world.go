package storetest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"testing"

	"github.com/rbac-go/rbac/store"
)

// world is one store under test and the rule to prove on the store.
//
// Functions on a world that take an f run f in a transaction. f must return
// every error of a method, since a store may want to run f again. f must not
// fail a test.
type world struct {
	*testing.T
	rule  string
	ctx   context.Context
	store store.Store
}

// Errorf reports a failure, preceded by the rule.
func (w *world) Errorf(format string, args ...any) {
	w.Helper()
	w.T.Errorf("%s\n\t%s", w.rule, fmt.Sprintf(format, args...))
}

// Fatalf is Errorf, and ends the test.
func (w *world) Fatalf(format string, args ...any) {
	w.Helper()
	w.T.Fatalf("%s\n\t%s", w.rule, fmt.Sprintf(format, args...))
}

// update runs f in an Update that must succeed.
func (w *world) update(f func(store.Records) error) {
	w.Helper()
	if err := w.store.Update(w.ctx, f); err != nil {
		w.Fatalf("Update: %v", err)
	}
}

// get reads in a View that must succeed.
func get[R any](w *world, f func(store.Records) (R, error)) R {
	w.Helper()
	got, err := view(w, f)
	if err != nil {
		w.Fatalf("View: %v", err)
	}
	return got
}

func view[R any](w *world, f func(store.Records) (R, error)) (got R, err error) {
	err = w.store.View(w.ctx, func(r store.Records) (err error) {
		got, err = f(r)
		return err
	})
	return got, err
}

// unavailable requires the error of a transaction that could not be done.
func (w *world) unavailable(what string, err error) {
	w.Helper()
	switch {
	case err == nil:
		w.Errorf("%s: no error", what)
	case !errors.Is(err, store.ErrUnavailable) || errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrReadOnly):
		w.Errorf("%s: the error must wrap ErrUnavailable alone: %v", what, err)
	}
}

// over requires the error of Records used after the end of their transaction: a
// mistake in the program, not an outage.
func (w *world) over(what string, err error) {
	w.Helper()
	if !errors.Is(err, store.ErrTxDone) || errors.Is(err, store.ErrUnavailable) || errors.Is(err, store.ErrNotFound) {
		w.Errorf("%s: the error must wrap ErrTxDone alone: %v", what, err)
	}
}

// some collects a key of each record of a listing.
func some[R, K any](seq iter.Seq2[R, error], key func(R) K) (list []K, err error) {
	for r, err := range seq {
		if err != nil {
			return nil, err
		}
		list = append(list, key(r))
	}
	return list, nil
}

// each calls f for each value, up to the first error.
func each[V any](values []V, f func(V) error) error {
	for _, v := range values {
		if err := f(v); err != nil {
			return err
		}
	}
	return nil
}

// roundTrip adds records one by one and requires each record back unchanged:
// inside the Update that added the record, and from a View after all Updates.
func roundTrip[R any](w *world, records []R, add func(store.Records, R) error, find func(store.Records, R) (R, error)) {
	w.Helper()
	for i, record := range records {
		var got R
		w.update(func(r store.Records) (err error) {
			if err = add(r, record); err == nil {
				got, err = find(r, record)
			}
			return err
		})
		w.equal(fmt.Sprintf("record %d inside its Update", i), got, record)
	}
	for i, record := range records {
		got := get(w, func(r store.Records) (R, error) { return find(r, record) })
		w.equal(fmt.Sprintf("record %d later", i), got, record)
	}
}
