package rbac_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
)

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

// A delegate issues no link that outlasts the powers of the delegate, for a
// purpose that nobody has thought of, or as a second way into an account.
func TestIssueLinkAsIsLimited(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := cooperative(h)
		h.do(a, editUser("mia", func(u *rbac.User) { u.Subject = "sub|mia" }))
		h.do(a, all(addUser(rbac.User{Name: "max", Email: "max@example.org"}), assignIn("max", "members", "org:1")))
		now := h.clock.Now()
		for _, c := range []struct {
			what string
			link rbac.Link
			says string // empty: allowed
		}{
			{"an invitation", rbac.Link{User: "max", Purpose: rbac.LinkInvite}, ""},
			{"an hour", rbac.Link{User: "max", Purpose: rbac.LinkReset, Expires: now.Add(time.Hour)}, ""},
			{"more than an hour", rbac.Link{User: "max", Purpose: rbac.LinkReset, Expires: now.Add(time.Hour + time.Second)}, "longer than 1h0m0s"},
			{"a purpose of the host", rbac.Link{User: "max", Purpose: "delete account"}, "links for delete account"},
			{"a password for a subject", rbac.Link{User: "mia", Purpose: rbac.LinkReset}, "signs in elsewhere"},
			{"an address of a subject", rbac.Link{User: "mia", Purpose: rbac.LinkVerify}, ""},
		} {
			issue := func(tx *rbac.Tx) error { return second(tx.IssueLink(c.link)) }
			err := h.as(a, "lea", issue)
			if c.says == "" && err != nil || c.says != "" && (!errors.Is(err, rbac.ErrDenied) || !strings.Contains(fmt.Sprint(err), c.says)) {
				t.Errorf("%s: %v; want %q", c.what, err, c.says)
			}
			if err := h.as(a, "ada", issue); err != nil {
				t.Errorf("%s, by an administrator: %v", c.what, err)
			}
		}
	})
}

// Links lists what is still good, without secrets.
func TestLinks(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{})
		begin := h.clock.Now()
		for _, purpose := range []string{rbac.LinkReset, "own", rbac.LinkInvite} {
			must(t, second(a.IssueLink(ctx, rbac.Link{User: "nora", Purpose: purpose})))
		}
		links := func() (all []rbac.IssuedLink) {
			must(t, a.View(ctx, func(tx *rbac.Tx) (err error) {
				if !tx.Now().Equal(h.clock.Now()) {
					t.Errorf("Now is %v; want %v", tx.Now(), h.clock.Now())
				}
				all, err = tx.Links("Nora")
				return err
			}))
			return all
		}
		want := []rbac.IssuedLink{{Purpose: "invite", Created: begin, Expires: begin.Add(7 * 24 * time.Hour)},
			{Purpose: "own", Created: begin, Expires: begin.Add(time.Hour)}, {Purpose: "reset", Created: begin, Expires: begin.Add(time.Hour)}}
		if got := links(); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("Links are %v; want %v", got, want)
		}
		h.clock.Advance(time.Hour)
		if got := links(); fmt.Sprint(got) != fmt.Sprint(want[:1]) {
			t.Errorf("Links an hour later are %v; want %v", got, want[:1])
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
