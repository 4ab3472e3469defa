package rbactest

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/rbac-go/rbac"
)

// As returns a copy of r as the user would send the request: with the token of a
// new ticket in an Authorization: Bearer header. The empty user is anonymous;
// the copy then has no Authorization. The copy shares the body of r, and r
// itself does not change.
//
// The permissions of the user are checked when the request is served, and not
// by As. As ends the test if the user cannot get a ticket.
//
// Browsers send no Bearer token by themselves, so package httpguard does not
// check a request with a Bearer token for another site.
func As(t testing.TB, a *rbac.Authority, user string, r *http.Request) *http.Request {
	t.Helper()
	r = r.Clone(r.Context())
	r.Header.Del("Authorization")
	if user != "" {
		r.Header.Set("Authorization", "Bearer "+issue(t, a, user).Secret())
	}
	return r
}

func issue(t testing.TB, a *rbac.Authority, user string) rbac.Token {
	t.Helper()
	token, err := a.Issue(t.Context(), rbac.Login{User: user})
	if err != nil {
		t.Fatalf("rbactest: a ticket for %q: %v", user, err)
	}
	return token
}

// Allow fails the test, and prints an explanation, unless the user satisfies p
// directly after a login. The empty user is anonymous. Allow ends the test if
// the user does not exist, or if [rbac.Authority.Validate] finds a fault in p.
//
// The Identity has no address. For an Identity with an address, or for a
// narrowed ticket, use [rbac.Check].
func Allow(t testing.TB, a *rbac.Authority, user string, p rbac.Predicate) {
	t.Helper()
	if id, allowed := judge(t, a, user, p); !allowed {
		t.Errorf("%s is denied, and should be allowed:\n%s", displayName(user), indented(rbac.Explain(id, p)))
	}
}

// Deny fails the test, and prints an explanation, if the user satisfies p. Like
// Allow, Deny ends the test for an unknown user, and for a predicate with a
// fault, such as a misspelt permission: the denial would prove nothing.
func Deny(t testing.TB, a *rbac.Authority, user string, p rbac.Predicate) {
	t.Helper()
	if id, allowed := judge(t, a, user, p); allowed {
		t.Errorf("%s is allowed, and should be denied:\n%s", displayName(user), indented(rbac.Explain(id, p)))
	}
}

// judge identifies the user by a ticket, as a service does, and ends the ticket.
func judge(t testing.TB, a *rbac.Authority, user string, p rbac.Predicate) (id *rbac.Identity, allowed bool) {
	t.Helper()
	if err := a.Validate(p); err != nil {
		t.Fatalf("rbactest: the predicate %v is faulty: %v", p, err)
	}
	var token rbac.Token
	if user != "" {
		token = issue(t, a, user)
	}
	id, err := a.Identify(t.Context(), token)
	if err != nil {
		t.Fatalf("rbactest: identifying %s: %v", displayName(user), err)
	}
	if user != "" {
		if err := a.Logout(t.Context(), token); err != nil {
			t.Fatalf("rbactest: logging %s out: %v", displayName(user), err)
		}
	}
	err = rbac.Check(id, p)
	if err != nil && !errors.Is(err, rbac.ErrDenied) {
		t.Fatalf("rbactest: %v for %s: %v", p, displayName(user), err)
	}
	return id, err == nil
}

func displayName(user string) string {
	if user == "" {
		return "nobody (no login)"
	}
	return user
}

// indented returns an explanation as text, two spaces to the right.
func indented(e rbac.Explanation) string {
	return "  " + strings.ReplaceAll(e.String(), "\n", "\n  ")
}
