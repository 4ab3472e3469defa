package rbac_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/store"
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

// ChangePassword with the token of an API key makes the successor of the key:
// kept like the key, and in the log as a key that was rotated.
func TestChangePasswordWithAKey(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{})
		for _, keep := range []bool{true, false} {
			old := h.keyOf(a, "amy", keep)
			was := must1(a.Ticket(ctx, old))
			fresh := must1(a.ChangePassword(ctx, old, goodPassword, goodPassword))
			is := must1(a.Ticket(ctx, fresh))
			if !is.Key || is.KeepWhenDisabled != keep || !is.Expires.Equal(was.Expires) || is.Label != was.Label || is.ID == was.ID {
				t.Errorf("kept %v: the successor of %+v is %+v", keep, was, is)
			}
			c := h.lastChange(a)
			if c.Action != "IssueKey" || c.Subject != "amy" || c.ObjectID != is.ID || c.Actor != "amy" || !c.Verified ||
				!strings.Contains(string(c.After), `"rotates":"`+was.ID.String()) {
				t.Errorf("the log says which key follows: got %+v, after %s", c, c.After)
			}
			h.setDisabled(a, "amy", true)
			checkAlive(t, "while the user is disabled", a, dead, old, fresh)
			h.setDisabled(a, "amy", false)
			checkAlive(t, "the key before", a, dead, old)
			checkAlive(t, "enabled again", a, keep, fresh)
		}
	})
}

// The mark of a kept key, as a program of an earlier version writes it beside
// this one, keeps nothing: such a key ends with the others.
func TestMarkOfAnEarlierVersion(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{})
		kept, ended := h.keyOf(a, "amy", true), h.keyOf(a, "amy", false)
		mark := store.TicketValue{Ticket: must1(a.Ticket(ctx, ended)).ID, Key: "\x01kept", Value: "1"}
		must(t, h.store.Update(ctx, func(r store.Records) error { return r.PutTicketValue(mark) }))
		if err := a.SetValue(ctx, kept, mark.Key, ""); !errors.Is(err, rbac.ErrInvalid) {
			t.Errorf("the mark as a value of the host: got %v", err)
		}
		if must1(a.Ticket(ctx, ended)).KeepWhenDisabled {
			t.Error("the mark counts")
		}
		h.setDisabled(a, "amy", true)
		h.setDisabled(a, "amy", false)
		checkAlive(t, "kept", a, alive, kept)
		checkAlive(t, "not kept", a, dead, ended)
	})
}
