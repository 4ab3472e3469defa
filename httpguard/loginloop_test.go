package httpguard

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
)

// followLoop follows redirects between a page and a login page of the host that
// redirects back at once, as a login page with a live session does.
func followLoop(t *testing.T, g *Guard, page http.Handler) (*http.Response, int) {
	t.Helper()
	m := http.NewServeMux()
	m.Handle("/page", page)
	m.HandleFunc("/login", func(w http.ResponseWriter, r *http.Request) {
		to, _ := g.CameFrom(r)
		http.Redirect(w, r, to, http.StatusFound)
	})
	s := newServiceOf(t, g.Handler(m))
	c := s.browser(t)
	for hops := range 50 {
		resp := s.do(t, c, "GET /page?hop", "")
		if resp.StatusCode != http.StatusSeeOther {
			return resp, hops
		}
		if resp = s.do(t, c, "GET "+resp.Header.Get("Location"), ""); resp.Header.Get("Location") != "/page?hop" {
			t.Fatalf("the login page leads to %q", resp.Header.Get("Location"))
		}
	}
	t.Fatal("more than 100 redirects")
	return nil, 0
}

func newServiceOf(t *testing.T, h http.Handler) *service {
	s := &service{Server: httptest.NewServer(h)}
	t.Cleanup(s.Close)
	return s
}

// TestNoRoundsInCircles: a login that does not help ends on a page with an
// explanation.
func TestNoRoundsInCircles(t *testing.T) {
	old := func(*http.Request) (*rbac.Identity, error) {
		return rbac.NewIdentity("amy", nil, nil).WithAuthenticatedAt(time.Now().AddDate(0, 0, -1)), nil
	}
	for _, c := range []struct {
		what     string
		identify func(*http.Request) (*rbac.Identity, error)
		p        rbac.Predicate
		text     string
	}{
		{"a login that stays old", old, rbac.AuthenticatedWithin(time.Minute), "needs a more recent login"},
		{"a disabled user", func(*http.Request) (*rbac.Identity, error) {
			return nil, &rbac.Error{Kind: rbac.ErrDenied, Record: "user", Reason: "the account is disabled"}
		}, rbac.NotAnonymous(), "You cannot sign in here: the account is disabled."},
		{"a disabled user without details", func(*http.Request) (*rbac.Identity, error) { return nil, rbac.ErrDenied }, rbac.NotAnonymous(), "unknown or disabled"},
		{"a user nobody knows here", func(*http.Request) (*rbac.Identity, error) { return nil, rbac.ErrNotFound }, rbac.NotAnonymous(), "unknown or disabled"},
		{"nobody", func(*http.Request) (*rbac.Identity, error) { return nil, nil }, rbac.NotAnonymous(), "without being signed in"},
	} {
		g := guardByHeader(Config{Identify: c.identify, Insecure: true})
		resp, hops := followLoop(t, g, g.Require(c.p)(&countingHandler{}))
		text := body(t, resp)
		if resp.StatusCode != 401 || hops > 4 || // a browser gives up after twenty redirects, and a provider needs some
			!strings.Contains(text, c.text) || !strings.Contains(text, "Sign in as someone else") {
			t.Errorf("%s: status %d after %d rounds\n%s", c.what, resp.StatusCode, hops, text)
		}
	}
}

// TestRoundsAreCounted: redirects are counted for each page while they follow
// each other. A visit of the login page resets the count.
func TestRoundsAreCounted(t *testing.T) {
	s := newService(t, Config{Insecure: true}, plain)
	c := s.browser(t)
	asked := func(path string) int { t.Helper(); return s.do(t, c, "GET "+path, "").StatusCode }
	for range 3 * maxLoginRedirects {
		if got := asked("/me"); got != 303 {
			t.Fatalf("somebody who reads the login page each time: %d", got)
		}
		asked("/login?came_from=/me")
	}
	for i := range maxLoginRedirects {
		if a, b := asked("/me"), asked("/posts/new"); a != 303 || b != 303 {
			t.Errorf("two pages in turn, round %d: %d, %d", i, a, b)
		}
	}
	for range maxLoginRedirects {
		asked("/me")
	}
	if got := asked("/me"); got != 401 {
		t.Errorf("after %d times: %d, want 401", maxLoginRedirects+1, got)
	}
	if got := asked("/me"); got != 303 {
		t.Errorf("after the page that explains: %d, want 303", got)
	}
}
