package rbactest_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/httpguard"
	"github.com/rbac-go/rbac/rbactest"
)

// Assertions that hold report nothing.
func TestAssertionsHold(t *testing.T) {
	a := rbactest.World(t, newsroom)
	failed := fails(t, func(t testing.TB) {
		rbactest.Allow(t, a, "amy", rbac.HasPermission("post.edit"))
		rbactest.Allow(t, a, "", rbac.IsAnonymous())
		rbactest.Allow(t, a, "amy", rbac.AuthenticatedWithin(time.Minute))
		rbactest.Deny(t, a, "amy", rbac.InGroup("chief"))
		rbactest.Deny(t, a, "", rbac.NotAnonymous())
	})
	failed.expect(t, false)
	if tickets, err := a.Tickets(t.Context(), "amy"); err != nil || len(tickets) > 0 {
		t.Errorf("they leave the tickets %v (%v)", tickets, err)
	}
}

// Each assertion that does not hold is a failure with the whole tree of
// reasons, and the test continues.
func TestAssertionsFail(t *testing.T) {
	a := rbactest.World(t, newsroom)
	boss := rbac.All(rbac.NotAnonymous(), rbac.Any(rbac.InGroup("chief"), rbac.IsUser("bob")))
	failed := fails(t, func(t testing.TB) {
		rbactest.Allow(t, a, "amy", boss)
		rbactest.Deny(t, a, "zoe", boss)
		rbactest.Allow(t, a, "", rbac.NotAnonymous())
	})
	failed.expect(t, false,
		`amy is denied, and should be allowed:
  unmet  all(not_anonymous(), any(in_group("chief"), is_user("bob"))): needs the group chief, or needs to be the user bob; you are in editor, reader, you are amy
    met    not_anonymous(): you are amy
    unmet  any(in_group("chief"), is_user("bob")): needs the group chief, or needs to be the user bob; you are in editor, reader, you are amy
      unmet  in_group("chief"): needs the group chief; you are in editor, reader
      unmet  is_user("bob"): needs to be the user bob; you are amy`,
		`zoe is allowed, and should be denied:
  met    all(`,
		`nobody (no login) is denied, and should be allowed:
  unmet  not_anonymous(): needs a login; nobody is logged in`)
}

// An assertion that would prove nothing ends the test: an unknown user, an
// unknown permission or group, or no predicate.
func TestAssertionsThatProveNothing(t *testing.T) {
	a := rbactest.World(t, newsroom)
	for _, c := range []struct {
		user string
		p    rbac.Predicate
		want string
	}{
		{"eve", rbac.NotAnonymous(), `a ticket for "eve": user "eve": rbac: not found`},
		{"amy", rbac.HasPermission("post.edti"), `permission "post.edti": rbac: not found`},
		{"amy", rbac.Not(rbac.InGroup("edtor")), `group "edtor": rbac: not found`},
		{"amy", nil, `is faulty: `},
	} {
		fails(t, func(t testing.TB) { rbactest.Allow(t, a, c.user, c.p) }).expect(t, true, c.want)
		fails(t, func(t testing.TB) { rbactest.Deny(t, a, c.user, c.p) }).expect(t, true, c.want)
	}
}

// As sends a ticket of the user, and does not change the given request.
func TestAs(t *testing.T) {
	a := rbactest.World(t, "user amy:")
	who := httpguard.New(a, httpguard.Config{Logger: slog.New(slog.DiscardHandler)}).Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Who", rbac.FromContext(r.Context()).User())
	}))
	seen := func(r *http.Request) string {
		w := httptest.NewRecorder()
		who.ServeHTTP(w, r)
		return w.Header().Get("X-Who")
	}
	r := httptest.NewRequest("GET", "/", nil)
	amys := rbactest.As(t, a, "amy", r)
	if got := seen(amys); got != "amy" {
		t.Errorf("as amy it comes from %q", got)
	}
	if got := seen(r); got != "" {
		t.Errorf("the request itself comes from %q", got)
	}
	if got := seen(rbactest.As(t, a, "", amys)); got != "" {
		t.Errorf("as nobody it comes from %q", got)
	}
	if _, err := a.LogoutUser(t.Context(), "amy"); err != nil {
		t.Fatal(err)
	}
	if got := seen(amys); got != "" {
		t.Errorf("after the logout it comes from %q", got)
	}
	fails(t, func(t testing.TB) { rbactest.As(t, a, "eve", r) }).expect(t, true, `a ticket for "eve"`)
}
