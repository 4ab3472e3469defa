package rbac_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/internal/storefault"
)

// inbox keeps the events of an Authority.
type inbox struct {
	mu  sync.Mutex
	got []rbac.Event
}

func (b *inbox) receive(_ context.Context, e rbac.Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.got = append(b.got, e)
}

// wait returns once the receiver has got everything that was sent before.
func (b *inbox) wait(t *testing.T, a *rbac.Authority) {
	t.Helper()
	mark := rbac.EventKind(uuid.NewString())
	a.Report(ctx, rbac.Event{Kind: mark})
	eventually(t, "the events to arrive", func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		n := len(b.got)
		if n == 0 || b.got[n-1].Kind != mark {
			return false
		}
		b.got = b.got[:n-1]
		return true
	})
}

// of returns the events of a call, and forgets them.
func (b *inbox) of(t *testing.T, a *rbac.Authority, call func()) []rbac.Event {
	t.Helper()
	b.wait(t, a)
	b.got = nil
	call()
	b.wait(t, a)
	return b.got
}

// eventually waits for another goroutine, however busy the machine is.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("waited a minute for " + what)
		}
	}
}

// line is an event as a table shows it: the kind, the action, whom it is about,
// and who did it.
func line(e rbac.Event) string {
	text := fmt.Sprint(e.Kind, " ", e.Action, " ", e.User)
	if e.Change.Subject != e.User {
		text += e.Change.Subject
	}
	if e.Change.Object != "" && e.Ticket == uuid.Nil {
		text += "/" + e.Change.Object
	}
	if e.Actor != "" {
		text += " by " + e.Actor
	}
	return strings.TrimSpace(text)
}

// Each call has its events, in order, and no others.
func TestEvents(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		var b inbox
		a := h.office(rbac.Config{OnEvent: b.receive})
		password := rbac.Login{User: "Amy", Password: goodPassword, Addr: home}
		var tok, link rbac.Token
		var dora rbac.User
		asEve := rbac.WithActor(ctx, "eve")
		for _, c := range []struct {
			rule string
			call func() error
			want []string
		}{
			{"a login", func() (err error) { tok, err = a.Login(ctx, password); return err },
				[]string{"authn_login_success Login amy"}},
			{"a login by a host", func() error { return second(a.Issue(ctx, rbac.Login{Subject: "sub|amy"})) },
				[]string{"authn_login_success Issue amy"}},
			{"a wrong password", func() error { l := password; l.Password = "wrong"; a.Login(ctx, l); return nil },
				[]string{"authn_login_fail Login Amy"}},
			{"an unknown user", func() error { a.Login(ctx, rbac.Login{User: "nobody", Password: "x"}); return nil },
				[]string{"authn_login_fail Login nobody"}},
			{"a disabled user", func() error { a.Issue(ctx, rbac.Login{User: "dora"}); return nil },
				[]string{"authn_login_fail Issue dora"}},
			{"a denial by Judge", func() error { a.Judge(ctx, tok, rbac.InGroup("chiefs")); return nil },
				[]string{"authz_fail Judge amy"}},
			{"a Judge that allows", func() error { return a.Judge(ctx, tok, rbac.InGroup("editors")) }, nil},
			{"a denial by Check, which no Authority sees", func() error {
				id, err := a.Identify(ctx, tok)
				rbac.Check(id, rbac.InGroup("chiefs"))
				return err
			}, nil},
			{"a denied UpdateAs", func() error {
				id, err := a.Identify(ctx, tok)
				a.UpdateAs(ctx, id, func(tx *rbac.Tx) error { return tx.DeleteGroup("staff") })
				return err
			}, []string{"authz_fail UpdateAs amy"}},
			{"a change by a delegate", func() error {
				id, err := a.Identify(ctx, tok)
				return errors.Join(err, a.UpdateAs(ctx, id, deassign("nora", "editors")))
			}, []string{"authz_change DeassignUser nora/editors by amy"}},
			{"a user", func() error {
				return a.Update(asEve, func(tx *rbac.Tx) (err error) {
					dora, err = tx.User("dora")
					dora.Disabled = false
					_, err2 := tx.AddUser(rbac.User{Name: "nina", Email: "nina@example.org"})
					return errors.Join(err, err2, tx.ModifyUser(dora), assign("nina", "staff")(tx))
				})
			}, []string{"user_created AddUser nina by eve", "user_updated ModifyUser dora by eve", "authz_change AssignUser nina/staff by eve"}},
			{"the policy", func() error { return a.Update(asEve, revoke("editors", "post.edit")) },
				[]string{"authz_admin RevokePermission editors/post.edit by eve"}},
			{"an Update that fails", func() error {
				a.Update(ctx, func(tx *rbac.Tx) error { return errors.Join(assign("nora", "staff")(tx), errors.New("no")) })
				return nil
			}, nil},
			{"a preview", func() error { return second(a.Preview(ctx, assign("nora", "staff"))) }, nil},
			{"an invitation", func() (err error) {
				link, err = a.IssueLink(asEve, rbac.Link{User: "nina", Purpose: rbac.LinkInvite})
				return err
			}, []string{"authn_link_issued IssueLink nina/invite by eve"}},
			{"a password that is refused", func() error { a.ResetPassword(ctx, link, "short"); return nil },
				[]string{"authn_password_change_fail ResetPassword nina"}},
			{"the first password", func() error { return a.ResetPassword(ctx, link, goodPassword) },
				[]string{"authn_link_redeemed RedeemLink nina/invite by nina", "authn_password_change SetPasswordHash nina by nina"}},
			{"a link that was used", func() error { a.ResetPassword(ctx, link, goodPassword); return nil },
				[]string{"authn_password_change_fail ResetPassword"}},
			{"a link that is replaced", func() error {
				reset := rbac.Link{User: "nina", Purpose: rbac.LinkReset}
				return errors.Join(second(a.IssueLink(ctx, reset)), second(a.IssueLink(ctx, reset)))
			}, []string{"authn_link_issued IssueLink nina/reset", "authn_link_expired ExpireLink nina/reset", "authn_link_issued IssueLink nina/reset"}},
			{"a wrong old password", func() error { a.ChangePassword(ctx, tok, "wrong", goodPassword); return nil },
				[]string{"authn_password_change_fail ChangePassword amy"}},
			{"a logout", func() error { return a.Logout(ctx, tok) }, []string{"session_expired Logout amy by amy"}},
			{"a logout of a user", func() error { return second(a.LogoutUser(asEve, "amy")) },
				[]string{"authn_token_revoked RevokeTicket amy by eve"}},
			{"a user who leaves", func() error { return a.Update(asEve, func(tx *rbac.Tx) error { return tx.DeleteUser("nina") }) },
				[]string{"authn_link_expired ExpireLink nina/reset by eve", "authz_change DeassignUser nina/staff by eve", "user_deleted DeleteUser nina by eve"}},
		} {
			var got []string
			for _, e := range b.of(t, a, func() { must(t, c.call()) }) {
				got = append(got, line(e))
				if !e.Time.Equal(h.clock.Now()) {
					t.Errorf("%s: the event is of %v, not of now", c.rule, e.Time)
				}
			}
			if strings.Join(got, "\n") != strings.Join(c.want, "\n") {
				t.Errorf("%s: got %q, want %q", c.rule, got, c.want)
			}
		}
	})
}

// The event of a login has what a host needs to tell the user: who, from where,
// the ticket to end, and whether the place was known.
func TestEventOfLogin(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		var b inbox
		a := h.office(rbac.Config{OnEvent: b.receive})
		logIn := func(addr, device string) (e rbac.Event, tok rbac.Token) {
			got := b.of(t, a, func() {
				var err error
				tok, err = a.Login(ctx, rbac.Login{User: "amy", Password: goodPassword, Addr: netip.MustParseAddr(addr), Device: device})
				must(t, err)
			})
			return got[0], tok
		}
		first, tok := logIn("192.0.2.10", "")
		ticket, err := a.Ticket(ctx, tok)
		must(t, err)
		if first.Known || first.UserID != ticket.UserID || first.Ticket != ticket.ID || first.Addr != home || first.Err != nil {
			t.Errorf("the first login is from a new place, %+v; the ticket is %+v", first, ticket)
		}
		device, err := a.NewDevice(ctx, tok)
		must(t, err)
		for _, c := range []struct {
			rule, addr, device string
			want               bool
		}{
			{"the same prefix is known", "192.0.2.10", "", true},
			{"another prefix is new", "198.51.100.7", "", false},
			{"a known device is known anywhere", "203.0.113.9", device, true},
		} {
			if e, _ := logIn(c.addr, c.device); e.Known != c.want {
				t.Errorf("%s: Known is %t", c.rule, e.Known)
			}
		}
	})
}

// Err says why a login was refused, and UserID whether there is such a user.
func TestEventOfRefusedLogin(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		var b inbox
		var fault error
		inner := h.store
		a := h.office(rbac.Config{OnEvent: b.receive, MaxFailures: 1})
		h.store = hooked(inner, storefault.Hooks{Update: func(_ context.Context, run func() error) error {
			if fault != nil {
				return fault
			}
			return run()
		}})
		faulty := h.open(rbac.Config{OnEvent: b.receive})
		for _, c := range []struct {
			rule  string
			a     *rbac.Authority
			fault error
			user  string
			kind  rbac.EventKind
			err   error
			known bool
		}{
			{"a wrong password", a, nil, "amy", rbac.EventLoginRefused, rbac.ErrBadCredentials, true},
			{"too many failures", a, nil, "amy", rbac.EventThrottled, rbac.ErrThrottled, true},
			{"no such user", a, nil, "nobody", rbac.EventLoginRefused, rbac.ErrBadCredentials, false},
			{"the store is down", faulty, rbac.ErrUnavailable, "nora", rbac.EventLoginRefused, rbac.ErrUnavailable, true},
		} {
			got := b.of(t, c.a, func() {
				fault = c.fault
				c.a.Login(ctx, rbac.Login{User: c.user, Password: "wrong"})
				fault = nil
			})
			if len(got) != 1 || got[0].Kind != c.kind || !errors.Is(got[0].Err, c.err) || (got[0].UserID != uuid.Nil) != c.known || got[0].User != c.user {
				t.Errorf("%s: got %+v", c.rule, got)
			}
		}
	})
}

// A denial has the identity, and is reported once, however many layers see it.
func TestEventOfDenial(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		var b inbox
		a := h.office(rbac.Config{OnEvent: b.receive})
		tok := h.issue(a, rbac.Login{User: "amy"})
		ticket, err := a.Ticket(ctx, tok)
		must(t, err)
		got := b.of(t, a, func() {
			err := a.Judge(ctx, tok, rbac.InGroup("chiefs"))
			a.Report(ctx, rbac.Event{Kind: rbac.EventDenied, Action: "GET /chiefs", Err: err})
			id, err := a.Identify(ctx, tok)
			must(t, err)
			err = rbac.Check(id, rbac.InGroup("chiefs"))
			a.Report(ctx, rbac.Event{Kind: rbac.EventDenied, Action: "GET /again", User: id.User(), Err: err})
		})
		if len(got) != 2 || got[0].Action != "Judge" || got[0].Ticket != ticket.ID || got[0].UserID != ticket.UserID ||
			!errors.Is(got[0].Err, rbac.ErrDenied) || got[1].Action != "GET /again" {
			t.Errorf("got %+v", got)
		}
		always := &rbac.DeniedError{Message: "closed on Sundays"}
		got = b.of(t, a, func() {
			for range 2 {
				a.UpdateAs(ctx, nil, func(*rbac.Tx) error { return always })
				a.Report(ctx, rbac.Event{Kind: rbac.EventDenied, Err: always})
			}
		})
		if len(got) != 4 {
			t.Errorf("a variable of the program is reported each time: got %d events", len(got))
		}
	})
}
