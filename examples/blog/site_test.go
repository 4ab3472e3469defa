package main

import (
	"context"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/rbac-go/rbac"
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
}

// newSite starts a blog in memory, as it is at first start.
func newSite(t *testing.T) *site {
	return serveSite(t, memorystore.New(), &memoryPosts{})
}

func serveSite(t *testing.T, store rbac.Store, p posts) *site {
	t.Helper()
	cfg := config
	cfg.Argon2id = rbac.Argon2id{MemoryKiB: 8, Time: 1, Threads: 1} // unsafe outside tests
	a, err := rbac.Open(t.Context(), store, cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := prepare(t.Context(), a, p); err != nil {
		t.Fatal(err)
	}
	_, handler := newBlog(a, p).routes()
	s := &site{httptest.NewServer(handler), t, a}
	t.Cleanup(func() { s.Close(); a.Close() })
	return s
}

func (s *site) update(t *testing.T, f func(*rbac.Tx) error) {
	t.Helper()
	if err := s.authority.Update(t.Context(), f); err != nil {
		t.Fatal(err)
	}
}

// browser keeps cookies and follows no redirect.
type browser struct {
	t      *testing.T
	base   string
	client *http.Client
	accept string
}

// answer is what a browser got. Text is the body as a reader sees it.
type answer struct {
	status   int
	location string
	header   http.Header
	body     string
	text     string
}

func (s *site) browser() *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &browser{s.t, s.URL, &http.Client{Jar: jar, CheckRedirect: stay}, "text/html,*/*;q=0.8"}
}

// as is a browser in which somebody has signed in.
func (s *site) as(user, password string) *browser {
	s.t.Helper()
	b := s.browser()
	if a := b.post("/login", "user", user, "password", password); a.status != http.StatusSeeOther {
		s.t.Fatalf("login of %s: %d %s", user, a.status, a.text)
	}
	return b
}

func (b *browser) get(path string) answer {
	b.t.Helper()
	return b.do(http.MethodGet, path, nil)
}

func (b *browser) post(path string, pairs ...string) answer {
	b.t.Helper()
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return b.do(http.MethodPost, path, strings.NewReader(form.Encode()))
}

func (b *browser) do(method, path string, body io.Reader) answer {
	b.t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), method, b.base+path, body)
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Accept", b.accept)
	if body != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return b.send(r)
}

func (b *browser) send(r *http.Request) answer {
	b.t.Helper()
	resp, err := b.client.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	body := string(text)
	return answer{resp.StatusCode, resp.Header.Get("Location"), resp.Header, body, html.UnescapeString(tags.ReplaceAllString(body, ""))}
}

var tags = regexp.MustCompile(`<[^>]*>`)

// want checks the status of an answer and that a reader finds these texts in it.
func (b *browser) want(what string, a answer, status int, texts ...string) {
	b.t.Helper()
	if a.status != status {
		b.t.Fatalf("%s: status %d, want %d\n%s", what, a.status, status, a.text)
	}
	for _, text := range texts {
		if !strings.Contains(a.text, text) {
			b.t.Errorf("%s: %q is missing in\n%s", what, text, a.text)
		}
	}
}

// done checks that a form was accepted: it is answered with a redirect.
func (b *browser) done(what string, a answer) {
	b.t.Helper()
	b.want(what, a, http.StatusSeeOther)
}
