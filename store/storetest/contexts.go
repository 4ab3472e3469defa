package storetest

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/rbac-go/rbac/store"
)

var contextRules = []rule{
	{"context before", "Under a context that has ended, View and Update run nothing and return its error, as ErrUnavailable.", func(w *world) {
		w.update(seed)
		f := func(store.Records) error {
			w.Errorf("f was run")
			return nil
		}
		cancelled, cancel := context.WithCancel(w.ctx)
		cancel()
		late, cancel := context.WithDeadline(w.ctx, time.Unix(0, 0))
		defer cancel()
		for _, ctx := range []context.Context{cancelled, late} {
			w.ended("View", w.store.View(ctx, f), ctx.Err())
			w.ended("Update", w.store.Update(ctx, f), ctx.Err())
		}
	}},
	{"context in the middle", "When the context ends, every method of Records fails, and Update rolls back.", func(w *world) {
		w.update(seed)
		for _, c := range slices.Concat(lookups, locks, edits) {
			w.rolledBack(c.name, func() {
				ctx, cancel := context.WithCancel(w.ctx)
				var inside error
				err := w.store.Update(ctx, func(r store.Records) error {
					if err := r.SetHead(store.Head{Revision: 9}); err != nil && ctx.Err() == nil {
						return err
					}
					cancel()
					inside = c.f(r)
					return nil
				})
				w.ended(c.name, inside, context.Canceled)
				w.ended("Update", err, context.Canceled)
			})
		}
	}},
	{"context in a view", "When the context ends, every method of Records fails in a View, too.", func(w *world) {
		w.update(seed)
		for _, c := range lookups {
			ctx, cancel := context.WithCancel(w.ctx)
			var inside error
			_ = w.store.View(ctx, func(r store.Records) error {
				cancel()
				inside = c.f(r)
				return nil
			})
			w.ended(c.name, inside, context.Canceled)
		}
	}},
	{"context at the end", "Update rolls back when its context ended before it could commit, even if f called nothing more and returns nil.", func(w *world) {
		w.update(seed)
		w.rolledBack("edits", func() {
			ctx, cancel := context.WithCancel(w.ctx)
			err := w.store.Update(ctx, func(r store.Records) error {
				defer cancel()
				return steps(r, edits)
			})
			w.ended("Update", err, context.Canceled)
		})
	}},
	{"context in a listing", "When the context ends in the middle of a listing, the listing ends with an error.", func(w *world) {
		w.update(manyRecords)
		for _, l := range listings {
			ctx, cancel := context.WithCancel(w.ctx)
			n := 0
			err := w.store.View(ctx, func(r store.Records) error {
				for _, err := range l.list(r) {
					if err != nil {
						return err
					}
					n++
					cancel()
				}
				return nil
			})
			if err == nil || !errors.Is(err, context.Canceled) {
				w.Errorf("%s: %d records and then the error %v", l.name, n, err)
			}
		}
	}},
}

// patience is the time that the suite waits for an event that should happen at
// once.
var patience = 10 * time.Second

// ended requires the error of a transaction whose context ended.
func (w *world) ended(what string, err, cause error) {
	w.Helper()
	if !errors.Is(err, cause) || !errors.Is(err, store.ErrUnavailable) {
		w.Errorf("%s: errors.Is must find ErrUnavailable and %v: %v", what, cause, err)
	}
}
