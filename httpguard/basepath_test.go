package httpguard

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"github.com/rbac-go/rbac"
)

// behindProxy starts a reverse proxy that serves the service under /app. Under
// every other path the proxy serves another service, which responds with the
// cookies of the request.
func behindProxy(t *testing.T) func(http.Handler) *httptest.Server {
	return func(h http.Handler) *httptest.Server {
		backend := httptest.NewServer(h)
		t.Cleanup(backend.Close)
		target, err := url.Parse(backend.URL)
		must(t, err)
		front := http.NewServeMux()
		// Like nginx by default, the proxy sends another Host to the backend.
		front.Handle("/app/", http.StripPrefix("/app", &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target); r.SetXForwarded() }}))
		front.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusNotFound)
			_, _ = w.Write([]byte(r.Header.Get("Cookie")))
		})
		return httptest.NewTLSServer(front)
	}
}

// TestBehindAPrefix follows a person to a service behind a proxy that strips a
// prefix and ends TLS.
func TestBehindAPrefix(t *testing.T) {
	s := newService(t, Config{BasePath: "/app/", Site: "https://app.example", Home: "/me"}, behindProxy(t))
	c := s.browser(t)
	at := func(line, content string, headers ...string) *http.Response {
		return s.do(t, c, line, content, headers...)
	}
	if got := s.g.Path("/posts/new"); got != "/app/posts/new" {
		t.Errorf("Path returns %q", got)
	}
	leads := func(what string, resp *http.Response, status int, to string) {
		t.Helper()
		if got := resp.Header.Get("Location"); resp.StatusCode != status || got != to {
			t.Errorf("%s: status %d to %q, want %d to %q", what, resp.StatusCode, got, status, to)
		}
	}
	resp := at("GET /app/posts/new?a=b", "")
	leads("a guarded page", resp, 303, "/app/login?came_from=%2Fapp%2Fposts%2Fnew%3Fa%3Db")
	text := body(t, at("GET "+resp.Header.Get("Location"), ""))
	if !strings.Contains(text, `action="/app/login"`) || !strings.Contains(text, `value="/app/posts/new?a=b"`) {
		t.Errorf("the login page:\n%s", text)
	}
	// An old browser sends the site's Origin; the Host is the backend's.
	resp = at("POST /app/login", loginForm("amy", password, "/app/posts/new?a=b"), "Origin: https://app.example")
	leads("the login", resp, 303, "/app/posts/new?a=b")
	if got := resp.Header.Get("Set-Cookie"); !strings.HasPrefix(got, "__Secure-ticket=") || !strings.Contains(got, "; Path=/app; HttpOnly; Secure; SameSite=Lax") {
		t.Errorf("Set-Cookie: %s", got)
	}
	if resp = at("GET /app/posts/new?a=b", ""); resp.StatusCode != 200 {
		t.Errorf("after the login: %d", resp.StatusCode)
	}
	if got := body(t, at("GET /apple", "")); got != "" {
		t.Errorf("another service of the host gets %q", got)
	}
	leads("out of the prefix", at("POST /app/login", loginForm("amy", password, "/apple/x")), 303, "/app/me")
	leads("from nowhere", at("POST /app/login", loginForm("amy", password, "")), 303, "/app/me")
	leads("a form that is refused", s.do(t, s.browser(t), "POST /app/me", "a=b", "Referer: https://app.example/app/form?x=1"), 303, "/app/login?came_from=%2Fapp%2Fform%3Fx%3D1")
	if text := body(t, at("GET /app/login?came_from=/app/me", "")); !strings.Contains(text, `href="/app/me">Continue as amy`) {
		t.Errorf("the login page of who is signed in:\n%s", text)
	}
	for _, cookie := range at("POST /app/logout", "").Cookies() {
		if cookie.Path != "/app" {
			t.Errorf("the logout sets %v", cookie)
		}
	}
	leads("after the logout", at("GET /app/me", ""), 303, "/app/login?came_from=%2Fapp%2Fme")
	resp = s.do(t, s.Client(), "POST /app/logout", "")
	leads("a logout", resp, 200, "") // the client follows redirects: Home is there
}

// TestMuxRedirectsBelowBasePath: redirects to a final slash include the base
// path.
func TestMuxRedirectsBelowBasePath(t *testing.T) {
	for base, want := range map[string]string{"": "/admin/?q=1", "/app": "/app/admin/?q=1"} {
		g := guardByHeader(Config{BasePath: base, AllowEncodedSlash: true})
		m := g.NewMux()
		m.Handle("/admin/", rbac.NotAnonymous(), &countingHandler{})
		for _, line := range []string{"GET /admin?q=1", "POST /admin?q=1"} {
			resp := serve(g.Handler(m), request(t, line))
			if got := resp.Header.Get("Location"); resp.StatusCode != 307 || got != want {
				t.Errorf("%s with BasePath %q: status %d to %q, want %q", line, base, resp.StatusCode, got, want)
			}
		}
		if resp := serve(g.Handler(m), request(t, "GET /admin/x")); resp.StatusCode != 401 {
			t.Errorf("a page: %d", resp.StatusCode)
		}
	}
}

// TestCameFrom: a login page of the host redirects to pages of this service
// only.
func TestCameFrom(t *testing.T) {
	for _, c := range []struct{ base, from, want string }{
		{"", "/posts/7?a=b", "/posts/7?a=b"},
		{"", "//evil.example/x", ""},
		{"", `/\evil.example`, ""},
		{"", "https://evil.example/", ""},
		{"", "/%2fevil.example", ""},
		{"", "/a;b", ""},
		{"", "", ""},
		{"", "/login?came_from=/a", ""},
		{"", "/logout", ""},
		{"/app", "/app/posts/7", "/app/posts/7"},
		{"/app", "/app", "/app"},
		{"/app", "/app/", "/app/"},
		{"/app", "/apple", ""},
		{"/app", "/posts/7", ""},
		{"/app", "/app/../x", ""},
		{"/app", "/app//evil.example", ""},
		{"/app", "/app/login", ""},
		{"/app", "/login", ""},
		{"/app", "//evil.example/app/x", ""},
	} {
		g := guardByHeader(Config{BasePath: c.base})
		form := request(t, "POST /login?came_from=/query", "Content-Type: "+formType)
		form.Body = readCloser{strings.NewReader(url.Values{"came_from": {c.from}}.Encode())}
		for what, r := range map[string]*http.Request{"a query": request(t, "GET /login?came_from="+url.QueryEscape(c.from)), "a form": form} {
			if got, ok := g.CameFrom(r); got != c.want || ok != (c.want != "") {
				t.Errorf("%q in %s, BasePath %q: %q, %v; want %q", c.from, what, c.base, got, ok, c.want)
			}
		}
	}
	if got, ok := guardByHeader(Config{}).CameFrom(request(t, "GET /login")); ok || got != "" {
		t.Errorf("nothing: %q, %v", got, ok)
	}
}
