package rbac_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/internal/storefault"
	"github.com/rbac-go/rbac/store"
)

// touch is a write of the last use of a ticket. The background and the test may
// both write a use that is pending: that is one touch.
type touch struct {
	ticket uuid.UUID
	at     time.Time
}

func TestUsesAreWrittenOnceAMinuteAndInBatches(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		var mu sync.Mutex
		touches, runs := map[touch]bool{}, map[context.Context]bool{}
		h.store = hooked(h.store, storefault.Hooks{Call: func(c storefault.Call) error {
			if c.Name == "TouchTicket" {
				mu.Lock()
				defer mu.Unlock()
				touches[touch{c.Args[0].(uuid.UUID), c.Args[1].(time.Time)}] = true
				runs[c.Context] = true
			}
			return nil
		}})
		a := h.office(rbac.Config{})
		var tokens []rbac.Token
		for range 10 {
			tokens = append(tokens, h.issue(a, rbac.Login{User: "amy"}))
		}
		for range 6 * 10 { // ten minutes
			h.clock.Advance(10 * time.Second)
			checkAlive(t, "used each 10 seconds", a, alive, tokens...)
			must(t, a.Flush(ctx))
		}
		mu.Lock()
		defer mu.Unlock()
		if n := len(touches); n > 10*10 || n < 9*10 {
			t.Errorf("600 uses of 10 tickets in 10 minutes are written once a minute: got %d", n)
		}
		if n := len(runs); n > 2*10 { // the background may split a transaction
			t.Errorf("in batches: got %d transactions", n)
		}
	})
}

func TestCloseWritesUses(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a, b := h.office(rbac.Config{}), h.open(rbac.Config{})
		tok := h.issue(a, rbac.Login{User: "amy"})
		h.clock.Advance(5 * time.Minute)
		checkAlive(t, "used", a, alive, tok)
		ended, cancel := context.WithCancel(ctx)
		cancel()
		if err := a.Flush(ended); err == nil {
			t.Error("a flush whose context has ended succeeds")
		}
		must(t, a.Close())
		if ticket, err := b.Ticket(ctx, tok); err != nil || !ticket.LastSeen.Equal(h.clock.Now()) {
			t.Errorf("Close writes what is left, and what could not be written before: got %v, %v", ticket.LastSeen, err)
		}
	})
}

func TestTouchNeverRevives(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a, b := h.office(rbac.Config{}), h.open(rbac.Config{})
		tok := h.issue(a, rbac.Login{User: "amy"})
		h.clock.Advance(5 * time.Minute)
		checkAlive(t, "used, and the use is not written", a, alive, tok)
		must(t, b.Logout(ctx, tok))
		must(t, a.Flush(ctx))
		for _, x := range []*rbac.Authority{a, b, h.open(rbac.Config{})} {
			checkAlive(t, "a touch does not bring a logged-out ticket back", x, dead, tok)
		}
	})
}

func TestSweep(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{MaxTickets: 1000})
		for range 450 {
			h.issue(a, rbac.Login{User: "nora"})
		}
		gone := []rbac.Token{h.issue(a, rbac.Login{User: "amy"})}
		kept := []rbac.Token{h.issue(a, rbac.Login{User: "amy", Label: "robot", Expires: h.clock.Now().Add(1000 * time.Hour)})}
		gone = append(gone, h.issue(a, rbac.Login{User: "amy", Label: "robot", Expires: h.clock.Now().Add(time.Hour)}))
		h.clock.Advance(50 * time.Minute)
		kept = append(kept, h.issue(a, rbac.Login{User: "amy"}))
		h.clock.Advance(14 * time.Minute)
		must(t, a.Sweep(ctx))
		checkAlive(t, "the sweeper deletes no living ticket", h.open(rbac.Config{}), alive, kept...)
		checkAlive(t, "dead is dead", a, dead, gone...)
		if n := h.ticketRecords(a, "nora") + h.ticketRecords(a, "amy"); n != len(kept) {
			t.Errorf("the sweeper deletes all that is dead, whatever the batch: %d records left, want %d", n, len(kept))
		}
	})
}

// ticketRecords counts the stored tickets of a user, dead tickets too.
func (h *house) ticketRecords(a *rbac.Authority, user string) (n int) {
	h.t.Helper()
	id, err := a.Identity(ctx, user)
	must(h.t, err)
	must(h.t, h.store.View(ctx, func(r store.Records) error {
		list, err := r.UserTickets(id.ID())
		n = len(list)
		return err
	}))
	return n
}

// A ticket that another process sweeps, unaware of uses in this process, does
// not live on here.
func TestSweptElsewhere(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{})
		tok := h.issue(a, rbac.Login{User: "amy"})
		h.clock.Advance(time.Hour)
		checkAlive(t, "used, and the use is not written", a, alive, tok)
		must(t, h.store.Update(ctx, func(r store.Records) error {
			_, err := r.DeleteDeadTickets(h.clock.Now().Add(time.Hour), 100)
			return err
		}))
		must(t, a.Flush(ctx))
		checkAlive(t, "swept elsewhere", a, dead, tok)
	})
}

// A call that a service makes by itself, marked as such, is no use of the
// ticket. The later mark counts.
func TestWithoutUse(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{IdleLimit: 10 * time.Minute})
		for name, c := range map[string]struct {
			under context.Context
			alive bool
		}{
			"as it is":          {ctx, true},
			"without use":       {rbac.WithoutUse(ctx), false},
			"without use after": {rbac.WithoutUse(rbac.CountAsUse(ctx)), false},
			"a use after":       {rbac.CountAsUse(rbac.WithoutUse(ctx)), true},
		} {
			tok := h.issue(a, rbac.Login{User: "amy"})
			for range 3 {
				h.clock.Advance(5 * time.Minute)
				_, _ = a.Identify(c.under, tok)
				_ = a.Judge(c.under, tok, rbac.NotAnonymous())
			}
			if _, err := a.Ticket(ctx, tok); (err == nil) != c.alive || err != nil && !errors.Is(err, rbac.ErrNoTicket) {
				t.Errorf("%s: %v after 15 minutes, want it alive: %v", name, err, c.alive)
			}
		}
	})
}
