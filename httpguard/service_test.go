package httpguard

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/rbac-go/rbac"
)

// TestBrowserRoundTrip follows a person through a login, the requested page, a
// denied page and a logout, over the three kinds of connection that services
// have.
func TestBrowserRoundTrip(t *testing.T) {
	kinds := map[string]struct {
		proto string
		cfg   Config
		start func(http.Handler) *httptest.Server
	}{
		"plain HTTP": {"HTTP/1.1", Config{Insecure: true}, plain},
		"TLS":        {"HTTP/1.1", Config{}, httptest.NewTLSServer},
		"HTTP/2": {"HTTP/2.0", Config{}, func(h http.Handler) *httptest.Server {
			s := httptest.NewUnstartedServer(h)
			s.EnableHTTP2 = true
			s.StartTLS()
			return s
		}},
	}
	for name, kind := range kinds {
		t.Run(name, func(t *testing.T) {
			s := newService(t, kind.cfg, kind.start)
			c := s.browser(t)

			resp := s.do(t, c, "GET /posts/new?draft=1", "")
			if resp.StatusCode != 303 || resp.Header.Get("Location") != "/login?came_from=%2Fposts%2Fnew%3Fdraft%3D1" {
				t.Fatalf("a guarded page leads to the login: status %d, Location %q", resp.StatusCode, resp.Header.Get("Location"))
			}
			resp = s.do(t, c, "GET "+resp.Header.Get("Location"), "")
			if text := body(t, resp); resp.StatusCode != 200 || !strings.Contains(text, `value="/posts/new?draft=1"`) {
				t.Fatalf("the login page keeps where the user came from: status %d\n%s", resp.StatusCode, text)
			}
			if resp = s.login(t, c, "amy"); resp.Header.Get("Location") != "/posts/new?draft=1" {
				t.Errorf("the login leads to %q", resp.Header.Get("Location"))
			}
			resp = s.do(t, c, "GET /posts/new?draft=1", "")
			if text := body(t, resp); resp.StatusCode != 200 || text != "user=amy proto="+kind.proto {
				t.Errorf("the page after the login: status %d, %q", resp.StatusCode, text)
			}
			if got := resp.Header.Get("Cache-Control"); got != "no-store" {
				t.Errorf("a guarded answer is Cache-Control %q", got)
			}
			if resp = s.do(t, c, "POST /logout", ""); resp.StatusCode != 303 || resp.Header.Get("Location") != "/" {
				t.Errorf("logout: status %d to %q", resp.StatusCode, resp.Header.Get("Location"))
			}
			if resp = s.do(t, c, "GET /posts/new", ""); resp.StatusCode != 303 {
				t.Errorf("a guarded page after the logout: status %d", resp.StatusCode)
			}
			s.login(t, c, "eve")
			resp = s.do(t, c, "GET /posts/new", "")
			if text := body(t, resp); resp.StatusCode != 403 || !strings.Contains(text, "post.write") || !strings.Contains(text, "/login?came_from=%2Fposts%2Fnew") {
				t.Errorf("a page that is not theirs says why, and how to become someone else: status %d\n%s", resp.StatusCode, text)
			}
		})
	}
}

// TestAuthorizationHeader: a client with an Authorization header is judged by
// that header alone.
func TestAuthorizationHeader(t *testing.T) {
	s := newService(t, Config{Insecure: true}, plain)
	c := s.browser(t)
	amy := s.bearer(t, "amy")
	dead := s.bearer(t, "amy")
	if resp := s.do(t, s.Client(), "POST /logout", "", dead, "Accept: application/json"); resp.StatusCode != 204 {
		t.Fatalf("logout of a program: status %d", resp.StatusCode)
	}
	s.login(t, c, "amy") // the cookie would be allowed everything
	tests := []struct {
		rule, header string
		status       int
		challenge    string
	}{
		{"a living ticket", amy, 200, ""},
		{"the scheme in capitals", strings.Replace(amy, "Bearer", "BEARER", 1), 200, ""},
		{"a dead ticket, not the cookie", dead, 401, `Bearer error="invalid_token"`},
		{"no token of ours, not the cookie", "Authorization: Bearer eyJ.e30.x", 401, `Bearer error="invalid_token"`},
		{"nothing, not the cookie", "Authorization: Bearer", 400, ""},
		{"two tokens, not the cookie", amy + " x", 400, ""},
		{"a tab, not the cookie", "Authorization: Bearer\tx", 400, ""},
		{"a comma, not the cookie", "Authorization: Bearer,x", 400, ""},
		{"no scheme, not the cookie", "Authorization: =x", 400, ""},
		{"another scheme is another's business", "Authorization: Basic eDp5", 200, ""},
	}
	for _, tt := range tests {
		resp := s.do(t, c, "GET /posts/new", "", tt.header)
		if resp.StatusCode != tt.status || resp.Header.Get("WWW-Authenticate") != tt.challenge {
			t.Errorf("%s: status %d, WWW-Authenticate %q; want %d, %q", tt.rule, resp.StatusCode, resp.Header.Get("WWW-Authenticate"), tt.status, tt.challenge)
		}
	}
	r := request(t, "GET /posts/new", amy, amy)
	if resp := serve(s.Config.Handler, r); resp.StatusCode != 400 {
		t.Errorf("two Authorization headers: status %d", resp.StatusCode)
	}
}

// TestStoreDown: while the store is down, public pages are served, and guarded
// pages respond with 503.
func TestStoreDown(t *testing.T) {
	s := newService(t, Config{Insecure: true}, plain)
	c := s.browser(t)
	s.login(t, c, "amy")
	s.store.disconnect()
	if resp := s.do(t, c, "GET /posts/new", ""); resp.StatusCode != 503 || resp.Header.Get("Retry-After") != "1" {
		t.Errorf("guarded page: status %d, Retry-After %q", resp.StatusCode, resp.Header.Get("Retry-After"))
	}
	if resp := s.do(t, s.browser(t), "GET /posts/new", ""); resp.StatusCode != 503 {
		t.Errorf("guarded page, anonymous: status %d", resp.StatusCode)
	}
	if resp := s.do(t, c, "GET /", ""); resp.StatusCode != 200 || !strings.HasPrefix(body(t, resp), "user= ") {
		t.Errorf("public page: status %d", resp.StatusCode)
	}
	if resp := s.do(t, c, "GET /login", ""); resp.StatusCode != 200 {
		t.Errorf("login page: status %d", resp.StatusCode)
	}
	resp := s.do(t, s.browser(t), "POST /login", loginForm("amy", password, ""))
	if text := body(t, resp); resp.StatusCode != 503 || resp.Header.Get("Retry-After") == "" || !strings.Contains(text, `value="amy"`) ||
		strings.Contains(text, password) || len(resp.Cookies()) != 0 {
		t.Errorf("login: status %d, cookies %v\n%s", resp.StatusCode, resp.Cookies(), text)
	}
	resp = s.do(t, c, "POST /logout", "")
	if text := body(t, resp); resp.StatusCode != 503 || resp.Header.Get("Set-Cookie") != "" || !strings.Contains(text, "still signed in") {
		t.Errorf("a logout that cannot end the ticket must say so, and keep the cookie: status %d, %q\n%s", resp.StatusCode, resp.Header.Get("Set-Cookie"), text)
	}
	s.store.down.Store(false)
	if resp := s.do(t, c, "POST /logout", ""); resp.StatusCode != 303 || !strings.HasPrefix(resp.Header.Get("Set-Cookie"), "ticket=; ") {
		t.Errorf("the next logout: status %d, %q", resp.StatusCode, resp.Header.Get("Set-Cookie"))
	}
	if resp := s.do(t, c, "GET /posts/new", ""); resp.StatusCode != 303 {
		t.Errorf("after that logout the browser is nobody: status %d", resp.StatusCode)
	}
}

// TestLoginReplaces: a new login ends the browser's previous ticket.
func TestLoginReplaces(t *testing.T) {
	s := newService(t, Config{Insecure: true}, plain)
	c := s.browser(t)
	before := s.login(t, c, "amy").Cookies()[0].String()
	s.login(t, c, "eve")
	if text := body(t, s.do(t, c, "GET /", "")); !strings.HasPrefix(text, "user=eve ") {
		t.Errorf("after a login as eve: %q", text)
	}
	if resp := s.do(t, s.Client(), "GET /me", "", "Cookie: "+before, "Accept: */*"); resp.StatusCode != 401 {
		t.Errorf("amy's old ticket: status %d", resp.StatusCode)
	}
	header := s.bearer(t, "amy")
	s.do(t, s.Client(), "POST /login", `{"user":"eve","password":"`+password+`"}`, "Content-Type: application/json", header)
	if resp := s.do(t, s.Client(), "GET /me", "", header); resp.StatusCode != 401 {
		t.Errorf("a program's old ticket: status %d", resp.StatusCode)
	}
}

// TestToken: handlers get the token of the ticket, for changing passwords and
// listing tickets.
func TestToken(t *testing.T) {
	s := newService(t, Config{Insecure: true}, plain)
	var seen rbac.Token
	h := s.g.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen = s.g.Token(r) }))
	header := s.bearer(t, "amy")
	serve(h, request(t, "GET /", header))
	if ticket, err := s.a.Ticket(t.Context(), seen); err != nil || ticket.User != "amy" || ticket.Addr != netip.MustParseAddr("127.0.0.1") {
		t.Errorf("Ticket of the request's token: %+v, %v", ticket, err)
	}
	serve(h, request(t, "GET /"))
	if !seen.IsZero() {
		t.Error("a request without ticket has a token")
	}
	if !s.g.Token(request(t, "GET /", header)).IsZero() {
		t.Error("a request that did not pass Handler has a token")
	}
}

// TestHostIdentify: the authentication of the host is called if the request has
// no live ticket.
func TestHostIdentify(t *testing.T) {
	s := newService(t, Config{Insecure: true}, plain)
	cfg := quiet(Config{Insecure: true, Identify: func(r *http.Request) (*rbac.Identity, error) {
		switch who := r.Header.Get("X-Who"); who {
		case "":
			return nil, nil
		case "panic":
			panic("oops")
		case "broken":
			return nil, errors.New("oops")
		case "down":
			return nil, rbac.ErrUnavailable
		case "refused":
			return nil, rbac.ErrBadCredentials
		default:
			return s.a.Identity(r.Context(), who)
		}
	}})
	g := New(s.a, cfg)
	m := g.NewMux()
	page := &countingHandler{}
	m.Handle("/posts/new", rbac.HasPermission("post.write"), page)
	m.Handle("/strangers", rbac.IsAnonymous(), page)
	m.Public("/", page)
	h := g.Handler(m)
	amy := s.bearer(t, "amy")
	tests := []struct {
		rule, path string
		headers    []string
		status     int
	}{
		{"the hook says who it is", "/posts/new", []string{"X-Who: amy"}, 200},
		{"and is judged", "/posts/new", []string{"X-Who: eve"}, 403},
		{"nobody it does not know", "/posts/new", []string{"X-Who: mallory"}, 401},
		{"refused credentials", "/posts/new", []string{"X-Who: refused"}, 401},
		{"refused credentials are not anonymous", "/strangers", []string{"X-Who: refused"}, 401},
		{"it cannot tell", "/posts/new", []string{"X-Who: down"}, 503},
		{"a fault denies", "/posts/new", []string{"X-Who: broken"}, 500},
		{"a panic denies", "/posts/new", []string{"X-Who: panic"}, 500},
		{"a panic is not anonymous", "/strangers", []string{"X-Who: panic"}, 500},
		{"public pages do without", "/", []string{"X-Who: panic"}, 200},
		{"no word is anonymous", "/strangers", nil, 200},
		{"no word is anonymous elsewhere", "/posts/new", nil, 401},
		{"a ticket goes first", "/posts/new", []string{amy, "X-Who: eve"}, 200},
		{"a foreign Bearer token is the hook's", "/posts/new", []string{"Authorization: Bearer jwt", "X-Who: amy"}, 200},
		{"one that nobody knows is refused", "/strangers", []string{"Authorization: Bearer jwt"}, 401},
		{"a dead cookie is the hook's, too", "/posts/new", []string{"Cookie: ticket=dead", "X-Who: amy"}, 200},
	}
	for _, tt := range tests {
		page.ran = 0
		resp := serve(h, request(t, "GET "+tt.path, tt.headers...))
		if resp.StatusCode != tt.status || (page.ran > 0) != (tt.status == 200) {
			t.Errorf("%s: status %d, want %d; the page ran %d times", tt.rule, resp.StatusCode, tt.status, page.ran)
		}
	}
	serve(h, request(t, "GET /", "X-Who: panic"))
	if id := rbac.FromContext(page.last.Context()); id != nil {
		t.Errorf("a public page after a fault has the identity %v, want none at all", id)
	}
}
