package rbac_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
)

// Every call that shuts a user out ends all the user's tickets in the same
// Update, for every Authority, through warm caches.
func TestWhatEndsAllTickets(t *testing.T) {
	tests := []struct {
		rule string
		do   func(h *house, a *rbac.Authority, amy rbac.User) error
		ends bool
	}{
		{"disable", func(h *house, a *rbac.Authority, amy rbac.User) error {
			return a.Update(ctx, func(tx *rbac.Tx) error { amy.Disabled = true; return tx.ModifyUser(amy) })
		}, true},
		{"disable and enable in one Update", func(h *house, a *rbac.Authority, amy rbac.User) error {
			return a.Update(ctx, func(tx *rbac.Tx) error {
				off := amy
				off.Disabled = true
				return errors.Join(tx.ModifyUser(off), tx.ModifyUser(amy))
			})
		}, true},
		{"delete", func(h *house, a *rbac.Authority, amy rbac.User) error {
			return a.Update(ctx, func(tx *rbac.Tx) error { return tx.DeleteUser("amy") })
		}, true},
		{"delete and add again with the same id", func(h *house, a *rbac.Authority, amy rbac.User) error {
			return a.Update(ctx, func(tx *rbac.Tx) error {
				if err := tx.DeleteUser("amy"); err != nil {
					return err
				}
				_, err := tx.AddUser(amy)
				return err
			})
		}, true},
		{"SetPassword", func(h *house, a *rbac.Authority, amy rbac.User) error {
			return a.SetPassword(ctx, "Amy", goodPassword)
		}, true},
		{"SetPasswordHash", func(h *house, a *rbac.Authority, amy rbac.User) error {
			hash, err := a.HashPassword(ctx, goodPassword)
			return errors.Join(err, a.Update(ctx, func(tx *rbac.Tx) error { return tx.SetPasswordHash("amy", hash) }))
		}, true},
		{"taking the password away", func(h *house, a *rbac.Authority, amy rbac.User) error {
			return a.Update(ctx, func(tx *rbac.Tx) error { return tx.SetPasswordHash("amy", "") })
		}, true},
		{"EndTickets", func(h *house, a *rbac.Authority, amy rbac.User) error { return a.Update(ctx, endTickets("amy")) }, true},
		{"an EndTickets that fails", func(h *house, a *rbac.Authority, amy rbac.User) error {
			if err := a.Update(ctx, all(endTickets(""), deassign("zed", "staff"))); !errors.Is(err, rbac.ErrNotFound) {
				return err
			}
			return nil
		}, false},
		{"a hash that is refused", func(h *house, a *rbac.Authority, amy rbac.User) error {
			if err := a.Update(ctx, func(tx *rbac.Tx) error { return tx.SetPasswordHash("amy", "secret") }); !errors.Is(err, rbac.ErrInvalid) {
				return errors.New("a hash of no known format was accepted")
			}
			return nil
		}, false},
		{"an Update that fails", func(h *house, a *rbac.Authority, amy rbac.User) error {
			if err := a.Update(ctx, func(tx *rbac.Tx) error {
				return errors.Join(tx.DeleteUser("amy"), errors.New("no"))
			}); err == nil {
				return errors.New("the error of f is lost")
			}
			return nil
		}, false},
		{"renaming", func(h *house, a *rbac.Authority, amy rbac.User) error {
			return a.Update(ctx, func(tx *rbac.Tx) error { amy.Name = "amelia"; return tx.ModifyUser(amy) })
		}, false},
		{"assigning and deassigning", func(h *house, a *rbac.Authority, amy rbac.User) error {
			return a.Update(ctx, func(tx *rbac.Tx) error {
				return errors.Join(tx.AssignUser(rbac.Membership{User: "amy", Group: "staff"}), tx.DeassignUser(rbac.Membership{User: "amy", Group: "editors"}))
			})
		}, false},
	}
	eachStore(t, func(t *testing.T, h *house) {
		for _, tt := range tests {
			t.Run(tt.rule, func(t *testing.T) {
				h := h.beside(t)
				a, b := h.office(rbac.Config{}), h.open(rbac.Config{})
				id, err := a.Identity(ctx, "amy")
				must(t, err)
				tokens := []rbac.Token{
					h.issue(a, rbac.Login{User: "amy"}),
					h.issue(a, rbac.Login{User: "amy", Groups: []string{}}),
					h.issue(a, rbac.Login{User: "amy", Label: "robot", Expires: h.clock.Now().Add(100 * time.Hour)}),
				}
				other := h.issue(a, rbac.Login{User: "nora"})
				for range 2 {
					checkAlive(t, "before", a, alive, append(tokens, other)...)
					checkAlive(t, "before", b, alive, append(tokens, other)...)
				}
				must(t, tt.do(h, a, rbac.User{ID: id.ID(), Name: "amy"}))
				for _, x := range []*rbac.Authority{a, b, h.open(rbac.Config{})} {
					checkAlive(t, tt.rule, x, !tt.ends, tokens...)
					checkAlive(t, "nobody else's", x, alive, other)
				}
			})
		}
	})
}

// No Identify at or after a membership's Until counts the membership: without a
// sweeper, with warm caches.
func TestUntilIsExact(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a, b := h.office(rbac.Config{}), h.open(rbac.Config{})
		first, second := h.clock.Now().Add(10*time.Minute), h.clock.Now().Add(20*time.Minute)
		h.do(a, func(tx *rbac.Tx) error {
			return errors.Join(
				tx.AssignUser(rbac.Membership{User: "amy", Group: "staff", Until: first}),
				tx.AssignUser(rbac.Membership{User: "amy", Group: "chiefs", Until: second}))
		})
		tok := h.issue(a, rbac.Login{User: "amy"})
		narrow := h.issue(a, rbac.Login{User: "amy", Groups: []string{"chiefs"}})
		check := func(rule string, want ...string) {
			t.Helper()
			for range 2 {
				checkGroups(t, rule, tok, want, a, b)
				for _, x := range []*rbac.Authority{a, b} {
					if id, err := x.Identity(ctx, "amy"); err != nil || id.InGroup("chiefs") != (len(want) > 1) {
						t.Errorf("%s: Identity says chiefs %v, %v", rule, id.InGroup("chiefs"), err)
					}
					err := x.Update(ctx, func(tx *rbac.Tx) error { return tx.Check(tok, rbac.InGroup("chiefs")) })
					if (err == nil) != (len(want) > 1) {
						t.Errorf("%s: Tx.Check says %v", rule, err)
					}
				}
			}
		}
		check("before", "chiefs", "editors", "staff")
		h.clock.Advance(10*time.Minute - time.Microsecond)
		check("a microsecond before the first end", "chiefs", "editors", "staff")
		h.clock.Advance(time.Microsecond)
		check("staff is inherited still", "chiefs", "editors", "staff")
		h.clock.Advance(10*time.Minute - time.Microsecond)
		check("a microsecond before the second end", "chiefs", "editors", "staff")
		checkGroups(t, "narrowed, before", narrow, []string{"chiefs", "staff"}, a, b)
		h.clock.Advance(time.Microsecond)
		check("at the instant", "editors")
		checkGroups(t, "narrowed, at the instant", narrow, nil, a, b)
		if _, err := a.Issue(ctx, rbac.Login{User: "amy", Groups: []string{"chiefs"}}); !errors.Is(err, rbac.ErrDenied) {
			t.Errorf("a login cannot ask for a group whose membership ended: got %v", err)
		}
	})
}

func TestSetPassword(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{RefusePassword: func(p string) error {
			if p == "password password" {
				return errors.New("in every list of passwords")
			}
			return nil
		}})
		for _, tt := range []struct {
			user, password string
			want           error
		}{
			{"zed", goodPassword, rbac.ErrNotFound},
			{"\xff", goodPassword, rbac.ErrInvalid},
			{"amy", "short", rbac.ErrInvalid},
			{"amy", "", rbac.ErrInvalid},
			{"amy", "password password", rbac.ErrInvalid},
			{"amy", "not UTF-8 \xff\xff\xff\xff\xff\xff", rbac.ErrInvalid},
		} {
			if err := a.SetPassword(ctx, tt.user, tt.password); !errors.Is(err, tt.want) {
				t.Errorf("SetPassword(%q, %q) is %v: got %v", tt.user, tt.password, tt.want, err)
			}
		}
		must(t, a.SetPassword(ctx, "nora", "cafe\u0301 au lait and more"))
		if _, err := a.Login(ctx, rbac.Login{User: "nora", Password: "caf\u00e9 au lait and more"}); err != nil {
			t.Errorf("the new password, in another normal form: %v", err)
		}
		c := h.lastChange(a)
		if c.Action != "SetPasswordHash" || c.Subject != "nora" || c.Before != nil || c.After != nil {
			t.Errorf("a change that says nothing of the hash: got %+v", c)
		}
		ended, cancel := context.WithCancel(ctx)
		cancel()
		if _, err := a.HashPassword(ended, goodPassword); !errors.Is(err, rbac.ErrUnavailable) || !errors.Is(err, context.Canceled) {
			t.Errorf("HashPassword in a context that ended: got %v", err)
		}
	})
}

func TestChangePassword(t *testing.T) {
	const changed = goodPassword + ", changed"
	eachStore(t, func(t *testing.T, h *house) {
		a, b := h.office(rbac.Config{}), h.open(rbac.Config{})
		login := rbac.Login{User: "amy", Password: goodPassword, Addr: home, Label: "laptop", UserAgent: "Mozilla", Groups: []string{"editors"}}
		tok, err := a.Login(ctx, login)
		must(t, err)
		key := h.issue(a, rbac.Login{User: "amy", Label: "robot", Expires: h.clock.Now().Add(100 * time.Hour)})
		before, err := a.Ticket(ctx, tok)
		must(t, err)
		for _, tt := range []struct {
			rule     string
			tok      rbac.Token
			old, new string
			want     error
		}{
			{"no ticket", rbac.Token{}, goodPassword, changed, rbac.ErrNoTicket},
			{"no ticket, whatever the passwords", unknownToken(t), "", "", rbac.ErrNoTicket},
			{"new one too short", tok, goodPassword, "short", rbac.ErrInvalid},
			{"old one wrong", tok, changed, changed, rbac.ErrBadCredentials},
			{"old one empty", tok, "", changed, rbac.ErrBadCredentials},
		} {
			if got, err := b.ChangePassword(ctx, tt.tok, tt.old, tt.new); !got.IsZero() || !errors.Is(err, tt.want) {
				t.Errorf("%s is %v: got %v, %v", tt.rule, tt.want, got, err)
			}
		}
		checkAlive(t, "after an error the ticket is as it was", a, alive, tok, key)
		h.clock.Advance(time.Hour)
		fresh, err := b.ChangePassword(ctx, tok, goodPassword, changed)
		must(t, err)
		checkAlive(t, "all tickets end, API keys and the caller's too", a, dead, tok, key)
		after, err := a.Ticket(ctx, fresh)
		must(t, err)
		if after.ID == before.ID || after.Label != "laptop" || after.UserAgent != "Mozilla" || after.Addr != home || len(after.Groups) != 1 ||
			!after.Created.Equal(h.clock.Now()) || !after.Expires.Equal(h.clock.Now().Add(12*time.Hour)) {
			t.Errorf("the new ticket is like the caller's, made now: got %+v", after)
		}
		if _, err := a.Login(ctx, login); !errors.Is(err, rbac.ErrBadCredentials) {
			t.Errorf("the old password is wrong now: got %v", err)
		}
		login.Password = changed
		if _, err := a.Login(ctx, login); err != nil {
			t.Errorf("the new password is right now: got %v", err)
		}
	})
}

// A ticket with an early end keeps its end after ChangePassword.
func TestChangePasswordKeepsAnEarlyEnd(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{})
		early := h.clock.Now().Add(30 * time.Minute)
		for _, l := range []rbac.Login{{User: "amy", Expires: early}, {User: "nora", Expires: early, Label: "robot"}} {
			must(t, a.SetPassword(ctx, l.User, goodPassword))
			tok, err := a.ChangePassword(ctx, h.issue(a, l), goodPassword, goodPassword+"!")
			must(t, err)
			if ticket, err := a.Ticket(ctx, tok); err != nil || !ticket.Expires.Equal(early) {
				t.Errorf("%v: Expires stays: got %v, %v", l, ticket.Expires, err)
			}
		}
	})
}
