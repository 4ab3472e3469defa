package rbac_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/internal/storefault"
	"github.com/rbac-go/rbac/store"
)

// deleteRow deletes the row of a ticket as an operator does in SQL, without a
// notice to anybody.
func (h *house) deleteRow(a *rbac.Authority, tok rbac.Token) rbac.Ticket {
	h.t.Helper()
	ticket, err := a.Ticket(ctx, tok)
	must(h.t, err)
	must(h.t, h.store.Update(ctx, func(r store.Records) error { return r.DeleteTicket(ticket.ID) }))
	return ticket
}

// The idle limit belongs to the ticket: Authorities with different limits agree
// on the end of a ticket, and the stricter Authority sweeps no ticket that the
// laxer Authority honours.
func TestIdleLimitBelongsToTheTicket(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		lax := h.office(rbac.Config{IdleLimit: 5 * time.Hour})
		strict := h.open(rbac.Config{IdleLimit: 10 * time.Minute})
		both := []*rbac.Authority{lax, strict}
		long, short := h.issue(lax, rbac.Login{User: "amy"}), h.issue(strict, rbac.Login{User: "amy"})
		for _, x := range both {
			checkAlive(t, "new", x, alive, long, short)
		}
		h.clock.Advance(11 * time.Minute)
		for _, x := range both {
			checkAlive(t, "idle for the strict limit", x, dead, short)
		}
		h.clock.Advance(4 * time.Hour)
		for _, x := range both {
			must(t, x.Sweep(ctx))
		}
		if n := h.ticketRecords(lax, "amy"); n != 1 {
			t.Errorf("%d tickets are left, want the one that is alive", n)
		}
		for _, x := range both {
			checkAlive(t, "idle for less than its own limit", x, alive, long)
		}
		h.clock.Advance(5*time.Hour + time.Minute)
		for _, x := range both {
			checkAlive(t, "idle for its own limit", x, dead, long)
		}
	})
}

// A call that ends a ticket ends the ticket in every Authority that has cached
// the ticket, even if the store has lost the row.
func TestEndingTicketsWhoseRowsAreGone(t *testing.T) {
	calls := map[string]func(a *rbac.Authority, tok rbac.Token, ticket rbac.Ticket) error{
		"Logout": func(a *rbac.Authority, tok rbac.Token, _ rbac.Ticket) error { return a.Logout(ctx, tok) },
		"RevokeTicket": func(a *rbac.Authority, _ rbac.Token, ticket rbac.Ticket) error {
			return a.RevokeTicket(ctx, "amy", ticket.ID)
		},
		"LogoutUser": func(a *rbac.Authority, _ rbac.Token, _ rbac.Ticket) error {
			n, err := a.LogoutUser(ctx, "amy")
			if n != 1 {
				return errors.Join(err, errors.New("LogoutUser does not count the ticket"))
			}
			return err
		},
	}
	calls["EndTickets of everybody"] = func(a *rbac.Authority, _ rbac.Token, _ rbac.Ticket) error {
		return a.Update(ctx, endTickets(""))
	}
	calls["EndTickets but another"] = func(a *rbac.Authority, _ rbac.Token, _ rbac.Ticket) error {
		return a.Update(ctx, endTickets("amy", uuid.UUID{7}))
	}
	calls["a login that replaces it"] = func(a *rbac.Authority, tok rbac.Token, _ rbac.Ticket) error {
		_, err := a.Issue(ctx, rbac.Login{User: "nora", Replaces: tok})
		return err
	}
	eachStore(t, func(t *testing.T, h *house) {
		calls["LogoutUser by an Authority that never saw it"] = func(*rbac.Authority, rbac.Token, rbac.Ticket) error {
			_, err := h.open(rbac.Config{}).LogoutUser(ctx, "amy")
			return err
		}
		a := h.office(rbac.Config{})
		b := h.open(rbac.Config{IdleLimit: 5 * time.Hour, KeepChanges: time.Hour})
		for name, call := range calls {
			tok := h.issue(a, rbac.Login{User: "amy"})
			for _, x := range []*rbac.Authority{a, b} {
				checkAlive(t, name, x, alive, tok)
			}
			ticket := h.deleteRow(a, tok)
			before := h.lastChange(a).Revision
			must(t, call(a, tok, ticket))
			if c := h.lastChange(a); c.Revision != before+1 || c.Subject != "amy" {
				t.Errorf("%s: the last change is %+v, want one of amy's", name, c)
			}
			for _, x := range []*rbac.Authority{a, b} {
				checkAlive(t, name, x, dead, tok)
				if err := x.Logout(ctx, tok); !errors.Is(err, rbac.ErrNoTicket) {
					t.Errorf("%s, and then Logout: %v, want ErrNoTicket", name, err)
				}
				if err := x.RevokeTicket(ctx, "amy", ticket.ID); !errors.Is(err, rbac.ErrNotFound) {
					t.Errorf("%s, and then RevokeTicket: %v, want ErrNotFound", name, err)
				}
			}
			if c := h.lastChange(a); c.Revision != before+1 {
				t.Errorf("%s: a ticket that has ended ends once, and yet there is %+v", name, c)
			}
		}
		before := h.lastChange(a).Revision
		if err := a.Logout(ctx, unknownToken(t)); !errors.Is(err, rbac.ErrNoTicket) {
			t.Errorf("Logout with a made-up token: %v", err)
		}
		if after := h.lastChange(a).Revision; after != before {
			t.Error("Logout with a made-up token writes a change")
		}
	})
}

// RevokeTicket treats a cached ticket as its user's only.
func TestRevokingAnothersTicketWhoseRowIsGone(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{})
		tok := h.issue(a, rbac.Login{User: "amy"})
		checkAlive(t, "before", a, alive, tok)
		ticket := h.deleteRow(a, tok)
		if err := a.RevokeTicket(ctx, "nora", ticket.ID); !errors.Is(err, rbac.ErrNotFound) {
			t.Errorf("RevokeTicket of another's ticket: %v, want ErrNotFound", err)
		}
	})
}

// A ticket whose row is gone, and that no call ends, ends everywhere about a
// minute after the next question, whatever the ticket is used for.
func TestRowsThatAreGone(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a, b := h.office(rbac.Config{IdleLimit: 5 * time.Hour}), h.open(rbac.Config{})
		watching := h.open(rbac.Config{MaxStaleness: 250 * time.Millisecond})
		tok := h.issue(a, rbac.Login{User: "amy"})
		next, stop := watched(t, watching, ctx, tok)
		defer stop()
		must(t, whenKnown(next).err)
		for _, x := range []*rbac.Authority{a, b} {
			checkAlive(t, "before", x, alive, tok)
		}
		h.deleteRow(a, tok)
		used, unused := 0*time.Second, 0*time.Second
		for range 18 { // three minutes
			h.clock.Advance(10 * time.Second)
			if a.Judge(ctx, tok, rbac.NotAnonymous()) == nil {
				used += 10 * time.Second
			}
			must(t, a.Flush(ctx))
			if b.Judge(rbac.WithoutUse(ctx), tok, rbac.NotAnonymous()) == nil {
				unused += 10 * time.Second
			}
			must(t, b.Flush(ctx))
		}
		if used >= 70*time.Second {
			t.Errorf("in use it lives on for %v; its first written use, after a minute, is to find out", used)
		}
		if unused >= 70*time.Second {
			t.Errorf("without use it lives on for %v, want a minute", unused)
		}
		for _, x := range []*rbac.Authority{a, b} {
			checkAlive(t, "gone", x, dead, tok)
			h.clock.Advance(3 * time.Hour)
			checkAlive(t, "three hours later", x, dead, tok)
		}
		if s := whenKnown(next); !errors.Is(s.err, rbac.ErrNoTicket) {
			t.Errorf("a watch yields %v, %v, want its end", s.id, s.err)
		}
	})
}

// Uses that cannot be written do not keep a ticket alive whose row is gone.
func TestRowsThatAreGoneWhileNothingCanBeWritten(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{})
		tok := h.issue(a, rbac.Login{User: "amy"})
		readOnly := *h
		readOnly.store = hooked(h.store, storefault.Hooks{Update: func(context.Context, func() error) error {
			return rbac.ErrUnavailable
		}})
		b := readOnly.open(rbac.Config{})
		checkAlive(t, "before", b, alive, tok)
		h.deleteRow(a, tok)
		for range 10 {
			h.clock.Advance(time.Minute)
			_ = b.Judge(ctx, tok, rbac.NotAnonymous())
		}
		if err := b.Flush(ctx); !errors.Is(err, rbac.ErrUnavailable) {
			t.Fatalf("writing the use: %v, want ErrUnavailable", err)
		}
		checkAlive(t, "ten minutes later", b, dead, tok)
	})
}

// The sweep of a process whose clock is ahead ends tickets early, everywhere,
// and every Authority sees a Logout made meanwhile.
func TestSweptByAClockThatIsAhead(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a, b := h.office(rbac.Config{}), h.open(rbac.Config{})
		ahead := h.open(rbac.Config{Clock: func() time.Time { return h.clock.Now().Add(13 * time.Hour) }})
		one, two := h.issue(a, rbac.Login{User: "amy"}), h.issue(a, rbac.Login{User: "nora"})
		for _, x := range []*rbac.Authority{a, b} {
			checkAlive(t, "before", x, alive, one, two)
		}
		must(t, ahead.Sweep(ctx))
		if n := h.ticketRecords(a, "amy"); n != 0 {
			t.Fatalf("%d tickets were not swept", n)
		}
		must(t, a.Logout(ctx, one))
		for _, x := range []*rbac.Authority{a, b} {
			checkAlive(t, "logged out", x, dead, one)
			h.clock.Advance(time.Minute)
			_ = x.Judge(rbac.WithoutUse(ctx), two, rbac.NotAnonymous())
			must(t, x.Flush(ctx))
			checkAlive(t, "swept a minute ago", x, dead, two)
		}
	})
}

// An Authority that follows a change log shortened by another process still
// learns of ended tickets.
func TestKeepChangesOfAnotherProcess(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{KeepChanges: time.Hour, IdleLimit: 24 * time.Hour, AbsoluteLimit: 24 * time.Hour})
		b := h.open(rbac.Config{})
		one, two := h.issue(a, rbac.Login{User: "amy"}), h.issue(a, rbac.Login{User: "amy"})
		checkAlive(t, "before", b, alive, one, two)
		must(t, a.Logout(ctx, one))
		h.do(a, addGroup(rbac.Group{Name: "later"}))
		h.clock.Advance(2 * time.Hour)
		h.do(a, addGroup(rbac.Group{Name: "last"}))
		must(t, a.Sweep(ctx))
		if n := len(changesSince(t, a, 0)); n != 1 {
			t.Fatalf("%d changes are left, want the last one", n)
		}
		checkAlive(t, "its end is not in the log any more", b, dead, one)
		checkAlive(t, "another one", b, alive, two)
	})
}

// A ticket that was found past a limit stays dead if the clock is set back.
func TestClockSetBackRevivesNoTicket(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a, b := h.office(rbac.Config{}), h.open(rbac.Config{})
		seen, unseen := h.issue(a, rbac.Login{User: "amy"}), h.issue(a, rbac.Login{User: "amy"})
		key := h.issue(a, rbac.Login{User: "amy", Label: "robot", Expires: h.clock.Now().Add(2 * time.Hour)})
		checkAlive(t, "before", a, alive, seen, key)
		// past the idle limit, and past all limits
		for _, leap := range []time.Duration{90 * time.Minute, 91 * 24 * time.Hour} {
			h.clock.Advance(leap)
			checkAlive(t, "past a limit", a, dead, seen)
			h.clock.Advance(-leap)
			checkAlive(t, "after the clock was set back", a, dead, seen)
			if _, err := a.Ticket(ctx, seen); !errors.Is(err, rbac.ErrNoTicket) {
				t.Errorf("Ticket gives %v, want ErrNoTicket", err)
			}
			if err := a.SetValue(ctx, seen, "lang", "de"); !errors.Is(err, rbac.ErrNoTicket) {
				t.Errorf("SetValue gives %v, want ErrNoTicket", err)
			}
		}
		if list, err := a.Tickets(ctx, "amy"); len(list) != 2 || err != nil {
			t.Errorf("Tickets lists %d, %v, want the two that were not found dead", len(list), err)
		}
		checkAlive(t, "not asked about while the clock was ahead", a, alive, unseen, key)
		checkAlive(t, "another Authority never saw the clock ahead", b, alive, seen)
	})
}

// An Authority that took a ticket for idle learns from another Authority that
// the ticket was in use.
func TestIdleTicketThatWasInUseElsewhere(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a, b := h.office(rbac.Config{}), h.open(rbac.Config{})
		tok := h.issue(a, rbac.Login{User: "amy"})
		h.clock.Advance(50 * time.Minute)
		checkAlive(t, "used, and the use is not written", a, alive, tok)
		h.clock.Advance(20 * time.Minute)
		checkAlive(t, "idle as far as it knows", b, dead, tok)
		must(t, a.Flush(ctx))
		checkAlive(t, "used", b, alive, tok)
	})
}

// No use revives a ticket that was found past its absolute limit.
func TestNoUseRevivesAnExpiredTicket(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{})
		var ahead atomic.Int64 // a time.Duration
		b := h.open(rbac.Config{Clock: func() time.Time { return h.clock.Now().Add(time.Duration(ahead.Load())) }})
		tok := h.issue(a, rbac.Login{User: "amy"})
		ahead.Store(int64(13 * time.Hour))
		checkAlive(t, "past its absolute limit", b, dead, tok)
		ahead.Store(0)
		h.clock.Advance(5 * time.Minute)
		checkAlive(t, "another Authority never saw that", a, alive, tok)
		must(t, a.Flush(ctx))
		checkAlive(t, "used elsewhere", b, dead, tok)
	})
}
