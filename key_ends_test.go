package rbac_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
)

// setDisabled disables or enables a user.
func (h *house) setDisabled(a *rbac.Authority, user string, off bool) {
	h.t.Helper()
	h.do(a, editUser(user, func(u *rbac.User) { u.Disabled = off }))
}

// An API key survives that its user is disabled and enabled only if the host
// said so, and is refused in between, whatever the caller tries.
func TestKeepWhenDisabled(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a, b := h.office(rbac.Config{}), h.open(rbac.Config{})
		kept, ended, session := h.keyOf(a, "amy", true), h.keyOf(a, "amy", false), h.issue(a, rbac.Login{User: "amy", Remember: true})
		for _, x := range []*rbac.Authority{a, b} {
			checkAlive(t, "before", x, alive, kept, ended, session)
		}
		id := must1(a.Identify(ctx, kept))
		h.setDisabled(a, "amy", true)
		for _, x := range []*rbac.Authority{a, b, h.open(rbac.Config{})} {
			checkAlive(t, "while the user is disabled", x, dead, kept, ended, session)
			for call, err := range map[string]error{
				"Ticket":          second(x.Ticket(ctx, kept)),
				"TicketGroups":    second(x.TicketGroups(ctx, kept)),
				"SetActiveGroups": x.SetActiveGroups(ctx, kept, []string{"editors"}),
				"SetValue":        x.SetValue(ctx, kept, "k", "v"),
				"Value":           second(x.Value(ctx, kept, "k")),
				"NewDevice":       second(x.NewDevice(ctx, kept)),
				"ChangePassword":  second(x.ChangePassword(ctx, kept, goodPassword, goodPassword+"!")),
				"RotateKey":       second(x.RotateKey(ctx, kept, 0)),
				"Tx.Check":        x.View(ctx, func(tx *rbac.Tx) error { return tx.Check(kept, rbac.NotAnonymous()) }),
			} {
				if !errors.Is(err, rbac.ErrNoTicket) {
					t.Errorf("%s with the key of a disabled user: got %v", call, err)
				}
			}
		}
		if c := h.change(a, rbac.NewContext(ctx, id)); c.Verified {
			t.Errorf("a change by an Identity of before is verified: %+v", c)
		}
		if err := a.UpdateAs(ctx, id, assign("amy", "staff")); !errors.Is(err, rbac.ErrDenied) {
			t.Errorf("UpdateAs by an Identity of before: got %v", err)
		}
		if got, last := ticketLabels(t, a, rbac.TicketQuery{User: "amy"}); len(got) != 1 || !last.KeepWhenDisabled {
			t.Errorf("administrators see the kept key: got %q, %+v", got, last)
		}
		ticket := must1(a.Tickets(ctx, "amy"))[0]
		rotate := func(tx *rbac.Tx) error { return second(tx.RotateKey(ticket.ID, 0, time.Time{})) }
		if err := a.Update(ctx, rotate); !errors.Is(err, rbac.ErrDenied) {
			t.Errorf("rotating the key of a disabled user: got %v", err)
		}
		h.clock.Advance(50 * day)
		must(t, a.Sweep(ctx))
		h.setDisabled(a, "amy", false)
		for _, x := range []*rbac.Authority{a, b} {
			checkAlive(t, "enabled again", x, alive, kept)
			checkAlive(t, "and nothing else", x, dead, ended, session)
		}
		h.setDisabled(a, "amy", true)
		must(t, a.Logout(ctx, kept))
		h.setDisabled(a, "amy", false)
		checkAlive(t, "logged out meanwhile", a, dead, kept)
	})
}

// Every other end of a user's tickets is the end of the API keys, kept or not.
func TestWhatEndsKeys(t *testing.T) {
	ends := map[string]func(*rbac.Authority, rbac.Token) error{
		"Logout": func(a *rbac.Authority, tok rbac.Token) error { return a.Logout(ctx, tok) },
		"LogoutUser": func(a *rbac.Authority, _ rbac.Token) error {
			return second(a.LogoutUser(ctx, "amy"))
		},
		"EndTickets": func(a *rbac.Authority, _ rbac.Token) error { return a.Update(ctx, endTickets("amy")) },
		"RevokeTicket": func(a *rbac.Authority, tok rbac.Token) error {
			return a.RevokeTicket(ctx, "amy", must1(a.Ticket(ctx, tok)).ID)
		},
		"SetPassword": func(a *rbac.Authority, _ rbac.Token) error { return a.SetPassword(ctx, "amy", goodPassword+"!") },
		"DeleteUser": func(a *rbac.Authority, _ rbac.Token) error {
			return a.Update(ctx, func(tx *rbac.Tx) error { return tx.DeleteUser("amy") })
		},
	}
	localStores(t, func(t *testing.T, h *house) {
		for name, end := range ends {
			n := h.beside(t)
			a, b := n.office(rbac.Config{}), n.open(rbac.Config{})
			key := n.keyOf(a, "amy", true)
			checkAlive(t, "before "+name, b, alive, key)
			must(t, a.SetValue(ctx, key, "k", "v"))
			must(t, end(a, key))
			checkAlive(t, name, a, dead, key)
			checkAlive(t, name, b, dead, key)
		}
		a := h.office(rbac.Config{})
		key := h.keyOf(a, "amy", true)
		h.clock.Advance(50 * day)
		must1(a.LogoutIdle(ctx, "", h.clock.Now()))
		checkAlive(t, "LogoutIdle leaves API keys", a, alive, key)
		h.do(a, deassign("amy", "editors"))
		if err := a.Judge(ctx, key, rbac.HasPermission("post.edit")); !errors.Is(err, rbac.ErrDenied) {
			t.Errorf("a right that the user has lost: got %v", err)
		}
	})
}

// A host's values can neither make nor unmake a key that is kept.
func TestKeptKeysAndValues(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{})
		kept, ended := h.keyOf(a, "amy", true), h.keyOf(a, "amy", false)
		for _, tok := range []rbac.Token{kept, ended} {
			for _, v := range []string{"", "1"} {
				if err := a.SetValue(ctx, tok, "\x01kept", v); !errors.Is(err, rbac.ErrInvalid) {
					t.Errorf("the mark set to %q: got %v", v, err)
				}
			}
			must(t, a.SetValue(ctx, tok, "kept", "1"))
			must(t, a.SetValue(ctx, tok, "big", strings.Repeat("x", 4096-len("kept1big")))) // the mark does not count
		}
		if _, err := a.Value(ctx, kept, "\x01kept"); !errors.Is(err, rbac.ErrInvalid) {
			t.Errorf("the mark read as a value: got %v", err)
		}
		h.setDisabled(a, "amy", true)
		h.setDisabled(a, "amy", false)
		checkAlive(t, "kept", a, alive, kept)
		checkAlive(t, "not kept", a, dead, ended)
	})
}
