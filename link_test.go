package rbac_test

import (
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

// A new user chooses a password with an invitation, once.
func TestInvite(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{})
		link := must1(a.IssueLink(ctx, rbac.Link{User: "Nora", Purpose: rbac.LinkInvite}))
		for range 2 { // as a mail program does
			if u, err := a.LinkUser(ctx, link, rbac.LinkInvite); err != nil || u.Name != "nora" {
				t.Fatalf("LinkUser: %v, %v", u, err)
			}
		}
		if err := a.ResetPassword(ctx, link, "short"); !errors.Is(err, rbac.ErrInvalid) {
			t.Errorf("a short password is %v; want ErrInvalid", err)
		}
		must(t, a.ResetPassword(ctx, link, goodPassword))
		_, err := a.Login(ctx, rbac.Login{User: "nora", Password: goodPassword})
		must(t, err)
		refusedLink(t, a, link, rbac.LinkInvite)
	})
}

// A new password ends all tickets, and makes failed logins forgotten.
func TestResetPassword(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{MaxFailures: 2})
		old := h.issue(a, rbac.Login{User: "amy"})
		key := h.issue(a, rbac.Login{User: "amy", Label: "backup", Expires: h.clock.Now().Add(1000 * time.Hour)})
		for range 3 {
			a.Login(ctx, rbac.Login{User: "amy", Password: "wrong", Addr: home})
		}
		if _, err := a.Login(ctx, rbac.Login{User: "amy", Password: goodPassword, Addr: home}); !errors.Is(err, rbac.ErrThrottled) {
			t.Fatalf("after three failures: %v; want ErrThrottled", err)
		}
		link := must1(a.IssueLink(ctx, rbac.Link{User: "amy", Purpose: rbac.LinkReset}))
		invite := must1(a.IssueLink(ctx, rbac.Link{User: "amy", Purpose: rbac.LinkInvite}))
		const fresh = "a new long password"
		must(t, a.ResetPassword(ctx, link, fresh))
		for _, tok := range []rbac.Token{old, key} {
			if _, err := a.Identify(ctx, tok); !errors.Is(err, rbac.ErrNoTicket) {
				t.Errorf("a ticket after a reset: %v; want ErrNoTicket", err)
			}
		}
		if _, err := a.Login(ctx, rbac.Login{User: "amy", Password: goodPassword, Addr: home}); !errors.Is(err, rbac.ErrBadCredentials) {
			t.Errorf("the old password: %v; want ErrBadCredentials", err)
		}
		_, err := a.Login(ctx, rbac.Login{User: "amy", Password: fresh, Addr: home})
		must(t, err)
		refusedLink(t, a, invite, rbac.LinkInvite)
	})
}

// refusedLink requires that every function refuses a link.
func refusedLink(t *testing.T, a *rbac.Authority, link rbac.Token, purpose string) {
	t.Helper()
	for name, err := range map[string]error{
		"LinkUser":      alone(a.LinkUser(ctx, link, purpose)),
		"RedeemLink":    a.RedeemLink(ctx, link, purpose, func(*rbac.Tx, rbac.User) error { panic("redeemed") }),
		"ResetPassword": a.ResetPassword(ctx, link, goodPassword),
	} {
		if !errors.Is(err, rbac.ErrNoTicket) {
			t.Errorf("%s: %v; want ErrNoTicket", name, err)
		}
	}
}

// What ends a link, and what leaves a link as it is.
func TestLinkEnds(t *testing.T) {
	type does = func(h *house, a *rbac.Authority, user string) error
	issue := func(purpose string) does {
		return func(_ *house, a *rbac.Authority, user string) error {
			return second(a.IssueLink(ctx, rbac.Link{User: user, Purpose: purpose}))
		}
	}
	edit := func(f func(*rbac.User)) does {
		return func(_ *house, a *rbac.Authority, user string) error { return a.Update(ctx, editUser(user, f)) }
	}
	update := func(f func(user string) func(*rbac.Tx) error) does {
		return func(_ *house, a *rbac.Authority, user string) error { return a.Update(ctx, f(user)) }
	}
	after := func(d time.Duration) does {
		return func(h *house, _ *rbac.Authority, _ string) error { h.clock.Advance(d); return nil }
	}
	// past changes a record as SQL does, or a program of an earlier version.
	past := func(f func(*store.UserRecord)) does {
		return func(h *house, _ *rbac.Authority, user string) error {
			return h.store.Update(ctx, func(r store.Records) error {
				u, err := r.User(store.UserKey{Name: user})
				if err != nil {
					return err
				}
				f(&u)
				return errors.Join(r.SetUser(u), r.SetPasswordHash(u.ID, u.PasswordHash))
			})
		}
	}
	cases := []struct {
		what string
		do   does
		ends bool
	}{
		{"nothing", after(0), false},
		{"another link for the same purpose", issue(rbac.LinkReset), true},
		{"a link for another purpose", issue(rbac.LinkVerify), false},
		{"a link of another user", func(h *house, a *rbac.Authority, _ string) error { return issue(rbac.LinkReset)(h, a, "nora") }, false},
		{"59 minutes", after(59 * time.Minute), false},
		{"an hour", after(time.Hour), true},
		{"a password", func(_ *house, a *rbac.Authority, user string) error { return a.SetPassword(ctx, user, goodPassword) }, true},
		{"a changed password", func(h *house, a *rbac.Authority, user string) error {
			must(t, a.SetPassword(ctx, user, goodPassword))
			return second(a.ChangePassword(ctx, h.issue(a, rbac.Login{User: user}), goodPassword, goodPassword+"!"))
		}, true},
		{"a deleted password", update(func(user string) func(*rbac.Tx) error {
			return func(tx *rbac.Tx) error { return tx.SetPasswordHash(user, "") }
		}), true},
		{"another e-mail address", edit(func(u *rbac.User) { u.Email = "other" + u.Email }), true},
		{"no e-mail address", edit(func(u *rbac.User) { u.Email = "" }), true},
		{"another subject", edit(func(u *rbac.User) { u.Subject = "sub|" + u.Name }), true},
		{"another name", edit(func(u *rbac.User) { u.Name = "new" + u.Name }), false},
		{"a disabled account", edit(func(u *rbac.User) { u.Disabled = true }), true},
		{"an account disabled and enabled", func(h *house, a *rbac.Authority, user string) error {
			return errors.Join(a.Update(ctx, editUser(user, func(u *rbac.User) { u.Disabled = true })),
				a.Update(ctx, editUser(user, func(u *rbac.User) { u.Disabled = false })))
		}, true},
		{"a deleted account", update(func(user string) func(*rbac.Tx) error {
			return func(tx *rbac.Tx) error { return tx.DeleteUser(user) }
		}), true},
		{"LogoutUser", func(_ *house, a *rbac.Authority, user string) error { return second(a.LogoutUser(ctx, user)) }, true},
		{"EndTickets, except one", update(func(user string) func(*rbac.Tx) error { return endTickets(user, uuid.UUID{1}) }), true},
		{"EndTickets of everybody", update(func(string) func(*rbac.Tx) error { return endTickets("") }), true},
		{"a password set past the Authority", past(func(u *store.UserRecord) { u.PasswordHash = someHash + "A" }), true},
		{"an address set past the Authority", past(func(u *store.UserRecord) { u.Email = "past@example.org" }), true},
		{"a subject set past the Authority", past(func(u *store.UserRecord) { u.Subject = "sub|past" }), true},
		{"a note set past the Authority", past(func(u *store.UserRecord) { u.Note = "past" }), false},
		{"EndTickets", update(func(user string) func(*rbac.Tx) error { return endTickets(user) }), true},
		{"a login and Logout", func(h *house, a *rbac.Authority, user string) error {
			return a.Logout(ctx, h.issue(a, rbac.Login{User: user}))
		}, false},
		{"a membership", update(func(user string) func(*rbac.Tx) error { return assign(user, "staff") }), false},
	}
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{})
		for i, c := range cases {
			user := fmt.Sprint("user", i)
			var link rbac.Token
			h.do(a, func(tx *rbac.Tx) (err error) {
				must(t, addUser(rbac.User{Name: user, Email: user + "@example.org"})(tx))
				must(t, tx.SetPasswordHash(user, someHash))
				link, err = tx.IssueLink(rbac.Link{User: user, Purpose: rbac.LinkReset})
				return err
			})
			must(t, c.do(h, a, user))
			if c.ends {
				refusedLink(t, a, link, rbac.LinkReset)
				continue
			}
			if err := a.ResetPassword(ctx, link, goodPassword+"?"); err != nil {
				t.Errorf("%s: the link is refused: %v", c.what, err)
			}
		}
	})
}

// A link is good for its purpose, and for nothing that a ticket is good for.
func TestLinkIsForItsPurpose(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{})
		ticket := h.issue(a, rbac.Login{User: "amy"})
		link := must1(a.IssueLink(ctx, rbac.Link{User: "amy", Purpose: "delete account"}))
		never := must1(rbac.ParseToken(strings.Repeat("A", 43)))
		for name, tok := range map[string]rbac.Token{"a ticket": ticket, "the zero Token": {}, "a token of nobody": never} {
			t.Run(name, func(t *testing.T) { refusedLink(t, a, tok, rbac.LinkReset) })
		}
		for _, purpose := range []string{rbac.LinkReset, rbac.LinkInvite, rbac.LinkVerify, "Delete account", ""} {
			refusedLink(t, a, link, purpose)
		}
		for name, err := range map[string]error{
			"Identify": second(a.Identify(ctx, link)),
			"Logout":   a.Logout(ctx, link),
		} {
			if !errors.Is(err, rbac.ErrNoTicket) {
				t.Errorf("%s with a link: %v; want ErrNoTicket", name, err)
			}
		}
		h.clock.Advance(time.Hour - time.Second)
		must(t, a.RedeemLink(ctx, link, "delete account", func(tx *rbac.Tx, u rbac.User) error { return tx.DeleteUser(u.Name) }))
		if _, err := a.Identity(ctx, "amy"); !errors.Is(err, rbac.ErrNotFound) {
			t.Errorf("the function ran: %v; want ErrNotFound", err)
		}
	})
}

// A verified address is verified until the address changes.
func TestLinkVerify(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{})
		verified := func() (u rbac.User) {
			must(t, a.View(ctx, func(tx *rbac.Tx) (err error) { u, err = tx.User("amy"); return err }))
			return u
		}
		h.do(a, editUser("amy", func(u *rbac.User) { u.Email, u.EmailVerified = "amy@example.org", h.clock.Now() }))
		if got := verified().EmailVerified; !got.IsZero() {
			t.Errorf("EmailVerified is ignored on input: %v", got)
		}
		link := must1(a.IssueLink(ctx, rbac.Link{User: "amy", Purpose: rbac.LinkVerify}))
		h.clock.Advance(23 * time.Hour)
		seen := rbac.User{}
		must(t, a.RedeemLink(ctx, link, rbac.LinkVerify, func(_ *rbac.Tx, u rbac.User) error { seen = u; return nil }))
		if got := verified(); !got.EmailVerified.Equal(h.clock.Now()) || seen != got {
			t.Errorf("verified at %v, and the function saw %+v; want %v", got.EmailVerified, seen, h.clock.Now())
		}
		h.do(a, editUser("amy", func(u *rbac.User) { u.Note = "a note"; u.EmailVerified = time.Time{} }))
		if verified().EmailVerified.IsZero() {
			t.Error("a note makes the address unverified")
		}
		h.do(a, editUser("amy", func(u *rbac.User) { u.Email = "other@example.org" }))
		if got := verified().EmailVerified; !got.IsZero() {
			t.Errorf("another address is verified at %v", got)
		}
	})
}

// A refused RedeemLink leaves the link as it was.
func TestRedeemLinkRefused(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{})
		link := must1(a.IssueLink(ctx, rbac.Link{User: "amy", Purpose: rbac.LinkReset}))
		err := a.RedeemLink(ctx, link, rbac.LinkReset, func(*rbac.Tx, rbac.User) error { return errTest })
		if !errors.Is(err, errTest) {
			t.Errorf("the error is %v; want that of the function", err)
		}
		func() {
			defer func() { recover() }()
			a.RedeemLink(ctx, link, rbac.LinkReset, func(*rbac.Tx, rbac.User) error { panic("redeeming") })
			t.Error("a panic does not propagate")
		}()
		must(t, a.RedeemLink(ctx, link, rbac.LinkReset, nil))
		refusedLink(t, a, link, rbac.LinkReset)
	})
}

// Of several who redeem a link at once, at two Authorities, one succeeds.
func TestRedeemLinkAtOnce(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		both := []*rbac.Authority{h.office(rbac.Config{}), h.open(rbac.Config{})}
		for range 5 {
			link := must1(both[0].IssueLink(ctx, rbac.Link{User: "amy", Purpose: rbac.LinkReset}))
			var redeemed sync.Map
			var all sync.WaitGroup
			for i := range 4 {
				all.Go(func() {
					err := both[i%2].RedeemLink(ctx, link, rbac.LinkReset, func(tx *rbac.Tx, u rbac.User) error {
						u.Note = fmt.Sprint(i)
						return tx.ModifyUser(u)
					})
					if err == nil {
						redeemed.Store(i, true)
					} else if !errors.Is(err, rbac.ErrNoTicket) {
						t.Errorf("the others get %v; want ErrNoTicket", err)
					}
				})
			}
			all.Wait()
			n := 0
			redeemed.Range(func(any, any) bool { n++; return true })
			if n != 1 {
				t.Errorf("%d have redeemed one link", n)
			}
		}
	})
}
