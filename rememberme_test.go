package rbac_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
)

const day = 24 * time.Hour

// A remembered ticket outlives the limits of other tickets, and has an idle
// limit and an absolute limit of its own. Every Authority honours the limits.
func TestRemember(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a, b := h.office(rbac.Config{}), h.open(rbac.Config{RememberLimit: time.Hour})
		login := func(remember bool) rbac.Token {
			return must1(a.Login(ctx, rbac.Login{User: "amy", Password: goodPassword, Remember: remember}))
		}
		used, idle, other := login(true), login(true), login(false)
		ticket := must1(a.Ticket(ctx, used))
		if !ticket.Remembered || ticket.Key || !ticket.Expires.Equal(h.clock.Now().Add(30*day)) {
			t.Errorf("a remembered ticket lives for 30 days: got %+v", ticket)
		}
		if plain := must1(a.Ticket(ctx, other)); plain.Remembered || !plain.Expires.Equal(h.clock.Now().Add(12*time.Hour)) {
			t.Errorf("a ticket lives for 12 hours unless it is remembered: got %+v", plain)
		}
		for range 2 {
			h.clock.Advance(10 * day)
			must(t, a.Sweep(ctx))
			checkAlive(t, "a use within 14 days", a, alive, used)
			must(t, a.Flush(ctx))
			checkAlive(t, "and in another process", b, alive, used)
			checkAlive(t, "the limits of other tickets", a, dead, other)
		}
		checkAlive(t, "unused for 20 days", a, dead, idle)
		h.clock.Advance(10*day - time.Microsecond)
		checkAlive(t, "a microsecond before the absolute limit", b, alive, used)
		h.clock.Advance(time.Microsecond)
		for _, x := range []*rbac.Authority{a, b} {
			checkAlive(t, "30 days after the login, whatever the use", x, dead, used)
		}
	})
}

// A remembered ticket that is not used ends after RememberIdle, to the minute.
func TestRememberIdle(t *testing.T) {
	localStores(t, func(t *testing.T, h *house) {
		for _, c := range []struct {
			cfg  rbac.Config
			idle time.Duration
		}{
			{rbac.Config{}, 14 * day},
			{rbac.Config{RememberIdle: 3 * time.Hour}, 3 * time.Hour},
			{rbac.Config{RememberLimit: 2 * day, RememberIdle: 25 * time.Hour}, 25 * time.Hour},
		} {
			n := h.beside(t)
			a := n.office(c.cfg)
			one, two := n.issue(a, rbac.Login{User: "amy", Remember: true}), n.issue(a, rbac.Login{User: "amy", Remember: true})
			n.clock.Advance(c.idle)
			must(t, a.Sweep(ctx))
			checkAlive(t, "unused for the idle limit", a, alive, one)
			n.clock.Advance(time.Minute)
			checkAlive(t, "and for a minute more", a, dead, two)
		}
		n := h.beside(t)
		a := n.office(rbac.Config{RememberLimit: 3 * day}) // RememberIdle follows
		tok := n.issue(a, rbac.Login{User: "amy", Remember: true})
		n.clock.Advance(3*day - time.Microsecond)
		checkAlive(t, "unused until the absolute limit, which is less than 14 days", a, alive, tok)
	})
}

// An end beyond the limit is an error that names the limit, and not cut.
func TestExpiresBeyondTheLimit(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{AbsoluteLimit: 2 * time.Hour, RememberLimit: 2 * day})
		in := func(d time.Duration) time.Time { return h.clock.Now().Add(d) }
		for _, c := range []struct {
			login rbac.Login
			says  string // "": no error
		}{
			{rbac.Login{Expires: in(2 * time.Hour)}, ""},
			{rbac.Login{Expires: in(2*time.Hour + time.Second)}, "Config.AbsoluteLimit, which is 2h0m0s"},
			{rbac.Login{Expires: in(1000 * day)}, "Config.AbsoluteLimit"},
			{rbac.Login{Remember: true, Expires: in(2 * day)}, ""},
			{rbac.Login{Remember: true, Expires: in(time.Hour)}, ""},
			{rbac.Login{Remember: true, Expires: in(2*day + time.Second)}, "Config.RememberLimit, which is 48h0m0s"},
			{rbac.Login{Label: "laptop"}, ""},
			{rbac.Login{Label: "robot", Expires: in(1000 * day)}, ""}, // an API key
			{rbac.Login{Label: "robot", Expires: in(time.Hour), Remember: true}, "an API key is not remembered"},
		} {
			c.login.User = "amy"
			tok, err := a.Issue(ctx, c.login)
			c.login.Password = goodPassword
			tok2, err2 := a.Login(ctx, c.login)
			for _, err := range []error{err, err2} {
				if (err != nil) != (c.says != "") || err != nil && !(errors.Is(err, rbac.ErrInvalid) && strings.Contains(err.Error(), c.says)) {
					t.Errorf("%+v: got %v; want %q", c.login, err, c.says)
				}
			}
			if c.says == "" && !c.login.Expires.IsZero() {
				for _, tok := range []rbac.Token{tok, tok2} {
					if ticket := must1(a.Ticket(ctx, tok)); !ticket.Expires.Equal(c.login.Expires) {
						t.Errorf("%+v: the ticket ends at %v", c.login, ticket.Expires)
					}
				}
			}
		}
	})
}

// AuthenticatedWithin goes by the login, however long a ticket is remembered,
// and remembered tickets count for MaxTickets.
func TestRememberedTicketsAreTickets(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{MaxTickets: 2})
		remembered := func() rbac.Token { return h.issue(a, rbac.Login{User: "amy", Remember: true}) }
		one := remembered()
		fresh := rbac.AuthenticatedWithin(5 * time.Minute)
		must(t, a.Judge(ctx, one, fresh))
		h.clock.Advance(6 * time.Minute)
		if err := a.Judge(ctx, one, fresh); !errors.Is(err, rbac.ErrDenied) {
			t.Errorf("remembered for 6 minutes, and authenticated within 5: %v", err)
		}
		two, three := remembered(), h.issue(a, rbac.Login{User: "amy"})
		checkAlive(t, "of three tickets, the first ends", a, dead, one)
		checkAlive(t, "and no other", a, alive, two, three)
		if ended := must1(a.LogoutUser(ctx, "amy")); ended != 2 {
			t.Errorf("LogoutUser ends remembered tickets, too: got %d, want 2", ended)
		}
	})
}

// ChangePassword returns a remembered ticket for a remembered ticket, with the
// whole limit, since the password was proved again.
func TestChangePasswordRemembers(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{})
		tok := h.issue(a, rbac.Login{User: "amy", Remember: true})
		h.clock.Advance(day)
		tok = must1(a.ChangePassword(ctx, tok, goodPassword, goodPassword+"!"))
		if ticket := must1(a.Ticket(ctx, tok)); !ticket.Remembered || !ticket.Expires.Equal(h.clock.Now().Add(30*day)) {
			t.Errorf("got %+v", ticket)
		}
	})
}

func TestRememberLimits(t *testing.T) {
	h := newHouse(t, openMemory(t))
	for _, c := range []struct {
		limit, idle time.Duration
		says        string
	}{
		{0, 0, ""},
		{time.Minute, time.Minute, ""},
		{time.Minute, 0, ""},
		{time.Second, 0, "RememberLimit"},
		{-1, 0, "RememberLimit"},
		{100*365*day + 1, 0, "RememberLimit"},
		{0, time.Second, "RememberIdle"},
		{0, 30*day + 1, "RememberIdle"},
		{day, day + 1, "RememberIdle"},
	} {
		_, err := rbac.Open(ctx, h.store, rbac.Config{RememberLimit: c.limit, RememberIdle: c.idle, Clock: h.clock.Now})
		if (err != nil) != (c.says != "") || !strings.Contains(fmt.Sprint(err), c.says) {
			t.Errorf("%v, %v: got %v; want %q", c.limit, c.idle, err, c.says)
		}
	}
}
