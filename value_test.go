package rbac_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/store"
)

// checkValue reports a value that is not the wanted value.
func checkValue(t *testing.T, rule string, a *rbac.Authority, tok rbac.Token, key, want string) {
	t.Helper()
	if got, err := a.Value(ctx, tok, key); err != nil || got != want {
		t.Errorf("%s: %q is %.40q, %v; want %.40q", rule, key, got, err, want)
	}
}

// checkNoValues requires that a token belongs to no ticket and therefore has no
// values.
func checkNoValues(t *testing.T, rule string, a *rbac.Authority, tok rbac.Token) {
	t.Helper()
	if got, err := a.Value(ctx, tok, "lang"); got != "" || !errors.Is(err, rbac.ErrNoTicket) {
		t.Errorf("%s: Value: %q, %v; want ErrNoTicket", rule, got, err)
	}
	if err := a.SetValue(ctx, tok, "lang", "fr"); !errors.Is(err, rbac.ErrNoTicket) {
		t.Errorf("%s: SetValue: %v; want ErrNoTicket", rule, err)
	}
}

// valuesOf returns the stored values of the tickets with these ids, dead or
// alive.
func (h *house) valuesOf(ids ...uuid.UUID) (list []store.TicketValue) {
	h.t.Helper()
	must(h.t, h.store.View(ctx, func(r store.Records) error {
		list = nil
		for _, id := range ids {
			values, err := r.TicketValues(id)
			if err != nil {
				return err
			}
			list = append(list, values...)
		}
		return nil
	}))
	return list
}

func TestValues(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a, b := h.office(rbac.Config{}), h.open(rbac.Config{})
		tok, other := h.issue(a, rbac.Login{User: "amy"}), h.issue(a, rbac.Login{User: "amy"})
		checkAlive(t, "warm", b, alive, tok, other)
		checkValue(t, "a key that was never set", a, tok, "lang", "")
		for _, value := range []string{"de", "中文", " a\n\"b\" \t", "de", "", "", "fr"} {
			must(t, a.SetValue(ctx, tok, "lang", value))
			must(t, a.SetValue(ctx, tok, "Lang", "another key"))
			for _, x := range []*rbac.Authority{a, b, h.open(rbac.Config{})} {
				checkValue(t, "set, and seen at once by every Authority", x, tok, "lang", value)
				checkValue(t, "keys are exact", x, tok, "Lang", "another key")
				checkValue(t, "another ticket of the same user", x, other, "lang", "")
			}
		}
		must(t, b.SetValue(ctx, tok, "lang", ""))
		checkValue(t, "removed by the other Authority", a, tok, "lang", "")
		ticket, err := a.Ticket(ctx, tok)
		must(t, err)
		if list := h.valuesOf(ticket.ID); len(list) != 1 || list[0].Key != "Lang" {
			t.Errorf("the empty text removes its key, and no other: %v", list)
		}
	})
}

func TestValueKeysAndTexts(t *testing.T) {
	refused := []struct{ rule, key, value, field string }{
		{"a key is not empty", "", "x", "Key"},
		{"a key has 64 bytes at most", strings.Repeat("k", 65), "x", "Key"},
		{"a key has 64 bytes at most, not characters", strings.Repeat("界", 22), "x", "Key"},
		{"a key is valid UTF-8", "a\xff", "x", "Key"},
		{"a key has no control characters", "a\nb", "x", "Key"},
		{"nor C1 ones", "a\u0085b", "x", "Key"},
		{"a value is valid UTF-8", "lang", "\xff", "Value"},
		{"a value has no NUL", "lang", "a\x00b", "Value"},
		{"a value has 4 KiB at most with its key", "lang", strings.Repeat("v", 4093), "Value"},
		{"and may be very large", "lang", strings.Repeat("v", 1<<20), "Value"},
	}
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{})
		tok := h.issue(a, rbac.Login{User: "amy"})
		must(t, a.SetValue(ctx, tok, "lang", "de"))
		for _, tt := range refused {
			var e *rbac.Error
			err := a.SetValue(ctx, tok, tt.key, tt.value)
			if !errors.As(err, &e) || e.Kind != rbac.ErrInvalid || e.Name != tt.key || e.Field != tt.field || len(err.Error()) > 300 {
				t.Errorf("%s: got %v; want ErrInvalid that names key and field", tt.rule, err)
			}
			if tt.field == "Value" && len(tt.value) > 4000 && !strings.Contains(err.Error(), "more than 4 KiB") {
				t.Errorf("%s: got %v; want the bound", tt.rule, err)
			}
			if _, err := a.Value(ctx, tok, tt.key); errors.Is(err, rbac.ErrInvalid) != (tt.field == "Key") {
				t.Errorf("%s: Value: %v", tt.rule, err)
			}
			checkValue(t, tt.rule+", and what was there stays", a, tok, "lang", "de")
		}
		for _, key := range []string{"a", strings.Repeat("k", 64), " ", "語言", "a.b/c"} {
			must(t, a.SetValue(ctx, tok, key, "x"))
			checkValue(t, "a key", a, tok, key, "x")
		}
	})
}

// All keys and values of one ticket have 4 KiB together.
func TestValuesAreSmall(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{})
		tok, other := h.issue(a, rbac.Login{User: "amy"}), h.issue(a, rbac.Login{User: "amy"})
		full := strings.Repeat("v", 4096-len("a")-len("bb")-1)
		for _, step := range []struct {
			rule, key, value string
			fits             bool
		}{
			{"a small one", "bb", "x", true},
			{"one that fills the rest", "a", full, true},
			{"one byte for the same key", "bb", "xy", false},
			{"a new key", "c", "x", false},
			{"removing what is not there", "c", "", true},
			{"the same again", "a", full, true},
			{"another of that size", "a", full[1:] + "w", true},
			{"one byte more", "a", full + "v", false},
			{"one byte less", "a", full[1:], true},
			{"has room for one byte", "bb", "xy", true},
			{"removing", "a", "", true},
			{"makes room", "c", full[:4000], true},
			{"and for no more than was there", "a", full[:100], false},
		} {
			before, err := a.Value(ctx, tok, step.key)
			must(t, err)
			err = a.SetValue(ctx, tok, step.key, step.value)
			want := step.value
			if !step.fits {
				want = before
				var e *rbac.Error
				if !errors.As(err, &e) || e.Kind != rbac.ErrInvalid || e.Name != step.key || e.Field != "Value" {
					t.Errorf("%s does not fit: got %v; want ErrInvalid that names the key", step.rule, err)
				}
			} else if err != nil {
				t.Errorf("%s fits: got %v", step.rule, err)
			}
			checkValue(t, step.rule, a, tok, step.key, want)
		}
		must(t, a.SetValue(ctx, other, "a", full))
	})
}

// The values of a ticket end with the ticket, by any end, and no further ticket
// inherits them.
func TestValuesEndWithTheirTicket(t *testing.T) {
	tests := []struct {
		rule string
		end  func(h *house, a *rbac.Authority, tok rbac.Token, id uuid.UUID) (next rbac.Token, err error)
	}{
		{"Logout", func(h *house, a *rbac.Authority, tok rbac.Token, _ uuid.UUID) (rbac.Token, error) {
			return rbac.Token{}, a.Logout(ctx, tok)
		}},
		{"RevokeTicket", func(h *house, a *rbac.Authority, _ rbac.Token, id uuid.UUID) (rbac.Token, error) {
			return rbac.Token{}, a.RevokeTicket(ctx, "amy", id)
		}},
		{"LogoutUser", func(h *house, a *rbac.Authority, _ rbac.Token, _ uuid.UUID) (rbac.Token, error) {
			_, err := a.LogoutUser(ctx, "amy")
			return rbac.Token{}, err
		}},
		{"LogoutIdle", func(h *house, a *rbac.Authority, _ rbac.Token, _ uuid.UUID) (rbac.Token, error) {
			_, err := a.LogoutIdle(ctx, "", h.clock.Now().Add(time.Hour))
			return rbac.Token{}, err
		}},
		{"Login.Replaces", func(h *house, a *rbac.Authority, tok rbac.Token, _ uuid.UUID) (rbac.Token, error) {
			return a.Login(ctx, rbac.Login{User: "amy", Password: goodPassword, Replaces: tok})
		}},
		{"ChangePassword", func(h *house, a *rbac.Authority, tok rbac.Token, _ uuid.UUID) (rbac.Token, error) {
			return a.ChangePassword(ctx, tok, goodPassword, goodPassword+"!")
		}},
		{"one ticket too many", func(h *house, a *rbac.Authority, _ rbac.Token, _ uuid.UUID) (rbac.Token, error) {
			h.clock.Advance(time.Second)
			if _, err := a.Issue(ctx, rbac.Login{User: "amy"}); err != nil {
				return rbac.Token{}, err
			}
			return a.Issue(ctx, rbac.Login{User: "amy"})
		}},
		{"deleting the user", func(h *house, a *rbac.Authority, _ rbac.Token, _ uuid.UUID) (rbac.Token, error) {
			return rbac.Token{}, a.Update(ctx, func(tx *rbac.Tx) error { return tx.DeleteUser("amy") })
		}},
		{"the sweeper", func(h *house, a *rbac.Authority, _ rbac.Token, _ uuid.UUID) (rbac.Token, error) {
			h.clock.Advance(13 * time.Hour)
			return rbac.Token{}, a.Sweep(ctx)
		}},
	}
	eachStore(t, func(t *testing.T, h *house) {
		for _, tt := range tests {
			t.Run(tt.rule, func(t *testing.T) {
				h := h.beside(t)
				a, b := h.office(rbac.Config{MaxTickets: 2}), h.open(rbac.Config{})
				tok := h.issue(a, rbac.Login{User: "amy"})
				other := h.issue(a, rbac.Login{User: "nora", Label: "robot", Expires: h.clock.Now().Add(100 * time.Hour)})
				ticket, err := a.Ticket(ctx, tok)
				must(t, err)
				for _, x := range []rbac.Token{tok, other} {
					must(t, b.SetValue(ctx, x, "lang", "de"))
					checkValue(t, "before", a, x, "lang", "de")
				}
				next, err := tt.end(h, a, tok, ticket.ID)
				must(t, err)
				for _, x := range []*rbac.Authority{a, b} {
					checkNoValues(t, tt.rule, x, tok)
					checkValue(t, tt.rule+", of another user", x, other, "lang", "de")
					if !next.IsZero() {
						checkValue(t, tt.rule+", in the new ticket", x, next, "lang", "")
					}
				}
				if left := h.valuesOf(ticket.ID); len(left) > 0 {
					t.Errorf("%s leaves the values %v behind", tt.rule, left)
				}
			})
		}
	})
}

func TestValuesNeedALivingTicket(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a, b := h.office(rbac.Config{}), h.open(rbac.Config{})
		tok := h.issue(a, rbac.Login{User: "amy"})
		must(t, a.SetValue(ctx, tok, "lang", "de"))
		for _, x := range []*rbac.Authority{a, b} {
			checkNoValues(t, "nobody", x, rbac.Token{})
			checkNoValues(t, "a token of no ticket", x, unknownToken(t))
		}
		ended, cancel := context.WithCancel(ctx)
		cancel()
		if _, err := a.Value(ended, rbac.Token{}, "lang"); !errors.Is(err, rbac.ErrNoTicket) {
			t.Errorf("nobody has no values, whatever the store says: got %v", err)
		}
		h.clock.Advance(time.Hour + time.Minute)
		checkNoValues(t, "past the idle limit", a, tok)
		checkNoValues(t, "past the idle limit, with cold caches", b, tok)
		ends := h.clock.Now().Add(12 * time.Hour)
		tok = h.issue(a, rbac.Login{User: "amy"})
		for h.clock.Now().Before(ends) {
			must(t, a.SetValue(ctx, tok, "lang", "de"))
			h.clock.Advance(30 * time.Minute)
		}
		checkNoValues(t, "past the absolute limit", a, tok)
		checkNoValues(t, "past the absolute limit, with cold caches", b, tok)
	})
}

// Value and SetValue count as a use of the ticket, written like any use.
func TestValuesAreUses(t *testing.T) {
	uses := map[string]func(*rbac.Authority, rbac.Token) error{
		"Value":    func(a *rbac.Authority, tok rbac.Token) error { return alone(a.Value(ctx, tok, "lang")) },
		"SetValue": func(a *rbac.Authority, tok rbac.Token) error { return a.SetValue(ctx, tok, "lang", "de") },
	}
	eachStore(t, func(t *testing.T, h *house) {
		a, b := h.office(rbac.Config{}), h.open(rbac.Config{})
		for name, use := range uses {
			tok, unused := h.issue(a, rbac.Login{User: "amy"}), h.issue(a, rbac.Login{User: "amy"})
			for range 3 {
				h.clock.Advance(40 * time.Minute)
				if err := use(a, tok); err != nil {
					t.Errorf("%s keeps the ticket alive: %v", name, err)
				}
				must(t, a.Flush(ctx)) // before the clock jumps: b sweeps by the record
			}
			if ticket, err := b.Ticket(ctx, tok); err != nil || !ticket.LastSeen.Equal(h.clock.Now()) {
				t.Errorf("%s was the last use: got %v, %v", name, ticket.LastSeen, err)
			}
			checkAlive(t, name+" of another ticket is no use", a, dead, unused)
		}
	})
}

// A value is no change: head stays, the log has no entry, and every Identity
// stays the same.
func TestValuesChangeNothing(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{})
		tok := h.issue(a, rbac.Login{User: "amy"})
		before, err := a.Identify(ctx, tok)
		must(t, err)
		head, last := h.head(), h.lastChange(a)
		must(t, a.SetValue(ctx, tok, "groups", "chiefs"))
		must(t, a.SetValue(ctx, tok, "groups", ""))
		if got := h.head(); got != head {
			t.Errorf("head moved from %v to %v", head, got)
		}
		if got := h.lastChange(a); got.Revision != last.Revision {
			t.Errorf("the change log has %+v", got)
		}
		if after, err := a.Identify(ctx, tok); err != nil || after != before {
			t.Errorf("the Identity is %v, %v; want the one that it was", after, err)
		}
	})
}

func (h *house) head() (head store.Head) {
	h.t.Helper()
	must(h.t, h.store.View(ctx, func(r store.Records) (err error) { head, err = r.Head(store.NoLock); return err }))
	return head
}

// If many callers set values at once, no key is lost and the bound holds.
func TestSetValueAtOnce(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a, b := h.office(rbac.Config{}), h.open(rbac.Config{})
		tok := h.issue(a, rbac.Login{User: "amy"})
		var group sync.WaitGroup
		var mu sync.Mutex
		kept := map[string]string{}
		for i := range 12 {
			key, value := fmt.Sprint("key", i), strings.Repeat(string(rune('a'+i)), 700)
			x := []*rbac.Authority{a, b}[i%2]
			group.Go(func() {
				switch err := x.SetValue(ctx, tok, key, value); {
				case err == nil:
					mu.Lock()
					kept[key] = value
					mu.Unlock()
				case !errors.Is(err, rbac.ErrInvalid):
					t.Errorf("%s: %v", key, err)
				}
			})
		}
		group.Wait()
		if len(kept) != 5 {
			t.Errorf("%d values of 700 bytes were set; 5 fit into 4 KiB", len(kept))
		}
		for i := range 12 {
			key := fmt.Sprint("key", i)
			checkValue(t, "what was set is there, and nothing else", a, tok, key, kept[key])
		}
	})
}
