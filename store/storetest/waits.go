package storetest

import (
	"context"
	"sync"
	"time"

	"github.com/rbac-go/rbac/store"
)

var waitRules = []rule{
	{"context while waiting", "An Update that waits for another gives up when its context ends, whatever lock it waits for, and writes nothing.", func(w *world) {
		w.update(seed)
		for _, c := range append(locks, call{"Throttle", func(r store.Records) error { _, err := r.Throttle(hash("k1")); return err }}) {
			release, held := w.hold(c.f)
			done, err := w.interrupted(func(ctx context.Context) error {
				return w.store.Update(ctx, func(r store.Records) error {
					if err := c.f(r); err != nil {
						return err
					}
					return r.PutSection(store.Section{Name: "waited"})
				})
			})
			if done == nil {
				w.ended(c.name, err, context.Canceled)
			}
			w.letGo(c.name, release, held, done)
			w.notFound("Section", func(r store.Records) error { _, err := r.Section("waited"); return err })
		}
		w.update(func(r store.Records) error { return r.SetHead(store.Head{Revision: 4}) })
	}},
	{"context while waiting to read", "A View that waits, for an Update or for a connection, gives up when its context ends.", func(w *world) {
		w.update(seed)
		release, held := w.hold(func(r store.Records) error { _, err := r.Head(store.ExclusiveLock); return err })
		done, err := w.interrupted(func(ctx context.Context) error { return w.nest(ctx, 20) })
		if done == nil && err != nil {
			w.ended("View", err, context.Canceled)
		}
		// Views that wait for one another would never end.
		w.letGo("the head", release, held, nil)
	}},
	{"context while waiting to commit", "An Update that waits for those who read gives up when its context ends, and writes nothing.", func(w *world) {
		w.update(seed)
		var err error
		var done <-chan error
		updated := false
		get(w, func(r store.Records) (store.Head, error) {
			head, failed := r.Head(store.NoLock)
			if failed != nil || updated { // a store may run f again
				return head, failed
			}
			updated = true
			done, err = w.interrupted(func(ctx context.Context) error {
				return w.store.Update(ctx, func(r store.Records) error { return r.PutSection(store.Section{Name: "waited"}) })
			})
			return head, nil
		})
		if done != nil {
			err = <-done
		} else if err != nil {
			w.ended("Update", err, context.Canceled)
		}
		if err != nil {
			w.notFound("Section", func(r store.Records) error { _, err := r.Section("waited"); return err })
		}
		w.update(func(r store.Records) error { return r.SetHead(store.Head{Revision: 4}) })
	}},
}

// interrupted runs a call, and ends the context of the call after the call had
// time to start waiting. If the call does not end then, the result comes later
// through done.
func (w *world) interrupted(call func(context.Context) error) (done <-chan error, err error) {
	w.Helper()
	ctx, cancel := context.WithCancel(w.ctx)
	defer cancel()
	result := make(chan error, 1)
	go func() { result <- call(ctx) }()
	select {
	case err := <-result:
		return nil, err
	case <-time.After(100 * time.Millisecond):
	}
	cancel()
	select {
	case err := <-result:
		return nil, err
	case <-time.After(patience):
		w.Errorf("a transaction waits on after its context has ended")
		return result, nil
	}
}

// hold begins an Update that takes a lock and ends after release.
func (w *world) hold(lock func(store.Records) error) (release func(), done <-chan error) {
	w.Helper()
	held, released, result := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	var once sync.Once
	go func() {
		result <- w.store.Update(w.ctx, func(r store.Records) error {
			if err := lock(r); err != nil {
				return err
			}
			once.Do(func() { close(held) })
			<-released
			return nil
		})
	}()
	select {
	case <-held:
	case err := <-result:
		w.Fatalf("Update: %v", err)
	}
	return func() { close(released) }, result
}

// letGo releases an Update that holds a lock. letGo waits for the Update and
// for the transaction that waited.
func (w *world) letGo(what string, release func(), held, waited <-chan error) {
	w.Helper()
	release()
	if err := <-held; err != nil {
		w.Errorf("the Update that held %s: %v", what, err)
	}
	if waited != nil {
		<-waited
	}
}

// nest runs nested Views, more than the connections that a store may have.
func (w *world) nest(ctx context.Context, views int) error {
	return w.store.View(ctx, func(r store.Records) error {
		if _, err := r.Head(store.NoLock); err != nil || views == 0 {
			return err
		}
		return w.nest(ctx, views-1)
	})
}
