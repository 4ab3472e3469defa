// Package storefault gives tests a store that can be watched, delayed, and made
// to fail at any call.
package storefault

import (
	"context"
	"errors"
	"iter"

	"github.com/rbac-go/rbac/store"
)

// Hooks are called by a store. A nil hook changes nothing. A test sets hooks
// while nothing uses the store.
type Hooks struct {
	// View and Update are called in place of the methods of the store. The
	// argument run calls the method, any number of times.
	View, Update func(ctx context.Context, run func() error) error

	// Call is called before each method of Records, and before the commit of
	// each Update under the name "Commit". An error from Call is the result of
	// the method. Unless the error is store.ErrNotFound, every later method of
	// the transaction fails with the error, too, and an Update does not commit.
	Call func(Call) error
}

// Call is a call of a method of Records.
type Call struct {
	Context context.Context // of the transaction
	Update  bool            // the transaction is an Update
	Name    string
	Args    []any
}

// Store is a store with hooks. The optional abilities of the store are hidden.
type Store struct {
	store.Store
	Hooks Hooks
}

// View implements store.Store.
func (s *Store) View(ctx context.Context, f func(store.Records) error) error {
	run := func() error {
		return s.Store.View(ctx, func(r store.Records) error { return f(s.records(ctx, r, false)) })
	}
	if s.Hooks.View != nil {
		return s.Hooks.View(ctx, run)
	}
	return run()
}

// Update implements store.Store.
func (s *Store) Update(ctx context.Context, f func(store.Records) error) error {
	run := func() error {
		return s.Store.Update(ctx, func(r store.Records) error {
			hooked := s.records(ctx, r, true)
			if err := f(hooked); err != nil {
				return err
			}
			if hooked, ok := hooked.(*records); ok {
				return hooked.ask("Commit")
			}
			return nil
		})
	}
	if s.Hooks.Update != nil {
		return s.Hooks.Update(ctx, run)
	}
	return run()
}

// records returns Records that ask the hook, if there is one.
func (s *Store) records(ctx context.Context, r store.Records, update bool) store.Records {
	if s.Hooks.Call == nil {
		return r
	}
	return &records{Records: r, hook: s.Hooks.Call, ctx: ctx, update: update}
}

// records ask a hook before each method.
type records struct {
	store.Records
	hook   func(Call) error
	ctx    context.Context
	update bool
	failed error // spoils the transaction
}

// ask asks the hook about a call.
func (r *records) ask(name string, args ...any) error {
	if r.failed != nil {
		return r.failed
	}
	err := r.hook(Call{r.ctx, r.update, name, args})
	if !errors.Is(err, store.ErrNotFound) {
		r.failed = err
	}
	return err
}

func (r *records) do(f func() error, name string, args ...any) error {
	if err := r.ask(name, args...); err != nil {
		return err
	}
	return f()
}

func get[T any](r *records, f func() (T, error), name string, args ...any) (T, error) {
	if err := r.ask(name, args...); err != nil {
		var none T
		return none, err
	}
	return f()
}

// list asks the hook at the beginning, and again after each record.
func list[T any](r *records, rows iter.Seq2[T, error], name string, args ...any) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		if err := r.ask(name, args...); err != nil {
			yield(none, err)
			return
		}
		for row, err := range rows {
			if !yield(row, err) {
				return
			}
			if err := r.ask(name+" goes on", args...); err != nil {
				yield(none, err)
				return
			}
		}
	}
}
