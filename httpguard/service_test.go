package httpguard

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/store"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

const password = "correct horse battery"

// authorityOf opens an Authority in which amy is an editor, who may post.write, and eve is in no group.
func authorityOf(t testing.TB, s rbac.Store) *rbac.Authority {
	t.Helper()
	ctx := t.Context()
	cfg := rbac.Config{Argon2id: rbac.Argon2id{MemoryKiB: 8, Time: 1, Threads: 1}, Logger: quiet(Config{}).Logger}
	if s, ok := s.(*flakyStore); ok {
		cfg.Clock = s.now
	}
	a, err := rbac.Open(ctx, s, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	err = a.Declare(ctx, rbac.Catalogue{
		Permissions: []rbac.Permission{{Name: "post.write"}},
		Groups:      []rbac.Group{{Name: "editors"}},
		Grants:      []rbac.Grant{{Group: "editors", Permission: "post.write"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	hash, err := a.HashPassword(ctx, password)
	if err != nil {
		t.Fatal(err)
	}
	err = a.Update(ctx, func(tx *rbac.Tx) error {
		for _, name := range []string{"amy", "eve"} {
			if _, err := tx.AddUser(rbac.User{Name: name}); err != nil {
				return err
			}
			if err := tx.SetPasswordHash(name, hash); err != nil {
				return err
			}
		}
		return tx.AssignUser(rbac.Membership{User: "amy", Group: "editors"})
	})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// flakyStore is a store that can be unplugged, and the clock by which it happens.
type flakyStore struct {
	rbac.Store
	down  atomic.Bool
	later atomic.Int64
}

// unplug lets the time pass for which an Authority answers without its store.
func (s *flakyStore) unplug() {
	s.down.Store(true)
	s.later.Add(int64(2 * time.Second))
}

func (s *flakyStore) now() time.Time { return time.Now().Add(time.Duration(s.later.Load())) }

func (s *flakyStore) View(ctx context.Context, f func(store.Records) error) error {
	if s.down.Load() {
		return rbac.ErrUnavailable
	}
	return s.Store.View(ctx, f)
}

func (s *flakyStore) Update(ctx context.Context, f func(store.Records) error) error {
	if s.down.Load() {
		return rbac.ErrUnavailable
	}
	return s.Store.Update(ctx, f)
}

// service is what a host would build: a login, a logout, a public page and guarded ones.
type service struct {
	*httptest.Server
	a     *rbac.Authority
	g     *Guard
	store *flakyStore
}

func newService(t testing.TB, cfg Config, start func(http.Handler) *httptest.Server) *service {
	t.Helper()
	s := &service{store: &flakyStore{Store: memorystore.New()}}
	s.a = authorityOf(t, s.store)
	s.g = New(s.a, quiet(cfg))
	m := s.g.NewMux()
	show := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := rbac.FromContext(r.Context())
		_, _ = w.Write([]byte("user=" + id.User() + " proto=" + r.Proto))
	})
	m.Public("/{$}", show)
	m.Public("/login", s.g.LoginHandler())
	m.Public("/logout", s.g.LogoutHandler())
	m.Handle("/me", rbac.NotAnonymous(), show)
	m.Handle("/posts/new", rbac.HasPermission("post.write"), show)
	s.Server = start(s.g.Handler(m))
	t.Cleanup(s.Close)
	return s
}

func plain(h http.Handler) *httptest.Server { return httptest.NewServer(h) }

// browser keeps cookies, prefers HTML and shows redirects instead of following them.
func (s *service) browser(t testing.TB) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	c := s.Client()
	return &http.Client{Transport: c.Transport, Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func (s *service) do(t testing.TB, c *http.Client, line, content string, headers ...string) *http.Response {
	t.Helper()
	method, path, _ := strings.Cut(line, " ")
	r, err := http.NewRequest(method, s.URL+path, strings.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", browserAccept)
	if content != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	resp, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	return resp
}

func loginForm(user, password, from string) string {
	return url.Values{"user": {user}, "password": {password}, "came_from": {from}}.Encode()
}

func (s *service) login(t testing.TB, c *http.Client, user string) *http.Response {
	t.Helper()
	resp := s.do(t, c, "POST /login", loginForm(user, password, "/posts/new?draft=1"))
	if resp.StatusCode != http.StatusSeeOther {
		t.Fatalf("login of %s: status %d", user, resp.StatusCode)
	}
	return resp
}

// bearer logs in by JSON and returns the header to send.
func (s *service) bearer(t testing.TB, user string) string {
	t.Helper()
	resp := s.do(t, s.Client(), "POST /login", `{"user":"`+user+`","password":"`+password+`"}`, "Content-Type: application/json")
	var out struct{ Token string }
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil || out.Token == "" {
		t.Fatalf("JSON login of %s: status %d, %v", user, resp.StatusCode, err)
	}
	return "Authorization: Bearer " + out.Token
}

// TestBrowserRoundTrip is the path of a person: asked to log in, logged in, back
// at the page that was asked for, refused where it is not theirs, logged out.
// It runs over the three kinds of connection that services have.
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

// TestAuthorizationHeader: who sends one is judged by it alone.
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

// TestStoreDown: what is public goes on, what is guarded answers that it cannot tell.
func TestStoreDown(t *testing.T) {
	s := newService(t, Config{Insecure: true}, plain)
	c := s.browser(t)
	s.login(t, c, "amy")
	s.store.unplug()
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
	if text := body(t, resp); resp.StatusCode != 503 || resp.Header.Get("Retry-After") == "" || !strings.Contains(text, `value="amy"`) {
		t.Errorf("login: status %d\n%s", resp.StatusCode, text)
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

// TestLoginReplaces: a new login ends the ticket that the browser had.
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

// TestToken: handlers get the ticket's token to change passwords and list tickets with.
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

// TestHostIdentify: the host's own authentication is asked where there is no living ticket.
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
	page := &marker{}
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
