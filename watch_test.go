package rbac_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
)

// promptly is a lease that a busy machine keeps: the follower asks the store
// every 100 ms.
const promptly = time.Second

// seen is a value that a watch has yielded.
type seen struct {
	id  *rbac.Identity
	err error
}

// watched runs a watch, and returns a function for the next value.
func watched(t *testing.T, a *rbac.Authority, under context.Context, tok rbac.Token) (next func() seen, stop func()) {
	t.Helper()
	under, cancel := context.WithCancel(under)
	out := make(chan seen)
	go func() {
		defer close(out)
		for id, err := range a.Watch(under, tok) {
			out <- seen{id, err}
		}
	}()
	return func() seen {
			select {
			case s, open := <-out:
				if !open {
					t.Fatal("the watch has ended")
				}
				return s
			case <-time.After(time.Minute):
				t.Fatal("the watch yields nothing")
				return seen{}
			}
		}, func() {
			cancel()
			for range out {
			}
		}
}

// whenKnown is next without the times at which the Identity is unknown: on a busy
// machine, the store may not answer within MaxStaleness.
func whenKnown(next func() seen) seen {
	for {
		if s := next(); !errors.Is(s.err, rbac.ErrUnavailable) && !errors.Is(s.err, rbac.ErrBusy) {
			return s
		}
	}
}

// A watch yields each change, by any Authority and by the clock, and ends with
// the ticket.
func TestWatch(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		b := h.office(rbac.Config{})
		a := h.open(rbac.Config{MaxStaleness: 250 * time.Millisecond})
		tok := h.issue(b, rbac.Login{User: "amy"})
		next, stop := watched(t, a, ctx, tok)
		defer stop()
		// until waits for the effect of a change: two changes may be seen as a
		// single change, or a change twice.
		until := func(rule string, want func(*rbac.Identity) bool) {
			t.Helper()
			for {
				s := whenKnown(next)
				if s.err != nil {
					t.Fatalf("%s: %v", rule, s.err)
				}
				if want(s.id) {
					return
				}
			}
		}
		until("now", func(id *rbac.Identity) bool { return id.User() == "amy" && id.InGroup("editors") })
		h.do(b, assign("amy", "staff"))
		until("assigned", func(id *rbac.Identity) bool { return id.InGroup("staff") })
		h.do(b, revoke("staff", "door.open"))
		until("revoked", func(id *rbac.Identity) bool { return id.InGroup("staff") && !id.HasPermission("door.open") })
		h.do(b, func(tx *rbac.Tx) error {
			return tx.AssignUser(rbac.Membership{User: "amy", Group: "chiefs", Until: h.clock.Now().Add(10 * time.Minute)})
		})
		until("assigned for a time", func(id *rbac.Identity) bool { return id.InGroup("chiefs") })
		h.clock.Advance(10 * time.Minute)
		until("past its end", func(id *rbac.Identity) bool { return !id.InGroup("chiefs") })
		must(t, b.Logout(ctx, tok))
		for {
			if s := whenKnown(next); s.err != nil {
				if !errors.Is(s.err, rbac.ErrNoTicket) || s.id != nil {
					t.Errorf("logged out: %v, %v", s.id, s.err)
				}
				return
			}
		}
	})
}

// A watch is no use of the ticket, unless the watch is asked to be a use.
func TestWatchAndIdleTickets(t *testing.T) {
	localStores(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{MaxStaleness: 250 * time.Millisecond, IdleLimit: 10 * time.Minute})
		for _, uses := range []bool{false, true} {
			tok := h.issue(a, rbac.Login{User: "amy"})
			under := ctx
			if uses {
				under = rbac.CountAsUse(ctx)
			}
			next, stop := watched(t, a, under, tok)
			if s := whenKnown(next); s.err != nil {
				t.Fatal(s.err)
			}
			for range 4 {
				h.clock.Advance(5 * time.Minute)
				for uses { // until the watch has seen the time
					ticket, err := a.Ticket(ctx, tok)
					if err != nil && !errors.Is(err, rbac.ErrUnavailable) { // the machine may be busy
						t.Fatal(err)
					}
					if ticket.LastSeen.Equal(h.clock.Now()) {
						break
					}
				}
			}
			if !uses {
				if s := whenKnown(next); !errors.Is(s.err, rbac.ErrNoTicket) {
					t.Errorf("idle: %v, %v", s.id, s.err)
				}
			} else if _, err := a.Ticket(ctx, tok); err != nil && !errors.Is(err, rbac.ErrUnavailable) {
				t.Errorf("in use: %v", err)
			}
			stop()
		}
	})
}

// While the state is unknown a watch yields a single error, and goes on when
// the state is known.
func TestWatchAndStoreDown(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		store := &unplugged{Store: h.store}
		h.store = store
		a := h.office(rbac.Config{MaxStaleness: promptly})
		tok := h.issue(a, rbac.Login{User: "amy"})
		next, stop := watched(t, a, ctx, tok)
		must(t, next().err)
		store.down.Store(true)
		h.clock.Advance(2 * promptly)
		if s := next(); !errors.Is(s.err, rbac.ErrUnavailable) || s.id != nil {
			t.Errorf("down: %v, %v", s.id, s.err)
		}
		store.down.Store(false)
		if s := next(); s.err != nil || s.id.User() != "amy" {
			t.Errorf("up again: %v, %v", s.id, s.err)
		}
		stop()
		var last error
		for _, err := range a.Watch(ctx, unknownToken(t)) {
			last = err
		}
		if !errors.Is(last, rbac.ErrNoTicket) {
			t.Errorf("an unknown token: %v", last)
		}
		must(t, a.Close())
		for _, err := range a.Watch(ctx, tok) {
			last = err
		}
		if !errors.Is(last, rbac.ErrUnavailable) {
			t.Errorf("a closed Authority: %v", last)
		}
	})
}

// A watch ends with its context, and when its reader stops.
func TestWatchEnds(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{MaxStaleness: time.Minute})
		under, cancel := context.WithCancel(ctx)
		defer cancel()
		var yielded []error
		for id, err := range a.Watch(under, rbac.Token{}) {
			yielded = append(yielded, err)
			if err == nil && !id.IsAnonymous() {
				t.Errorf("nobody is %v", id)
			}
			cancel()
		}
		if len(yielded) != 2 || yielded[0] != nil || !errors.Is(yielded[1], context.Canceled) || !errors.Is(yielded[1], rbac.ErrUnavailable) {
			t.Errorf("%v; want an Identity and the end of the context", yielded)
		}
		n := 0
		for range a.Watch(ctx, rbac.Token{}) {
			n++
			break
		}
		if n != 1 {
			t.Errorf("yielded %d times to who had enough of the first", n)
		}
	})
}

// Close ends all waiting: a watch, and callers that wait for a revision.
func TestCloseEndsWaits(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{MaxStaleness: time.Hour})
		tok := h.issue(a, rbac.Login{User: "amy"})
		must(t, second(a.Identify(ctx, tok)))
		next, stop := watched(t, a, ctx, tok)
		defer stop()
		must(t, next().err)
		waited := make(chan error, 1)
		go func() {
			waited <- second(a.Identify(rbac.AtLeast(ctx, a.Revision()+1), rbac.Token{}))
		}()
		must(t, a.Close())
		if s := next(); !errors.Is(s.err, rbac.ErrUnavailable) || s.id != nil {
			t.Errorf("the watch: %v, %v", s.id, s.err)
		}
		select {
		case err := <-waited:
			if !errors.Is(err, rbac.ErrUnavailable) {
				t.Errorf("AtLeast: %v", err)
			}
		case <-time.After(time.Minute):
			t.Error("AtLeast waits for ever")
		}
	})
}

// A watch learns at once of changes through its own Authority, the policy
// included, even if nobody asks the Authority anything else.
func TestWatchOfTheOwnChange(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		h.store = struct{ rbac.Store }{h.store} // without hints
		a := h.office(rbac.Config{MaxStaleness: time.Hour})
		next, stop := watched(t, a, ctx, h.issue(a, rbac.Login{User: "amy"}))
		defer stop()
		must(t, next().err)
		for _, c := range []struct {
			change func(*rbac.Tx) error
			opens  bool
		}{{assign("amy", "staff"), true}, {revoke("staff", "door.open"), false}} {
			h.do(a, c.change)
			for {
				s := next()
				must(t, s.err)
				if s.id.InGroup("staff") && s.id.HasPermission("door.open") == c.opens {
					break
				}
			}
		}
	})
}

// A membership that ends while the reader of a watch is busy has ended when the
// reader comes back. A lease likewise.
func TestWatchWithSlowReader(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		store := &unplugged{Store: h.store}
		h.store = store
		a := h.office(rbac.Config{MaxStaleness: time.Hour})
		h.do(a, func(tx *rbac.Tx) error {
			return tx.AssignUser(rbac.Membership{User: "amy", Group: "chiefs", Until: h.clock.Now().Add(30 * time.Minute)})
		})
		tok := h.issue(a, rbac.Login{User: "amy"})
		must(t, second(a.Identify(ctx, tok))) // nothing new for the watch
		under, cancel := context.WithTimeout(ctx, time.Minute)
		defer cancel()
		n := 0
		for id, err := range a.Watch(under, tok) {
			switch n++; {
			case n == 1 && err == nil && id.InGroup("chiefs"):
				h.clock.Advance(30 * time.Minute)
				continue
			case n == 2 && err == nil && !id.InGroup("chiefs"):
				store.down.Store(true)
				h.clock.Advance(30 * time.Minute)
				continue
			case n == 3 && errors.Is(err, rbac.ErrUnavailable) && under.Err() == nil:
			default:
				t.Errorf("yields %v, %v as number %d", id, err, n)
			}
			break
		}
	})
}

// A watch that began with a revision goes on when the store is restored to an
// earlier state.
func TestWatchOfRestoredStore(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		original, copied := h.store, h.another(t)
		t.Cleanup(func() { copied.Close() })
		store := &swapped{inner: original}
		h.store = store
		a := h.office(rbac.Config{MaxStaleness: 250 * time.Millisecond})
		tok := h.issue(a, rbac.Login{User: "amy"})
		copyStore(t, original, copied)
		h.do(a, assign("amy", "staff"))
		next, stop := watched(t, a, rbac.AtLeast(ctx, a.Revision()), tok)
		defer stop()
		if s := whenKnown(next); s.err != nil || !s.id.InGroup("staff") {
			t.Fatal(s.id, s.err)
		}
		store.swap(copied)
		if s := whenKnown(next); s.err != nil || s.id.InGroup("staff") {
			t.Errorf("restored: %v, %v", s.id, s.err)
		}
	})
}
