package console

import (
	"cmp"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/httpguard"
	"github.com/rbac-go/rbac/internal/storefault"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

// site is a service with a console. amy is an administrator, lea a lead of
// org:1, who may give readers and editors there, bob a reader, and otto a reader
// of org:2.
type site struct {
	t     *testing.T
	a     *rbac.Authority
	h     http.Handler
	cfg   Config
	mount string // the path of the console in the browser
	clock atomic.Pointer[time.Time]
	token map[string]rbac.Token
	log   logText
	runs  atomic.Int64 // how often the store runs the function of each View
}

var ctx = context.Background()

func newSite(t *testing.T) *site { return mountedAt(t, "/admin/", Config{}, nil) }

// mountedAt returns a site with the console below a path. The function wraps the
// console; nil does nothing.
func mountedAt(t *testing.T, mount string, cfg Config, wrap func(http.Handler) http.Handler) *site {
	t.Helper()
	return siteOn(t, memorystore.New(), mount, cfg, wrap)
}

// siteOn is mountedAt on a store.
func siteOn(t *testing.T, st rbac.Store, mount string, cfg Config, wrap func(http.Handler) http.Handler) *site {
	t.Helper()
	s := &site{t: t, mount: mount, token: map[string]rbac.Token{}}
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	s.clock.Store(&start)
	s.runs.Store(2)
	a, err := rbac.Open(ctx, s.repeating(st), rbac.Config{
		Logger: slog.New(slog.NewTextHandler(&s.log, nil)), Clock: s.now, Protected: []string{"rbac.administer"},
		Argon2id: rbac.Argon2id{MemoryKiB: 8, Time: 1, Threads: 1},
	})
	must(t, err)
	t.Cleanup(func() { must(t, a.Close()) })
	s.a = a
	catalogue := rbac.Catalogue{
		Sections: []rbac.Section{{Name: "posts", Title: "Posts"}},
		Permissions: []rbac.Permission{
			{Name: "post.read", Title: "Read posts", Section: "posts"}, {Name: "post.write", Section: "posts"},
			{Name: "post.delete"}, {Name: "order.create"}, {Name: "order.approve"},
		},
		Groups: []rbac.Group{
			{Name: "admins", DisplayName: "Administrators"}, {Name: "editors"}, {Name: "readers"}, {Name: "leads"},
			{Name: "buyers"}, {Name: "approvers"},
		},
		Grants: []rbac.Grant{
			{Group: "admins", Permission: "*"}, {Group: "editors", Permission: "post.*"},
			{Group: "readers", Permission: "post.read"}, {Group: "buyers", Permission: "order.create"},
		},
		Inheritances: []rbac.Inheritance{{Senior: "editors", Junior: "readers"}},
		Delegations:  []rbac.Delegation{{Group: "leads", Assign: []string{"editors", "readers"}, Users: true}},
	}
	must(t, a.Declare(ctx, catalogue))
	must(t, a.Update(ctx, func(tx *rbac.Tx) error {
		for _, name := range []string{"amy", "lea", "bob", "otto"} {
			if _, err := tx.AddUser(rbac.User{Name: name, DisplayName: "The " + name, Email: name + "@example.org"}); err != nil {
				return err
			}
		}
		for _, m := range []rbac.Membership{
			{User: "amy", Group: "admins"}, {User: "lea", Group: "leads", Scope: "org:1"},
			{User: "bob", Group: "readers"}, {User: "bob", Group: "readers", Scope: "org:1"},
			{User: "otto", Group: "readers", Scope: "org:2", Until: s.now().AddDate(0, 0, 7)},
		} {
			if err := tx.AssignUser(m); err != nil {
				return err
			}
		}
		return tx.CreateSSDSet(rbac.SeparationSet{Name: "purchase", Groups: []string{"buyers", "approvers"}, Cardinality: 2})
	}))
	for _, name := range []string{"amy", "lea", "bob"} {
		s.token[name], err = a.Issue(ctx, rbac.Login{User: name, UserAgent: "Firefox"})
		must(t, err)
	}
	if cfg.Path == "" {
		cfg.Path = mount
	}
	if cfg.Catalogue == nil {
		cfg.Catalogue = &catalogue
	}
	s.cfg = cfg
	s.h = mountedOn(t, s, wrap)
	return s
}

// repeating returns a store that runs the function of each View several times,
// as a store does that has lost its connection.
func (s *site) repeating(st rbac.Store) rbac.Store {
	again := func(_ context.Context, run func() error) (err error) {
		for range s.runs.Load() {
			err = cmp.Or(err, run())
		}
		return err
	}
	return &storefault.Store{Store: st, Hooks: storefault.Hooks{View: again}}
}

// mountedOn returns the handler of a site with the console behind a wrapper.
func mountedOn(t *testing.T, s *site, wrap func(http.Handler) http.Handler) http.Handler {
	t.Helper()
	g := s.guard()
	mux := g.NewMux()
	page := http.NotFoundHandler()
	mux.Public("GET /about", page)
	mux.Handle("GET /posts/{id}", rbac.HasPermission("post.read"), page)
	mux.Handle("POST /posts/{id}", rbac.All(rbac.HasPermission("post.write"), rbac.Not(rbac.InGroup("buyers"))), page)
	mux.Handle("GET /intern", rbac.All(rbac.NotAnonymous(), rbac.FromNet(netip.MustParsePrefix("10.0.0.0/8"))), page)
	mux.Handle("GET /office", rbac.All(rbac.HasPermission("post.read"), rbac.Func("office hours", func(*rbac.Identity) bool { return true })), page)
	byRequest := func(*http.Request) (rbac.Predicate, error) { return rbac.NotAnonymous(), nil }
	mux.HandleRule("PUT /posts/{id}", byRequest, page)
	mux.HandleRule("GET /drafts", byRequest, page)
	mux.Describe("GET /drafts", "public")
	mux.HandleRule("GET /own", byRequest, page)
	mux.Describe("GET /own", `has_permission("post.read")`)
	mux.Handle("GET /org/2", rbac.In("org:2", rbac.HasPermission("post.read")), page)
	mux.Handle("files.example.com/", rbac.HasPermission("post.read"), page)
	cfg := s.cfg
	cfg.Mux = mux
	h, err := New(g, s.a, cfg)
	must(t, err)
	if wrap != nil {
		h = wrap(h)
	}
	mux.Handle(s.mount, rbac.NotAnonymous(), h)
	return g.Handler(mux)
}

func (s *site) guard() *httpguard.Guard {
	return httpguard.New(s.a, httpguard.Config{Insecure: true, Logger: slog.New(slog.DiscardHandler), Site: "https://app.example.com"})
}

// now is the clock of the site, which stands still. The Authority also reads the
// clock in the background.
func (s *site) now() time.Time { return *s.clock.Load() }

func (s *site) advance(d time.Duration) {
	then := s.now().Add(d)
	s.clock.Store(&then)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// answer is a response that has been read.
type answer struct {
	*http.Response
	text string
}

// send sends a request to the console. The user "" is nobody.
func (s *site) send(user string, r *http.Request) answer {
	s.t.Helper()
	if t, ok := s.token[user]; ok {
		r.AddCookie(&http.Cookie{Name: "ticket", Value: t.Secret()})
	}
	w := httptest.NewRecorder()
	s.h.ServeHTTP(w, r)
	resp := w.Result()
	body, err := io.ReadAll(resp.Body)
	must(s.t, err)
	return answer{resp, string(body)}
}

// get loads a page, as a browser does: without the fragment of the address.
func (s *site) get(user, page string) answer {
	s.t.Helper()
	page, _, _ = strings.Cut(page, "#")
	return s.send(user, httptest.NewRequest(http.MethodGet, "http://app.example.com"+s.mount+page, nil))
}

// post sends a form with fields in pairs.
func (s *site) post(user, page string, fields ...string) answer {
	s.t.Helper()
	return s.send(user, s.form(page, fields...))
}

func (s *site) form(page string, fields ...string) *http.Request {
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Add(fields[i], fields[i+1])
	}
	r := httptest.NewRequest(http.MethodPost, "http://app.example.com"+s.mount+page, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", "https://app.example.com") // of the Site
	return r
}

// follow posts a form that leads to a page, and loads the page.
func (s *site) follow(user, page string, fields ...string) answer {
	s.t.Helper()
	resp := s.post(user, page, fields...)
	if resp.StatusCode != http.StatusSeeOther {
		s.t.Fatalf("%s %v: %d\n%s", page, fields, resp.StatusCode, textOf(resp.text))
	}
	return s.get(user, resp.Header.Get("Location"))
}

// update changes something beside the console.
func (s *site) update(f func(tx *rbac.Tx) error) {
	s.t.Helper()
	must(s.t, s.a.Update(rbac.WithActor(ctx, "somebody else"), f))
}

// may reports whether a user has a permission in a scope.
func (s *site) may(user, permission, scope string) bool {
	s.t.Helper()
	id, err := s.a.Identity(ctx, user)
	must(s.t, err)
	if scope != "" {
		id = id.In(scope)
	}
	return id.HasPermission(permission)
}

// parsedPage parses a page.
func parsedPage(t *testing.T, text string) *html.Node {
	t.Helper()
	n, err := html.Parse(strings.NewReader(text))
	must(t, err)
	return n
}

// elements calls f with each element of a page.
func elements(n *html.Node, f func(n *html.Node, attr map[string]string)) {
	if n.Type == html.ElementNode {
		attr := map[string]string{}
		for _, a := range n.Attr {
			attr[a.Key] = a.Val
		}
		f(n, attr)
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		elements(c, f)
	}
}

// textOf returns the text of a page without its elements.
func textOf(page string) string {
	n, err := html.Parse(strings.NewReader(page))
	if err != nil {
		return page
	}
	var b strings.Builder
	var walk func(n *html.Node)
	walk = func(n *html.Node) {
		if n.Type == html.TextNode {
			b.WriteString(n.Data)
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c)
		}
	}
	walk(n)
	return strings.Join(strings.Fields(b.String()), " ")
}

// checkText reports texts that a page lacks.
func checkText(t *testing.T, page answer, want ...string) {
	t.Helper()
	text := textOf(page.text)
	for _, w := range want {
		if !strings.Contains(text, w) {
			t.Errorf("the page lacks %q:\n%s", w, text)
		}
	}
}

// hrefOf returns the address of the link with a text; empty: there is none.
func hrefOf(t *testing.T, page answer, text string) (href string) {
	t.Helper()
	elements(parsedPage(t, page.text), func(n *html.Node, attr map[string]string) {
		if n.Data == "a" && n.FirstChild != nil && strings.TrimSpace(n.FirstChild.Data) == text {
			href = attr["href"]
		}
	})
	return href
}
