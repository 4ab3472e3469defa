package httpguard

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/rbac-go/rbac"
)

// TestMux lists requests, statuses, and the handler that served the request.
func TestMux(t *testing.T) {
	g := guardByHeader(Config{})
	m := g.NewMux()
	editor := rbac.HasPermission("editor")
	where := func(name string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Handler", name+" "+r.Pattern+" "+r.PathValue("id"))
		})
	}
	m.Public("/{$}", where("home"))
	m.Public("GET /posts/{id}", where("show"))
	m.Handle("POST /posts/{id}", editor, where("save"))
	m.Handle("GET /posts/new", editor, where("form"))
	m.Handle("GET /admin/", editor, where("admin"))
	m.Public("/static/", where("static"))
	m.Handle("PUT /static/{id}", editor, where("upload"))
	m.HandleRule("/rule/{id}", func(r *http.Request) (rbac.Predicate, error) {
		if r.PathValue("id") != "7" {
			return nil, rbac.ErrNotFound
		}
		return editor, nil
	}, where("rule"))
	m.Handle("intern.example.com/", editor, where("intern"))
	h := g.Handler(m)
	tests := []struct {
		rule, line, who string
		status          int
		handler         string // name, pattern and {id}
	}{
		{"a public page", "GET /", "", 200, "home /{$} "},
		{"what no pattern matches is nowhere", "GET /x", "editor", 404, ""},
		{"for strangers, too", "GET /x", "", 404, ""},
		{"a public method", "GET /posts/7", "", 200, "show GET /posts/{id} 7"},
		{"HEAD is like GET", "HEAD /posts/7", "", 200, "show GET /posts/{id} 7"},
		{"a guarded method of that path", "POST /posts/7", "", 401, ""},
		{"is served to whom may", "POST /posts/7", "editor", 200, "save POST /posts/{id} 7"},
		{"a third method is not there", "DELETE /posts/7", "editor", 405, ""},
		{"the more specific path is guarded", "GET /posts/new", "", 401, ""},
		{"and its other methods are not the general one's", "POST /posts/new", "editor", 405, ""},
		{"a subtree guarded for one method", "GET /admin/users", "", 401, ""},
		{"is closed for the others", "POST /admin/users", "editor", 405, ""},
		{"also to strangers", "POST /admin/users", "", 405, ""},
		{"a missing slash is added, with the query", "GET /admin?q=1", "", 307, ""},
		{"for any method", "POST /admin", "", 307, ""},
		{"a guarded upload closes the path to the general page", "GET /static/a.css", "", 405, ""},
		{"but not the paths beside it", "GET /static/a/b.css", "", 200, "static /static/ "},
		{"a rule sees the path", "GET /rule/7", "editor", 200, "rule /rule/{id} 7"},
		{"and judges", "GET /rule/7", "eve", 403, ""},
		{"or finds nothing", "GET /rule/8", "editor", 404, ""},
		{"a host", "GET http://intern.example.com/posts/7", "", 401, ""},
		{"in other letters", "GET http://INTERN.example.com.:8080/posts/7", "", 401, ""},
		{"is served to whom may", "GET http://intern.example.com/posts/7", "editor", 200, "intern intern.example.com/ "},
	}
	for _, tt := range tests {
		resp := serve(h, request(t, tt.line, "X-Who: "+tt.who))
		if resp.StatusCode != tt.status || resp.Header.Get("X-Handler") != tt.handler {
			t.Errorf("%s: %s by %q: status %d, handler %q; want %d, %q", tt.rule, tt.line, tt.who, resp.StatusCode, resp.Header.Get("X-Handler"), tt.status, tt.handler)
		}
	}
	resp := serve(h, request(t, "DELETE /posts/7"))
	if got := resp.Header.Get("Allow"); got != "GET, POST, HEAD" {
		t.Errorf("Allow: %q", got)
	}
	if got := serve(h, request(t, "GET /admin?q=1")).Header.Get("Location"); got != "/admin/?q=1" {
		t.Errorf("the missing slash leads to %q", got)
	}
}

// TestCacheControl: the Cache-Control of a handler is kept.
func TestCacheControl(t *testing.T) {
	g := guardByHeader(Config{})
	h := g.Handler(g.Require(rbac.IsAnonymous())(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "private, max-age=60")
	})))
	resp := serve(h, request(t, "GET /"))
	if got := resp.Header.Get("Cache-Control"); got != "private, max-age=60" {
		t.Errorf("Cache-Control: %q", got)
	}
	if got := resp.Header.Get("Vary"); got != "Cookie, Authorization" {
		t.Errorf("Vary: %q", got)
	}
}

// TestRoutes: the table of routes shows every pattern with its rule.
func TestRoutes(t *testing.T) {
	m := guardByHeader(Config{}).NewMux()
	page := &countingHandler{}
	m.Public("/", page)
	m.Handle("GET Example.com/a", rbac.Any(rbac.InGroup("x"), rbac.IsUser("amy")), page)
	m.HandleRule("/b", func(*http.Request) (rbac.Predicate, error) { return nil, errors.New("x") }, page)
	want := []Route{
		{"/", "public"},
		{"GET Example.com/a", `any(in_group("x"), is_user("amy"))`},
		{"/b", "rule"},
		{"/c", "the author"},
	}
	m.HandleRule("/c", func(*http.Request) (rbac.Predicate, error) { return nil, errors.New("x") }, page)
	m.Describe("/c", "the author")
	if got := m.Routes(); !slices.Equal(got, want) {
		t.Errorf("Routes() = %q, want %q", got, want)
	}
}

// TestBadPatterns: a mistake in the table of routes panics at start.
func TestBadPatterns(t *testing.T) {
	page := &countingHandler{}
	p := rbac.NotAnonymous()
	rule := func(*http.Request) (rbac.Predicate, error) { return p, nil }
	tests := map[string]func(*Mux){
		"nil predicate":             func(m *Mux) { m.Handle("/", nil, page) },
		"nil rule":                  func(m *Mux) { m.HandleRule("/", nil, page) },
		"nil handler":               func(m *Mux) { m.Handle("/", p, nil) },
		"nil handler, rule":         func(m *Mux) { m.HandleRule("/", rule, nil) },
		"nil handler, public":       func(m *Mux) { m.Public("/", nil) },
		"no path":                   func(m *Mux) { m.Handle("example.com", p, page) },
		"empty":                     func(m *Mux) { m.Handle("", p, page) },
		"the same twice":            func(m *Mux) { m.Handle("/a", p, page); m.Public("/a", page) },
		"the same but for wildcard": func(m *Mux) { m.Handle("/{a}", p, page); m.Public("/{b}", page) },
		"the same but for the host": func(m *Mux) { m.Handle("a.example/", p, page); m.Public("A.example./", page) },
		"overlapping":               func(m *Mux) { m.Handle("/a/{x}", p, page); m.Public("/{y}/b", page) },
		"overlapping, two methods":  func(m *Mux) { m.Handle("GET /a/{x}", p, page); m.Public("POST /{y}/b", page) },
		"a host with a port":        func(m *Mux) { m.Handle("example.com:80/", p, page) },
		"an address in brackets":    func(m *Mux) { m.Handle("[::1]/", p, page) },
		"dot segments":              func(m *Mux) { m.Handle("/a/../b", p, page) },
		"empty segments":            func(m *Mux) { m.Handle("//a", p, page) },
		"a method in small letters": func(m *Mux) { m.Handle("get /a", p, page) },
		"described, not there":      func(m *Mux) { m.Describe("/a", "x") },
		"a method not let in":       func(m *Mux) { m.Handle("PROPFIND /a", p, page) },
	}
	for name, f := range tests {
		if !panics(func() { f(guardByHeader(Config{}).NewMux()) }) {
			t.Errorf("%s: no panic", name)
		}
	}
}

// TestNotRegistered: a request that matches no pattern gets the response of
// every other denial.
func TestNotRegistered(t *testing.T) {
	asked := 0
	g := guardByHeader(Config{Denied: func(_ http.ResponseWriter, _ *http.Request, err error) {
		if errors.Is(err, rbac.ErrNotFound) {
			asked++
		}
	}})
	m := g.NewMux()
	m.Public("/a/", &countingHandler{})
	for _, path := range []string{"/", "/b", "/a"} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest("GET", path, nil)
		g.Handler(m).ServeHTTP(w, r)
		if path == "/a" {
			if w.Code != http.StatusTemporaryRedirect && w.Code != http.StatusMovedPermanently {
				t.Errorf("GET %s: %d; want a redirect to the subtree", path, w.Code)
			}
			continue
		}
		if w.Code != http.StatusNotFound || !strings.Contains(w.Header().Get("Content-Type"), "problem+json") {
			t.Errorf("GET %s: %d, %s; want a problem document with 404", path, w.Code, w.Header())
		}
	}
	if asked != 2 {
		t.Errorf("Config.Denied was asked %d times; want 2", asked)
	}
}

// Predicate knows the predicate of a pattern only if the pattern alone decides,
// whatever text Describe has set.
func TestPredicateOfAPattern(t *testing.T) {
	m := guardByHeader(Config{}).NewMux()
	ok, editor := http.NotFoundHandler(), rbac.HasPermission("editor")
	m.Public("/about", ok)
	m.Handle("/edit", editor, ok)
	for _, pattern := range []string{"/rule", "/public", "/expression"} {
		m.HandleRule(pattern, func(*http.Request) (rbac.Predicate, error) { return editor, nil }, ok)
	}
	m.Describe("/public", "public")
	m.Describe("/expression", "not_anonymous()")
	m.Describe("/edit", "public")
	for pattern, want := range map[string]bool{"/about": true, "/edit": true, "/rule": false, "/public": false, "/expression": false, "/nowhere": false} {
		p, ok := m.Predicate(pattern)
		if ok != want || (p == editor) != (pattern == "/edit") {
			t.Errorf("%s: %v, %v", pattern, p, ok)
		}
	}
}

// Route returns the route that serves the request.
func TestRouteOfARequest(t *testing.T) {
	m := guardByHeader(Config{}).NewMux()
	editor := rbac.HasPermission("editor")
	ok := http.NotFoundHandler()
	m.Public("GET /posts/{id}", ok)
	m.Handle("POST /posts/{id}", editor, ok)
	m.Handle("GET /posts/new", rbac.InGroup("authors"), ok)
	m.Handle("/admin/", editor, ok)
	m.Handle("intern.example.com/", rbac.NotAnonymous(), ok)
	m.HandleRule("/rule", func(*http.Request) (rbac.Predicate, error) { return editor, nil }, ok)
	m.Describe("/rule", "by the day of the week")
	for line, want := range map[string]string{
		"GET http://x.example/posts/7":          "public",
		"HEAD http://x.example/posts/7":         "public",
		"POST http://x.example/posts/7":         `has_permission("editor")`,
		"GET http://x.example/posts/new":        `in_group("authors")`,
		"POST http://x.example/posts/new":       "", // 405
		"GET http://x.example/admin/users":      `has_permission("editor")`,
		"GET http://x.example/admin":            "", // a redirect
		"GET http://x.example/nowhere":          "",
		"GET http://x.example/admin/a%2Fb":      "", // two rules
		"CONNECT http://x.example/posts/7":      "",
		"GET http://intern.example.com/nowhere": "not_anonymous()",
		"PUT http://x.example/rule":             "by the day of the week",

		// as Handler reads the request
		"GET http://INTERN.Example.com:8443/x": "not_anonymous()",
		"GET http://intern.example.com./x":     "not_anonymous()",
		"GET http://x.example/posts/%6Eew":     `in_group("authors")`,
		"GET http://x.example//admin/users":    "", // refused
		"GET http://x.example/posts/a;b":       "",
		"BREW http://x.example/posts/7":        "",
	} {
		method, url, _ := strings.Cut(line, " ")
		r := httptest.NewRequest(method, url, nil)
		if got, ok := m.Route(r); got.Rule != want || ok != (want != "") {
			t.Errorf("%s: %+v, %v; want the rule %q", line, got, ok, want)
		}
	}
}
