package openid

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/rbac-go/rbac"
)

// The person who made an account, and kept a password, a ticket, an API key and a link, has
// no way into the account once the invited person has signed in.
func TestInvitation(t *testing.T) {
	s := newSite(t)
	ctx := t.Context()
	const trap = "a trap for poor nina"
	link := func(purpose string) (link rbac.Token) {
		must(t, s.auth.Update(ctx, func(tx *rbac.Tx) (err error) {
			link, err = tx.IssueLink(rbac.Link{User: "nina", Purpose: purpose})
			return err
		}))
		return link
	}
	must(t, s.auth.Update(ctx, func(tx *rbac.Tx) error {
		_, err := tx.AddUser(rbac.User{Name: "nina", Email: "nina@example.org"})
		return err
	}))
	must(t, s.auth.ResetPassword(ctx, link(rbac.LinkInvite), trap))
	ticket, err := s.auth.Login(ctx, rbac.Login{User: "nina", Password: trap})
	must(t, err)
	reset := link(rbac.LinkReset)

	s.provider.set(func() { s.provider.user, s.provider.email = "1|nina", "nina@example.org" })
	s.wants(s.browser(), "/report", 401, "you have no account") // the address is not verified
	s.provider.set(func() { s.provider.verified = true })
	c := s.browser()
	s.wants(c, "/report", 200, "/report for nina")
	if _, err := s.auth.Login(ctx, rbac.Login{User: "nina", Password: trap}); !errors.Is(err, rbac.ErrBadCredentials) {
		t.Errorf("the password of the inviter: %v", err)
	}
	if _, err := s.auth.Identify(ctx, ticket); !errors.Is(err, rbac.ErrNoTicket) {
		t.Errorf("the ticket of the inviter: %v", err)
	}
	if err := s.auth.ResetPassword(ctx, reset, trap); err == nil {
		t.Error("the link of the inviter is good")
	}
	s.provider.set(func() { s.provider.user = "1|zoe" })
	s.wants(s.browser(), "/report", 401, "you have no account") // the account has an owner
	s.provider.set(func() { s.provider.user, s.provider.email = "1|nina", "nina@example.net" })
	s.wants(s.browser(), "/report", 200, "/report for nina") // by the subject alone
}

// An invited account without a password loses its tickets, too.
func TestInvitationEndsKeys(t *testing.T) {
	s := newSite(t)
	var key rbac.Token
	must(t, s.auth.Update(t.Context(), func(tx *rbac.Tx) error {
		_, err := tx.AddUser(rbac.User{Name: "nina", Email: "nina@example.org"})
		if err == nil {
			key, err = tx.IssueKey(rbac.APIKey{User: "nina", Label: "a trap", Expires: tx.Now().AddDate(1, 0, 0)})
		}
		return err
	}))
	s.provider.set(func() {
		s.provider.user, s.provider.email, s.provider.verified = "1|nina", "nina@example.org", true
	})
	s.wants(s.browser(), "/report", 200, "/report for nina")
	if _, err := s.auth.Identify(t.Context(), key); !errors.Is(err, rbac.ErrNoTicket) {
		t.Errorf("the API key of the inviter: %v", err)
	}
}

var signIn = regexp.MustCompile(`href="(/login[^"]*)"`)

// A refused user can sign in as someone else, although the provider has a
// session of the refused user. The answer of the provider gets into no address.
func TestSomeoneElse(t *testing.T) {
	for _, user := range []string{"1|dora", "1|zoe"} {
		s := newSite(t)
		s.provider.set(func() { s.provider.user = user })
		c := s.browser()
		_, status, text := s.open(c, "GET", "/report")
		found := signIn.FindStringSubmatch(text)
		if status != 401 || found == nil {
			t.Fatalf("no way to sign in as someone else: %d\n%s", status, text)
		}
		if strings.Contains(text, "state=") || strings.Contains(text, "state%3D") || found[1] != "/login" {
			t.Errorf("the page leads back to the callback:\n%s", text)
		}
		s.provider.set(func() { s.provider.user = "1|kim" })
		s.wants(c, found[1], 200, "/report for kim") // the page that the refused user wanted
		s.wants(c, "/report", 200, "/report for kim")
		s.asked(2)
	}
}

// came_from does not lead to the callback, either.
func TestCameFromCallback(t *testing.T) {
	s := newSite(t)
	s.wants(s.browser(), "/login?came_from=%2Flogin%2Fdone%3Fcode%3Da%26state%3Db", 200, "/ for kim")
}
