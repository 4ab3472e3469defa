package main

import (
	"html"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/examples/internal/webtest"
	"github.com/rbac-go/rbac/internal/postgrestest"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	os.Exit(postgrestest.Main(m))
}

// site is a running blog.
type site struct {
	*httptest.Server
	t         *testing.T
	authority *rbac.Authority
	mails     mails
	alerts    strings.Builder // read them after close
}

// mails receives what the blog writes to the terminal.
type mails chan string

func (m mails) Write(text []byte) (int, error) {
	m <- string(text)
	return len(text), nil
}

// newSite starts a blog in memory, as after a first start.
func newSite(t *testing.T) *site {
	return serveSite(t, memorystore.New(), &memoryPosts{})
}

func serveSite(t *testing.T, store rbac.Store, p posts) *site {
	t.Helper()
	cfg := config
	s := &site{Server: httptest.NewUnstartedServer(nil), t: t, mails: make(mails, 9)}
	cfg.OnEvent = alert(slog.New(slog.NewTextHandler(&s.alerts, nil)))
	cfg.Argon2id = rbac.Argon2id{MemoryKiB: 8, Time: 1, Threads: 1} // unsafe outside tests
	a, err := rbac.Open(t.Context(), store, cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := prepare(t.Context(), a, p); err != nil {
		t.Fatal(err)
	}
	s.authority = a
	_, s.Config.Handler = newBlog(a, p, "http://"+s.Listener.Addr().String(), s.mails).routes()
	s.Start()
	t.Cleanup(s.close)
	return s
}

// close ends the blog, after the last event has been received.
func (s *site) close() {
	s.Close()
	s.authority.Close()
}

func (s *site) update(t *testing.T, f func(*rbac.Tx) error) {
	t.Helper()
	if err := s.authority.Update(t.Context(), f); err != nil {
		t.Fatal(err)
	}
}

func (s *site) browser() *webtest.Browser { return webtest.New(s.t, s.URL) }

// as returns a browser in which a user has signed in.
func (s *site) as(user, password string) *webtest.Browser {
	s.t.Helper()
	b := s.browser()
	if a := b.Post("/login", "user", user, "password", password); a.Status != http.StatusSeeOther {
		s.t.Fatalf("login of %s: %d %s", user, a.Status, a.Text)
	}
	return b
}

// change makes a change in the console, as its forms do. A change that the
// console would show with its effect first is confirmed.
func change(b *webtest.Browser, do string, pairs ...string) webtest.Answer {
	b.T.Helper()
	page := b.Post("/admin/change", append([]string{"do", do}, pairs...)...)
	if !strings.Contains(page.Body, `name="effect"`) {
		return page
	}
	var shown []string
	for _, m := range hiddenField.FindAllStringSubmatch(page.Body, -1) {
		shown = append(shown, m[1], html.UnescapeString(m[2]))
	}
	return b.Post("/admin/change", shown...)
}

var hiddenField = regexp.MustCompile(`<input type="hidden" name="(\w+)" value="([^"]*)">`)

var seen = regexp.MustCompile(`name="seen" value="(\d+)"`)

// seenOn returns the revision that the forms of a desk's page send.
func seenOn(t *testing.T, page webtest.Answer) string {
	t.Helper()
	m := seen.FindStringSubmatch(page.Body)
	if m == nil {
		t.Fatalf("the page has no form: %d\n%s", page.Status, page.Text)
	}
	return m[1]
}
