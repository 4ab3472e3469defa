package rbac_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/internal/storefault"
	"github.com/rbac-go/rbac/store"
)

// slow is a store whose next View, after taking its snapshot, waits until
// released.
type slow struct {
	rbac.Store
	mu   sync.Mutex
	wait func() // called once, by the next View
}

func (s *slow) next(wait func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wait = wait
}

func (s *slow) View(ctx context.Context, f func(store.Records) error) error {
	return s.Store.View(ctx, func(r store.Records) error {
		if _, err := r.Head(store.NoLock); err != nil { // the snapshot is taken
			return err
		}
		s.mu.Lock()
		wait := s.wait
		s.wait = nil
		s.mu.Unlock()
		if wait != nil {
			wait()
		}
		return f(r)
	})
}

// ReadHead does not wait: a read of the head takes no snapshot.
func (s *slow) ReadHead(ctx context.Context) (head store.Head, err error) {
	err = s.Store.View(ctx, func(r store.Records) (err error) { head, err = r.Head(store.NoLock); return err })
	return head, err
}

// A View that is overtaken by newer states answers as of one revision, and puts
// nothing stale into the caches.
func TestOvertakenView(t *testing.T) {
	member := rbac.Membership{User: "amy", Group: "staff"}
	tests := []struct {
		rule   string
		before func(h *house, a, b *rbac.Authority) // not yet known to a when a's View begins
		during func(h *house, a, b *rbac.Authority) // known to a before the View goes on
	}{
		{"membership", nil, func(h *house, a, b *rbac.Authority) {
			h.do(b, func(tx *rbac.Tx) error { return tx.DeassignUser(member) })
		}},
		{"policy", nil, func(h *house, a, b *rbac.Authority) {
			h.do(b, func(tx *rbac.Tx) error {
				return tx.RevokePermission(rbac.Grant{Group: "staff", Permission: "door.open"})
			})
		}},
		{"both, after something else", func(h *house, a, b *rbac.Authority) {
			h.do(b, func(tx *rbac.Tx) error { return tx.DeletePermission("post.edit") })
		}, func(h *house, a, b *rbac.Authority) {
			h.do(b, func(tx *rbac.Tx) error {
				return tx.RevokePermission(rbac.Grant{Group: "staff", Permission: "door.open"})
			})
			h.do(b, func(tx *rbac.Tx) error { return tx.DeassignUser(member) })
		}},
	}
	eachStore(t, func(t *testing.T, h *house) {
		for n := range 2 * len(tests) {
			t.Run(fmt.Sprint(n), func(t *testing.T) {
				tt, elsewhere := tests[n/2], n%2 == 1
				h := h.beside(t)
				store := &slow{Store: h.store}
				b := h.office(rbac.Config{})
				h.store = store
				h.do(b, func(tx *rbac.Tx) error { return tx.AssignUser(member) })
				// follows changes on demand, not by its follower
				a := h.open(rbac.Config{MaxStaleness: time.Hour})
				tok, cold := h.issue(a, rbac.Login{User: "amy"}), h.issue(b, rbac.Login{User: "amy"})
				checkAlive(t, "warm", a, alive, tok)
				now := func() context.Context { return rbac.AtLeast(ctx, b.Revision()) }
				if tt.before != nil {
					tt.before(h, a, b)
				}
				store.next(func() {
					tt.during(h, a, b)
					// a follows by a question about somebody else, and does not
					// read amy
					if elsewhere {
						_, err := a.Identity(now(), "nora")
						must(t, err)
						return
					}
					if err := a.Judge(now(), tok, rbac.HasPermission("door.open")); !errors.Is(err, rbac.ErrDenied) {
						t.Errorf("%s: a Judge that has to see the Update: got %v", tt.rule, err)
					}
				})
				id, err := a.Identify(ctx, cold)
				if err != nil || id.HasPermission("door.open") && !id.InGroup("staff") {
					t.Errorf("%s: the overtaken one is of one revision: got %v, %v", tt.rule, id, err)
				}
				for range 2 {
					if err := a.Judge(now(), tok, rbac.HasPermission("door.open")); !errors.Is(err, rbac.ErrDenied) {
						t.Errorf("%s: and leaves nothing old behind: got %v", tt.rule, err)
					}
					if id, err := a.Identity(now(), "amy"); err != nil || id.HasPermission("door.open") {
						t.Errorf("%s: by name, too: got %v, %v", tt.rule, id, err)
					}
				}
			})
		}
	})
}

// A narrowed ticket that was read before its pruning is not combined with a
// user who was read after.
func TestOvertakenNarrowedTicket(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		store := &slow{Store: h.store}
		b := h.office(rbac.Config{})
		h.store = store
		m := rbac.Membership{User: "amy", Group: "staff", Until: h.clock.Now().Add(time.Minute)}
		h.do(b, func(tx *rbac.Tx) error { return tx.AssignUser(m) })
		tok := h.issue(b, rbac.Login{User: "amy", Groups: []string{"staff"}})
		h.clock.Advance(time.Minute)
		a := h.open(rbac.Config{}) // with cold caches
		store.next(func() {
			m.Until = time.Time{}
			h.do(b, func(tx *rbac.Tx) error { return tx.ModifyMembership(m) })
			if id, err := a.Identity(ctx, "amy"); err != nil || !id.InGroup("staff") {
				t.Errorf("the extended membership counts again: got %v, %v", id, err)
			}
		})
		for range 2 {
			if id, err := a.Identify(ctx, tok); err != nil || id.InGroup("staff") {
				t.Errorf("but not in the ticket: got %v, %v", id, err)
			}
		}
	})
}

// paused is a store that calls a function once: when an Update has committed
// and not returned yet, when the changes were read, and when a View has ended.
type paused struct {
	rbac.Store
	committed, read, ended atomic.Pointer[func()]
}

func (s *paused) Update(ctx context.Context, f func(store.Records) error) error {
	err := s.Store.Update(ctx, f)
	once(&s.committed)
	return err
}

func (s *paused) View(ctx context.Context, f func(store.Records) error) error {
	err := s.Store.View(ctx, func(r store.Records) error { return f(pausedRecords{r, s}) })
	once(&s.ended)
	return err
}

type pausedRecords struct {
	store.Records
	s *paused
}

func (r pausedRecords) Changes(q store.ChangeFilter) iter.Seq2[store.Change, error] {
	return func(yield func(store.Change, error) bool) {
		r.Records.Changes(q)(yield)
		once(&r.s.read)
	}
}

func once(call *atomic.Pointer[func()]) {
	if f := call.Swap(nil); f != nil {
		(*f)()
	}
}

// A follower that has read a change of its own Authority, and is overtaken by
// the next change before publishing, does not take the Authority back to an
// older state.
func TestOvertakenFollower(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		store := &paused{Store: h.store}
		h.store = store
		a := h.office(rbac.Config{MaxStaleness: time.Hour})
		tok := h.issue(a, rbac.Login{User: "amy"})
		checkAlive(t, "warm", a, alive, tok)
		reading, goOn, over := make(chan struct{}), make(chan struct{}), make(chan struct{})
		ended := func() { close(over) }
		read := func() { close(reading); <-goOn; store.ended.Store(&ended) }
		committed := func() {
			store.read.Store(&read)
			first := rbac.AtLeast(ctx, a.Revision()+1)
			go a.Identify(first, tok)
			<-reading
		}
		store.committed.Store(&committed)
		h.do(a, addPermission(rbac.Permission{Name: "something.else"}))
		h.do(a, revoke("editors", "post.edit"))
		close(goOn)
		<-over
		if err := a.Judge(ctx, tok, rbac.HasPermission("post.edit")); !errors.Is(err, rbac.ErrDenied) {
			t.Errorf("a Judge after the Update: got %v", err)
		}
	})
}

// After an Update with an unknown outcome, callers get answers according to the
// store.
func TestLostAnswer(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		var loses atomic.Bool // the answers of committed Updates
		h.store = hooked(h.store, storefault.Hooks{Update: func(_ context.Context, run func() error) error {
			err := run()
			if loses.Load() {
				return errFault
			}
			return err
		}})
		a := h.office(rbac.Config{MaxStaleness: time.Hour})
		tok := h.issue(a, rbac.Login{User: "amy"})
		checkAlive(t, "warm", a, alive, tok)
		loses.Store(true)
		if err := a.Update(ctx, revoke("editors", "post.edit")); !errors.Is(err, rbac.ErrUnavailable) {
			t.Errorf("the Update: got %v", err)
		}
		if err := a.Judge(ctx, tok, rbac.HasPermission("post.edit")); !errors.Is(err, rbac.ErrDenied) {
			t.Errorf("a Judge after it: got %v", err)
		}
	})
}
