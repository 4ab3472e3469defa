package rbac_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/internal/storefault"
	"github.com/rbac-go/rbac/store"
)

// A SetValue that is overtaken by the end of its ticket writes nothing.
func TestSetValueOvertaken(t *testing.T) {
	ends := map[string]func(h *house, b *rbac.Authority, tok rbac.Token) error{
		"Logout": func(h *house, b *rbac.Authority, tok rbac.Token) error { return b.Logout(ctx, tok) },
		"DeleteUser": func(h *house, b *rbac.Authority, tok rbac.Token) error {
			return b.Update(ctx, func(tx *rbac.Tx) error { return tx.DeleteUser("amy") })
		},
		"the absolute limit": func(h *house, b *rbac.Authority, tok rbac.Token) error {
			h.clock.Advance(13 * time.Hour)
			return nil
		},
	}
	eachStore(t, func(t *testing.T, h *house) {
		for rule, end := range ends {
			t.Run(rule, func(t *testing.T) {
				h := h.beside(t)
				b := h.office(rbac.Config{})
				var before func() // the next Update
				h.store = hooked(h.store, storefault.Hooks{Update: func(_ context.Context, run func() error) error {
					if f := before; f != nil {
						before = nil
						f()
					}
					return run()
				}})
				a := h.open(rbac.Config{})
				tok := h.issue(b, rbac.Login{User: "amy"})
				ticket, err := a.Ticket(ctx, tok)
				must(t, err)
				happened := false
				before = func() {
					happened = true
					must(t, end(h, b, tok))
				}
				if err := a.SetValue(ctx, tok, "lang", "de"); !happened || !errors.Is(err, rbac.ErrNoTicket) {
					t.Errorf("%s before the transaction of SetValue (%v): got %v; want ErrNoTicket", rule, happened, err)
				}
				checkAlive(t, rule, a, dead, tok)
				if left := h.valuesOf(ticket.ID); len(left) > 0 {
					t.Errorf("%s: %v was written", rule, left)
				}
			})
		}
	})
}

// If a ticket ends inside the transaction, as is possible in a store that runs
// Updates side by side, SetValue finds no ticket.
func TestSetValueOvertakenInside(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{})
		tok := h.issue(a, rbac.Login{User: "amy"})
		must(t, a.SetValue(ctx, tok, "flash", "Saved."))
		h.store = whileUpdating(h.store, func(name string, _ []any) error {
			if name == "PutTicketValue" || name == "DeleteTicketValue" {
				return rbac.ErrNotFound
			}
			return nil
		})
		b := h.open(rbac.Config{})
		for _, value := range []string{"Lost.", ""} {
			if err := b.SetValue(ctx, tok, "flash", value); !errors.Is(err, rbac.ErrNoTicket) {
				t.Errorf("SetValue of %q: got %v; want ErrNoTicket", value, err)
			}
		}
	})
}

// In a store that runs Updates side by side, SetValue locks the user before
// reading the ticket and counting the bytes. SetValue holds up no
// administration, which locks head.
func TestSetValueLocksFirst(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		var calls []string
		tok := h.issue(h.office(rbac.Config{}), rbac.Login{User: "amy"})
		// the calls that decide whether two SetValue can overtake each other
		h.store = whileUpdating(h.store, func(name string, args []any) error {
			switch {
			case name == "Head" && args[0] != store.NoLock, name == "LockUser", name == "Ticket", name == "TicketValues":
				calls = append(calls, name)
			}
			return nil
		})
		a := h.open(rbac.Config{})
		calls = nil
		must(t, a.SetValue(ctx, tok, "lang", "de"))
		if got, want := strings.Join(calls, " "), "LockUser Ticket TicketValues"; got != want {
			t.Errorf("SetValue calls %s; want %s", got, want)
		}
	})
}
