package rbac_test

import (
	"sync"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
)

const (
	alive = true
	dead  = false
)

func TestIdleLimit(t *testing.T) {
	const idle = 20 * time.Minute
	cfg := rbac.Config{IdleLimit: idle}
	tests := []struct {
		rule string
		uses []time.Duration // one after another
		last time.Duration   // after the last use
		want bool
	}{
		{"unused within the limit", nil, idle, alive},
		{"unused for the limit and a minute", nil, idle + time.Minute, dead},
		{"a use moves the end", []time.Duration{idle}, idle, alive},
		{"many uses move it on", []time.Duration{idle, idle, idle, idle, idle}, idle, alive},
		{"a use within the first minute is not noted, and yet the limit runs from it", []time.Duration{59 * time.Second}, idle, alive},
		{"a minute later at most it ends", []time.Duration{59 * time.Second}, idle + time.Minute, dead},
		{"after a use that was noted, too", []time.Duration{time.Minute}, idle + time.Minute, dead},
	}
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(cfg)
		for _, tt := range tests {
			tok := h.issue(a, rbac.Login{User: "amy"})
			key := h.issue(a, rbac.Login{User: "amy", Label: "robot", Expires: h.clock.Now().Add(999 * time.Hour)})
			for _, d := range tt.uses {
				h.clock.Advance(d)
				checkAlive(t, tt.rule, a, alive, tok)
			}
			h.clock.Advance(tt.last)
			must(t, a.Sweep(ctx))
			must(t, a.Flush(ctx))
			// from a warm cache and from the store
			for _, x := range []*rbac.Authority{a, h.open(cfg)} {
				checkAlive(t, "API keys have no idle limit", x, alive, key)
				checkAlive(t, tt.rule, x, tt.want, tok)
			}
		}
	})
}

func TestAbsoluteLimit(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{AbsoluteLimit: 2 * time.Hour})
		start := h.clock.Now()
		full := h.issue(a, rbac.Login{User: "amy"})
		early := h.issue(a, rbac.Login{User: "amy", Expires: start.Add(time.Hour)})
		label := h.issue(a, rbac.Login{User: "amy", Label: "laptop"})
		key := h.issue(a, rbac.Login{User: "amy", Label: "robot", Expires: start.Add(100 * time.Hour)})
		for range 59 {
			h.clock.Advance(time.Minute)
			checkAlive(t, "used each minute", a, alive, full, early, label, key)
		}
		h.clock.Advance(time.Minute - time.Microsecond)
		checkAlive(t, "a microsecond before Expires", a, alive, early)
		h.clock.Advance(time.Microsecond)
		checkAlive(t, "Expires ends a ticket early, at that instant", a, dead, early)
		for range 3 {
			h.clock.Advance(19 * time.Minute)
			checkAlive(t, "used on", a, alive, full, label)
		}
		h.clock.Advance(3*time.Minute - time.Microsecond)
		checkAlive(t, "a microsecond before the limit", a, alive, full, label)
		h.clock.Advance(time.Microsecond)
		checkAlive(t, "the absolute limit, whatever the use; a Label alone changes nothing", a, dead, full, label)
		h.clock.Advance(98*time.Hour - time.Microsecond)
		checkAlive(t, "Expires and Label make an API key, which lives longer", a, alive, key)
		h.clock.Advance(time.Microsecond)
		checkAlive(t, "an API key ends at Expires", a, dead, key)
	})
}

func TestMaxTickets(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a, b := h.office(rbac.Config{}), h.open(rbac.Config{})
		key := h.issue(a, rbac.Login{User: "amy", Label: "robot", Expires: h.clock.Now().Add(1000 * time.Hour)})
		var tokens []rbac.Token
		issue := func() {
			h.clock.Advance(time.Second)
			tokens = append(tokens, h.issue(a, rbac.Login{User: "amy"}))
		}
		for range 20 {
			issue()
		}
		checkAlive(t, "20 tickets, API keys not counted", b, alive, tokens...)
		before := h.lastChange(a).Revision
		issue()
		for _, x := range []*rbac.Authority{a, b} {
			checkAlive(t, "the 21st ends the oldest, through warm caches", x, dead, tokens[0])
			checkAlive(t, "and no other", x, alive, append(tokens[1:], key)...)
		}
		if c := h.lastChange(a); c.Revision != before+1 || c.Action != "RevokeTicket" {
			t.Errorf("the end of the oldest is a change: got %+v", c)
		}
		for range 100 {
			h.issue(a, rbac.Login{User: "amy", Label: "robot", Expires: h.clock.Now().Add(1000 * time.Hour)})
		}
		checkAlive(t, "API keys end no ticket", a, alive, append(tokens[1:], key)...)
		h.clock.Advance(50 * time.Minute)
		checkAlive(t, "used, the oldest that is alive", a, alive, tokens[1])
		h.clock.Advance(50 * time.Minute)
		for range 19 {
			issue()
		}
		checkAlive(t, "dead tickets do not count, nor does a use that is not yet written", a, alive, append(tokens[21:], tokens[1])...)
	})
}

// With MaxTickets 1 a login ends the previous ticket.
func TestOneTicketPerUser(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{MaxTickets: 1})
		one, other := h.issue(a, rbac.Login{User: "amy"}), h.issue(a, rbac.Login{User: "nora"})
		two, err := a.Login(ctx, rbac.Login{User: "amy", Password: goodPassword})
		must(t, err)
		checkAlive(t, "the one before", a, dead, one)
		checkAlive(t, "the last one, and another user's", a, alive, two, other)
	})
}

// Concurrent logins never leave more tickets than the cap.
func TestMaxTicketsAtOnce(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a, b := h.office(rbac.Config{MaxTickets: 3}), h.open(rbac.Config{MaxTickets: 3})
		var all sync.WaitGroup
		for i := range 16 {
			all.Go(func() {
				if _, err := []*rbac.Authority{a, b}[i%2].Issue(ctx, rbac.Login{User: "amy"}); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if list, err := a.Tickets(ctx, "amy"); len(list) != 3 || err != nil {
			t.Errorf("the cap holds: got %d tickets, %v; want 3", len(list), err)
		}
	})
}

func TestReplaces(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a, b := h.office(rbac.Config{}), h.open(rbac.Config{})
		own, theirs, bystander := h.issue(a, rbac.Login{User: "amy"}), h.issue(a, rbac.Login{User: "nora"}), h.issue(a, rbac.Login{User: "amy"})
		checkAlive(t, "before", b, alive, own, theirs, bystander)
		if _, err := a.Login(ctx, rbac.Login{User: "amy", Password: "wrong", Replaces: own}); err == nil {
			t.Fatal("a wrong password was accepted")
		}
		if _, err := a.Issue(ctx, rbac.Login{User: "amy", Groups: []string{"chiefs"}, Replaces: own}); err == nil {
			t.Fatal("a group of others was accepted")
		}
		checkAlive(t, "a login that fails ends nothing", b, alive, own, theirs, bystander)
		_, err := a.Login(ctx, rbac.Login{User: "amy", Password: goodPassword, Replaces: own})
		must(t, err)
		h.issue(a, rbac.Login{User: "amy", Replaces: theirs})
		h.issue(a, rbac.Login{User: "amy", Replaces: unknownToken(t)})
		for _, x := range []*rbac.Authority{a, b} {
			checkAlive(t, "a login ends the ticket it replaces, whoever's it was", x, dead, own, theirs)
			checkAlive(t, "and no other", x, alive, bystander)
		}
	})
}

// A use that is not yet written is known to later calls of the same Authority.
func TestUseNotYetWritten(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{})
		tok := h.issue(a, rbac.Login{User: "amy"})
		h.clock.Advance(time.Hour)
		checkAlive(t, "used at the end of its time", a, alive, tok)
		h.clock.Advance(2 * time.Minute)
		if _, err := a.Ticket(ctx, tok); err != nil {
			t.Errorf("Ticket finds it: %v", err)
		}
		if list, err := a.Tickets(ctx, "amy"); len(list) != 1 || err != nil || !list[0].LastSeen.Equal(h.clock.Now().Add(-2*time.Minute)) {
			t.Errorf("Tickets lists it, with its last use: got %+v, %v", list, err)
		}
		h.do(a, func(tx *rbac.Tx) error { return tx.Check(tok, rbac.NotAnonymous()) })
		h.do(a, func(tx *rbac.Tx) error { return tx.AssignUser(rbac.Membership{User: "amy", Group: "staff"}) })
		checkAlive(t, "with a cold cache, too", a, alive, tok)
		must(t, a.Logout(ctx, tok))
		checkAlive(t, "and a logout ends it", a, dead, tok)
	})
}
