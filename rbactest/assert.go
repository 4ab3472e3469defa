package rbactest

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/rbac-go/rbac"
)

// As returns r as the user would send it: with the token of a new ticket, in an Authorization: Bearer header. The
// empty user is nobody; then r loses its Authorization. r itself stays as it is; the two share its body.
//
// What the user may do is decided when the request is served, not here. As ends the
// test if the user cannot get a ticket.
//
// A Bearer token is not what browsers send by themselves, so package httpguard does not look for a cross-site request behind it.
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

// Allow fails the test, and prints why, unless the user meets p: somebody who has just logged in, or with an empty
// name nobody. It ends the test if there is no such user, or if [rbac.Authority.Validate] finds a fault in p.
//
// The identity has no address. To ask with one, or with a narrowed ticket, use [rbac.Check].
func Allow(t testing.TB, a *rbac.Authority, user string, p rbac.Predicate) {
	t.Helper()
	if id, allowed := judge(t, a, user, p); !allowed {
		t.Errorf("%s is denied, and should be allowed:\n%s", called(user), tree(rbac.Explain(id, p), 1))
	}
}

// Deny fails the test, and prints why, if the user meets p. Like Allow, it ends the test for an unknown user and for a
// predicate with a fault, such as a misspelt permission: being denied that would prove nothing.
func Deny(t testing.TB, a *rbac.Authority, user string, p rbac.Predicate) {
	t.Helper()
	if id, allowed := judge(t, a, user, p); allowed {
		t.Errorf("%s is allowed, and should be denied:\n%s", called(user), tree(rbac.Explain(id, p), 1))
	}
}

// judge asks through a ticket, as the service will, and ends it again.
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
		t.Fatalf("rbactest: identifying %s: %v", called(user), err)
	}
	if user != "" {
		if err := a.Logout(t.Context(), token); err != nil {
			t.Fatalf("rbactest: logging %s out: %v", called(user), err)
		}
	}
	err = rbac.Check(id, p)
	if err != nil && !errors.Is(err, rbac.ErrDenied) {
		t.Fatalf("rbactest: %v for %s: %v", p, called(user), err)
	}
	return id, err == nil
}

func called(user string) string {
	if user == "" {
		return "nobody (no login)"
	}
	return user
}

// tree prints an explanation, each part below its whole:
//
//	unmet  all(not_anonymous(), in_group("chief")): needs the group chief; you are in no group
//	  met    not_anonymous(): you are amy
//	  unmet  in_group("chief"): needs the group chief; you are in no group
func tree(e rbac.Explanation, depth int) string {
	mark := "unmet"
	if e.Met {
		mark = "met"
	}
	var text strings.Builder
	fmt.Fprintf(&text, "%s%-5s  %s: %s", strings.Repeat("  ", depth), mark, e.Predicate, e.Reason)
	for _, part := range e.Parts {
		text.WriteString("\n" + tree(part, depth+1))
	}
	return text.String()
}
