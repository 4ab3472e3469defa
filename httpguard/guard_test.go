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

// TestWithoutHandler: a Guard that cannot know the client allows nobody, and
// responds with 500 for the mistake in the program.
func TestWithoutHandler(t *testing.T) {
	g, other := guardByHeader(Config{}), guardByHeader(Config{})
	page := &countingHandler{}
	m := g.NewMux()
	m.Public("/", page)
	authorize := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if g.Authorize(w, r, rbac.IsAnonymous()) {
			page.ServeHTTP(w, r)
		}
	})
	handlers := map[string]http.Handler{
		"Require":                      g.Require(rbac.IsAnonymous())(page),
		"Require behind another Guard": other.Handler(g.Require(rbac.IsAnonymous())(page)),
		"Mux":                          m,
		"Mux behind another Guard":     other.Handler(m),
		"Authorize":                    authorize,
		"LoginHandler":                 g.LoginHandler(),
		"LogoutHandler":                g.LogoutHandler(),
	}
	for name, h := range handlers {
		if resp := serve(h, request(t, "GET /")); resp.StatusCode != 500 || page.ran != 0 {
			t.Errorf("%s without Handler: status %d, the page ran %d times", name, resp.StatusCode, page.ran)
		}
	}
}

// TestRequire lists users, predicates and statuses, for every way to guard.
func TestRequire(t *testing.T) {
	var typedNil *struct{ rbac.Predicate }
	tests := []struct {
		rule, who string
		p         rbac.Predicate
		status    int
	}{
		{"who meets the predicate is served", "editor", rbac.HasPermission("editor"), 200},
		{"who does not is refused", "eve", rbac.HasPermission("editor"), 403},
		{"who is nobody must log in", "", rbac.HasPermission("editor"), 401},
		{"a nil predicate admits nobody", "editor", nil, 403},
		{"not even strangers", "", nil, 401},
		{"a predicate of a nil pointer admits nobody", "editor", typedNil, 403},
		{"an empty name admits nobody", "editor", rbac.Not(rbac.InGroup("")), 403},
	}
	for _, tt := range tests {
		for name, wrap := range waysToGuard(guardByHeader(Config{}), tt.p) {
			page := &countingHandler{}
			resp := serve(wrap(page), request(t, "GET /", "X-Who: "+tt.who))
			if resp.StatusCode != tt.status || (page.ran == 1) != (tt.status == 200) {
				t.Errorf("%s, by %s: status %d, want %d; the page ran %d times", tt.rule, name, resp.StatusCode, tt.status, page.ran)
			}
			if got := resp.Header.Get("Cache-Control"); got != "no-store" {
				t.Errorf("%s, by %s: Cache-Control %q", tt.rule, name, got)
			}
		}
	}
}

func waysToGuard(g *Guard, p rbac.Predicate) map[string]func(http.Handler) http.Handler {
	return map[string]func(http.Handler) http.Handler{
		"Require": func(h http.Handler) http.Handler { return g.Handler(g.Require(p)(h)) },
		"Authorize": func(h http.Handler) http.Handler {
			return g.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if g.Authorize(w, r, p) {
					h.ServeHTTP(w, r)
				}
			}))
		},
		"HandleRule": func(h http.Handler) http.Handler {
			m := g.NewMux()
			m.HandleRule("/", func(*http.Request) (rbac.Predicate, error) { return p, nil }, h)
			return g.Handler(m)
		},
	}
}

// TestRules: a rule that returns no predicate allows nobody.
func TestRules(t *testing.T) {
	tests := []struct {
		name   string
		rule   func(*http.Request) (rbac.Predicate, error)
		status int
	}{
		{"not found", func(*http.Request) (rbac.Predicate, error) { return rbac.NotAnonymous(), rbac.ErrNotFound }, 404},
		{"store down", func(*http.Request) (rbac.Predicate, error) { return rbac.NotAnonymous(), rbac.ErrUnavailable }, 503},
		{"unknown error", func(*http.Request) (rbac.Predicate, error) { return rbac.NotAnonymous(), errors.New("x") }, 500},
		{"denied", func(*http.Request) (rbac.Predicate, error) { return rbac.NotAnonymous(), rbac.ErrDenied }, 403},
		{"panic", func(*http.Request) (rbac.Predicate, error) { panic("x") }, 500},
		{"no predicate", func(*http.Request) (rbac.Predicate, error) { return nil, nil }, 403},
		{"no rule", nil, 500},
	}
	for _, tt := range tests {
		page := &countingHandler{}
		g := guardByHeader(Config{})
		resp := serve(g.Handler(g.RequireFunc(tt.rule)(page)), request(t, "GET /", "X-Who: editor"))
		if resp.StatusCode != tt.status || page.ran != 0 {
			t.Errorf("%s: status %d, want %d; the page ran %d times", tt.name, resp.StatusCode, tt.status, page.ran)
		}
	}
}

// TestAbortHandler: a rule may abort the connection as handlers may.
func TestAbortHandler(t *testing.T) {
	g := guardByHeader(Config{})
	page := &countingHandler{}
	h := g.Handler(g.RequireFunc(func(*http.Request) (rbac.Predicate, error) { panic(http.ErrAbortHandler) })(page))
	defer func() {
		if p := recover(); p != http.ErrAbortHandler || page.ran != 0 {
			t.Errorf("recovered %v, the page ran %d times", p, page.ran)
		}
	}()
	serve(h, request(t, "GET /"))
}

// TestCustomDenied: whatever Config.Denied does, the guarded handler does not
// run.
func TestCustomDenied(t *testing.T) {
	var g *Guard
	tests := []struct {
		name   string
		denied func(http.ResponseWriter, *http.Request, error)
		status int
	}{
		{"answers itself", func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusTeapot) }, 418},
		{"says all is well", func(w http.ResponseWriter, _ *http.Request, _ error) { _, _ = w.Write([]byte("ok")) }, 200},
		{"does nothing", func(http.ResponseWriter, *http.Request, error) {}, 403},
		{"sends a hint only", func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusEarlyHints) }, 403},
		{"asks for the built-in answer", func(w http.ResponseWriter, r *http.Request, err error) { g.Deny(w, r, err) }, 403},
		{"flushes", func(w http.ResponseWriter, _ *http.Request, _ error) { _ = http.NewResponseController(w).Flush() }, 200},
		{"panics", func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) }, 0},
	}
	for _, tt := range tests {
		g = guardByHeader(Config{Denied: tt.denied})
		for name, wrap := range waysToGuard(g, rbac.HasPermission("editor")) {
			page := &countingHandler{}
			s := httptest.NewServer(wrap(page))
			r, err := http.NewRequest("GET", s.URL, nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("X-Who", "eve")
			status, text := 0, ""
			if resp, err := s.Client().Do(r); err == nil {
				status, text = resp.StatusCode, body(t, resp)
			}
			s.Close()
			if status != tt.status || page.ran != 0 {
				t.Errorf("it %s, by %s: status %d, want %d; the page ran %d times", tt.name, name, status, tt.status, page.ran)
			}
			if builtin := strings.Contains(text, "about:blank"); builtin != (status == 403) {
				t.Errorf("it %s, by %s: the built-in answer is there: %v", tt.name, name, builtin)
			}
		}
	}
}

// TestCrossOrigin: another site can make a browser neither act nor open a
// WebSocket.
func TestCrossOrigin(t *testing.T) {
	trusting := http.NewCrossOriginProtection()
	if err := trusting.AddTrustedOrigin("https://partner.example"); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		rule, line string
		headers    []string
		status     int
	}{
		{"a link from elsewhere may look", "GET /", []string{"Sec-Fetch-Site: cross-site"}, 200},
		{"a form from elsewhere may not post", "POST /", []string{"Sec-Fetch-Site: cross-site"}, 403},
		{"nor one from a neighbour", "POST /", []string{"Sec-Fetch-Site: same-site"}, 403},
		{"nor in an old browser", "POST /", []string{"Origin: https://evil.example"}, 403},
		{"one's own may", "POST /", []string{"Sec-Fetch-Site: same-origin"}, 200},
		{"one's own may in an old browser", "POST /", []string{"Origin: http://example.com"}, 200},
		{"so may a program", "POST /", nil, 200},
		{"a WebSocket from elsewhere is refused", "GET /", []string{"Upgrade: websocket", "Connection: Upgrade", "Sec-Fetch-Site: cross-site"}, 403},
		{"also where only Origin tells", "GET /", []string{"Upgrade: websocket", "Connection: Upgrade", "Origin: https://evil.example"}, 403},
		{"one's own WebSocket is let in", "GET /", []string{"Upgrade: websocket", "Connection: Upgrade", "Origin: http://example.com"}, 200},
		{"who sends a Bearer token meant it", "POST /", []string{"Authorization: Bearer x", "Origin: https://evil.example"}, 200},
		{"Basic credentials prove no intent", "POST /", []string{"Authorization: Basic eDp5", "Origin: https://evil.example"}, 403},
		{"a trusted origin is let in", "POST /", []string{"Sec-Fetch-Site: cross-site", "Origin: https://partner.example"}, 200},
	}
	for _, tt := range tests {
		page := &countingHandler{}
		h := guardByHeader(Config{CrossOrigin: trusting}).Handler(page)
		resp := serve(h, request(t, tt.line, tt.headers...))
		if resp.StatusCode != tt.status || (page.ran == 1) != (tt.status == 200) {
			t.Errorf("%s: status %d, want %d", tt.rule, resp.StatusCode, tt.status)
		}
		if page.ran == 1 && page.last.Method+" /" != tt.line {
			t.Errorf("%s: the page saw a %s", tt.rule, page.last.Method)
		}
	}
}

// TestCrossOriginOfASite: with a Site, the Host of the request does not count,
// which is the address of the service itself behind a proxy.
func TestCrossOriginOfASite(t *testing.T) {
	trusting := http.NewCrossOriginProtection()
	for _, origin := range []string{"https://app.example", "https://partner.example"} {
		must(t, trusting.AddTrustedOrigin(origin))
	}
	trusting.AddInsecureBypassPattern("POST example.com/open")
	socket := []string{"Upgrade: websocket", "Connection: Upgrade"}
	for _, tt := range []struct {
		rule, line string
		headers    []string
		own        int // the status with the protection of the Guard
		hosts      int // the status with that of the host
	}{
		{"a page of the address behind the proxy", "POST /", []string{"Origin: http://example.com"}, 403, 403},
		{"a WebSocket of such a page", "GET /", append(socket, "Origin: http://example.com"), 403, 403},
		{"a page of the site over plain HTTP", "POST /", []string{"Origin: http://app.example"}, 403, 403},
		{"a page of the site", "POST /", []string{"Origin: https://app.example"}, 200, 200},
		{"a WebSocket of the site", "GET /", append(socket, "Origin: https://app.example"), 200, 200},
		{"a browser that knows better", "POST /", []string{"Origin: http://example.com", "Sec-Fetch-Site: same-origin"}, 200, 200},
		{"a page that only the host trusts", "POST /", []string{"Origin: https://partner.example"}, 403, 200},
		{"a pattern of the host", "POST /open", []string{"Origin: http://example.com"}, 403, 200},
		{"a program", "POST /", nil, 200, 200},
		{"a link", "GET /", []string{"Origin: http://example.com"}, 200, 200},
		{"a Bearer token", "POST /", []string{"Authorization: Bearer x", "Origin: http://example.com"}, 200, 200},
	} {
		for protection, want := range map[*http.CrossOriginProtection]int{nil: tt.own, trusting: tt.hosts} {
			h := guardByHeader(Config{Site: "https://app.example", CrossOrigin: protection}).Handler(&countingHandler{})
			if resp := serve(h, request(t, tt.line, tt.headers...)); resp.StatusCode != want {
				t.Errorf("%s: status %d, want %d (trusting: %v)", tt.rule, resp.StatusCode, want, protection != nil)
			}
		}
	}
}

// TestClientAddr: the address comes from the connection or from
// Config.ClientAddr, and is missing after an error.
func TestClientAddr(t *testing.T) {
	says := func(a netip.Addr, err error) func(*http.Request) (netip.Addr, error) {
		return func(*http.Request) (netip.Addr, error) { return a, err }
	}
	tests := []struct {
		name, remote string
		ask          func(*http.Request) (netip.Addr, error)
		want         string
	}{
		{"of the connection", "192.0.2.1:1234", nil, "192.0.2.1"},
		{"IPv4 in IPv6", "[::ffff:192.0.2.1]:1234", nil, "192.0.2.1"},
		{"with a zone", "[fe80::1%eth0]:1234", nil, "fe80::1"},
		{"a socket in the file system", "@", nil, "invalid IP"},
		{"of the host", "192.0.2.1:1234", says(netip.MustParseAddr("198.51.100.7"), nil), "198.51.100.7"},
		{"the host fails", "192.0.2.1:1234", says(netip.MustParseAddr("198.51.100.7"), errors.New("x")), "invalid IP"},
		{"the host panics", "192.0.2.1:1234", func(*http.Request) (netip.Addr, error) { panic("x") }, "invalid IP"},
	}
	for _, tt := range tests {
		r := request(t, "GET /")
		r.RemoteAddr = tt.remote
		if got, _ := guardByHeader(Config{ClientAddr: tt.ask}).clientAddr(r); got.String() != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

// TestBadConfig: a configuration that can never work panics at start.
func TestBadConfig(t *testing.T) {
	g := guardByHeader(Config{})
	tests := map[string]func(){
		"nil Authority":               func() { New(nil, Config{}) },
		"a login page elsewhere":      func() { guardByHeader(Config{LoginPath: "https://login.example/"}) },
		"a home elsewhere":            func() { guardByHeader(Config{Home: "//evil.example"}) },
		"a logout with a query":       func() { guardByHeader(Config{LogoutPath: "/logout?now"}) },
		"a site with a path":          func() { guardByHeader(Config{Site: "https://example.com/app"}) },
		"a site without scheme":       func() { guardByHeader(Config{Site: "example.com"}) },
		"a site of user and host":     func() { guardByHeader(Config{Site: "https://a@example.com"}) },
		"a site that is no web site":  func() { guardByHeader(Config{Site: "ftp://example.com"}) },
		"a plain site, not Insecure":  func() { guardByHeader(Config{Site: "http://example.com"}) },
		"a base path elsewhere":       func() { guardByHeader(Config{BasePath: "//evil.example"}) },
		"a base path without a slash": func() { guardByHeader(Config{BasePath: "app"}) },
		"a base path with an escape":  func() { guardByHeader(Config{BasePath: "/a%20b"}) },
		"a cookie name with spaces":   func() { guardByHeader(Config{CookieName: "my ticket"}) },
		"a nil handler":               func() { g.Handler(nil) },
		"a nil handler under Require": func() { g.Require(rbac.NotAnonymous())(nil) },
	}
	for name, f := range tests {
		if !panics(f) {
			t.Errorf("%s: no panic", name)
		}
	}
}

func panics(f func()) (yes bool) {
	defer func() { yes = recover() != nil }()
	f()
	return false
}

// BenchmarkUnguarded and BenchmarkGuarded measure the same service without and
// with a Guard: a router, a page, and a browser with three cookies, of which
// one is a cached ticket. The difference is the cost of the Guard.
func BenchmarkUnguarded(b *testing.B) {
	m := http.NewServeMux()
	m.Handle("/posts/{id}", http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	benchmark(b, m)
}

func BenchmarkGuarded(b *testing.B) {
	s := newService(b, Config{Insecure: true}, plain)
	m := s.g.NewMux()
	m.Handle("/posts/{id}", rbac.HasPermission("post.write"), http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	token, err := s.a.Issue(b.Context(), rbac.Login{User: "amy"})
	if err != nil {
		b.Fatal(err)
	}
	b.Run("cookie", func(b *testing.B) {
		benchmark(b, s.g.Handler(m), "Cookie: lang=en; ticket="+token.Secret()+"; theme=dark")
	})
	b.Run("bearer", func(b *testing.B) { benchmark(b, s.g.Handler(m), "Authorization: Bearer "+token.Secret()) })
}

func benchmark(b *testing.B, h http.Handler, headers ...string) {
	r := request(b, "GET /posts/42", headers...)
	w := httptest.NewRecorder()
	b.ReportAllocs()
	for b.Loop() {
		clear(w.Header())
		h.ServeHTTP(w, r)
	}
	if w.Code != http.StatusOK {
		b.Fatal("status", w.Code)
	}
}
