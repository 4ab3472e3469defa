package rbac_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
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

// The change log has each link from beginning to end, and no secret.
func TestLinkChanges(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{})
		begin := a.Revision()
		admin := rbac.WithActor(ctx, "root")
		used := must1(a.IssueLink(admin, rbac.Link{User: "amy", Purpose: rbac.LinkReset}))
		must(t, a.ResetPassword(ctx, used, goodPassword+"!"))
		old := must1(a.IssueLink(admin, rbac.Link{User: "nora", Purpose: rbac.LinkInvite}))
		h.clock.Advance(7 * 24 * time.Hour)
		must(t, a.Sweep(ctx))
		must(t, a.Sweep(ctx))
		var got []string
		must(t, a.View(ctx, func(tx *rbac.Tx) error {
			got = nil
			for c, err := range tx.Changes(rbac.ChangeQuery{}) {
				if err != nil {
					return err
				}
				text := string(must1(json.Marshal(c)))
				if strings.Contains(text, used.Secret()) || strings.Contains(text, old.Secret()) {
					t.Errorf("the log has the secret of a link: %s", text)
				}
				if c.Revision > begin && strings.HasSuffix(c.Action, "Link") {
					got = append(got, fmt.Sprintf("%s %s %s by %q verified %v", c.Action, c.Subject, c.Object, c.Actor, c.Verified))
				}
			}
			return nil
		}))
		want := []string{
			`IssueLink amy reset by "root" verified false`,
			`RedeemLink amy reset by "amy" verified false`,
			`IssueLink nora invite by "root" verified false`,
			`ExpireLink nora invite by "" verified false`,
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("the change log has\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	})
}

// What IssueLink refuses.
func TestIssueLinkErrors(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{})
		now := h.clock.Now()
		for _, c := range []struct {
			link rbac.Link
			want error
			says string
		}{
			{rbac.Link{User: "nobody", Purpose: rbac.LinkReset}, rbac.ErrNotFound, `user "nobody"`},
			{rbac.Link{User: "dora", Purpose: rbac.LinkReset}, rbac.ErrDenied, "disabled"},
			{rbac.Link{User: "amy"}, rbac.ErrInvalid, "Purpose"},
			{rbac.Link{User: "amy", Purpose: " x"}, rbac.ErrInvalid, "Purpose"},
			{rbac.Link{User: "amy", Purpose: rbac.LinkVerify}, rbac.ErrInvalid, "no e-mail address"},
			{rbac.Link{User: "amy", Purpose: rbac.LinkReset, Expires: now}, rbac.ErrInvalid, "in the past"},
			{rbac.Link{User: "amy", Purpose: rbac.LinkReset, Expires: now.Add(30*24*time.Hour + time.Second)}, rbac.ErrInvalid, "30 days"},
		} {
			tok, err := a.IssueLink(ctx, c.link)
			if !errors.Is(err, c.want) || !strings.Contains(fmt.Sprint(err), c.says) || !tok.IsZero() {
				t.Errorf("%+v: %v, %v; want %v with %q", c.link, tok, err, c.want, c.says)
			}
		}
		last := rbac.Link{User: "amy", Purpose: rbac.LinkReset, Expires: now.Add(30 * 24 * time.Hour)}
		link := must1(a.IssueLink(ctx, last))
		h.clock.Advance(30*24*time.Hour - time.Second)
		must(t, second(a.LinkUser(ctx, link, rbac.LinkReset)))
	})
}

// A delegate sends links to those whom the delegate may administer.
func TestIssueLinkAs(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := cooperative(h)
		for _, c := range []struct {
			as, user string
			denied   bool
		}{
			{"lea", "mia", false}, {"lea", "mo", true}, {"lea", "both", true}, {"lea", "ada", true}, {"lea", "newt", true},
			{"hal", "newt", false}, {"hal", "olga", true}, {"gil", "mia", true}, {"mia", "mia", true}, {"ada", "olga", false},
		} {
			err := h.as(a, c.as, func(tx *rbac.Tx) error {
				return second(tx.IssueLink(rbac.Link{User: c.user, Purpose: rbac.LinkReset}))
			})
			if c.denied != errors.Is(err, rbac.ErrDenied) || !c.denied && err != nil {
				t.Errorf("%s sends %s a link: %v; denied should be %v", c.as, c.user, err, c.denied)
			}
		}
	})
}

// A link is no change of the user for RequireUnchanged: an administrator who
// edits the user meanwhile is not interrupted.
func TestLinkIsNoConflict(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{})
		seen := a.Revision()
		must(t, second(a.IssueLink(ctx, rbac.Link{User: "amy", Purpose: rbac.LinkReset})))
		h.do(a, func(tx *rbac.Tx) error { return tx.RequireUnchanged(seen, "user", "amy") })
	})
}
