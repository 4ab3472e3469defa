package rbac_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/store"
)

// interrupted is a store that runs a function before its next Update.
type interrupted struct {
	rbac.Store
	before func()
}

func (s *interrupted) Update(ctx context.Context, f func(store.Records) error) error {
	if before := s.before; before != nil {
		s.before = nil
		before()
	}
	return s.Store.Update(ctx, f)
}

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
				store := &interrupted{Store: h.store}
				h.store = store
				a := h.open(rbac.Config{})
				tok := h.issue(b, rbac.Login{User: "amy"})
				ticket, err := a.Ticket(ctx, tok)
				must(t, err)
				happened := false
				store.before = func() {
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

// endedRecords lose a ticket between the calls that find the ticket and the
// call that writes its value.
type endedRecords struct{ store.Records }

func (endedRecords) PutTicketValue(store.TicketValue) error        { return rbac.ErrNotFound }
func (endedRecords) DeleteTicketValue(_ uuid.UUID, _ string) error { return rbac.ErrNotFound }

// If a ticket ends inside the transaction, as is possible in a store that runs
// Updates side by side, SetValue finds no ticket.
func TestSetValueOvertakenInside(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{})
		tok := h.issue(a, rbac.Login{User: "amy"})
		must(t, a.SetValue(ctx, tok, "flash", "Saved."))
		h.store = bentStore{h.store, func(r store.Records) store.Records { return endedRecords{r} }}
		b := h.open(rbac.Config{})
		for _, value := range []string{"Lost.", ""} {
			if err := b.SetValue(ctx, tok, "flash", value); !errors.Is(err, rbac.ErrNoTicket) {
				t.Errorf("SetValue of %q: got %v; want ErrNoTicket", value, err)
			}
		}
	})
}

// callOrder notes the calls that decide whether two SetValue can overtake each
// other.
type callOrder struct {
	store.Records
	calls *[]string
}

func (r callOrder) LockUser(id uuid.UUID) (store.UserRecord, error) {
	*r.calls = append(*r.calls, "LockUser")
	return r.Records.LockUser(id)
}

func (r callOrder) Head(lock store.Lock) (store.Head, error) {
	if lock != store.NoLock {
		*r.calls = append(*r.calls, "Head")
	}
	return r.Records.Head(lock)
}

func (r callOrder) Ticket(k store.TicketKey) (store.Ticket, error) {
	*r.calls = append(*r.calls, "Ticket")
	return r.Records.Ticket(k)
}

func (r callOrder) TicketValues(ticket uuid.UUID) ([]store.TicketValue, error) {
	*r.calls = append(*r.calls, "TicketValues")
	return r.Records.TicketValues(ticket)
}

// In a store that runs Updates side by side, SetValue locks the user before
// reading the ticket and counting the bytes. SetValue holds up no
// administration, which locks head.
func TestSetValueLocksFirst(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		var calls []string
		tok := h.issue(h.office(rbac.Config{}), rbac.Login{User: "amy"})
		h.store = bentStore{h.store, func(r store.Records) store.Records { return callOrder{r, &calls} }}
		a := h.open(rbac.Config{})
		calls = nil
		must(t, a.SetValue(ctx, tok, "lang", "de"))
		if got, want := strings.Join(calls, " "), "LockUser Ticket TicketValues"; got != want {
			t.Errorf("SetValue calls %s; want %s", got, want)
		}
	})
}
