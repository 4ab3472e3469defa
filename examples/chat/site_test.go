package main

import (
	"bufio"
	"context"
	"errors"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/store"
	sqlitestore "github.com/rbac-go/rbac/store_sqlite"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	os.Exit(m.Run())
}

// site is a running chat.
type site struct {
	*httptest.Server
	t         *testing.T
	chat      *chat
	authority *rbac.Authority
	handler   http.Handler
	clock     *clock
	store     *pluggedStore
}

// newSite starts a chat as it is at first start.
func newSite(t *testing.T) *site {
	return serveFile(t, filepath.Join(t.TempDir(), "chat.db"), &clock{}, config)
}

// serveFile starts a chat on a file: one process of perhaps several.
func serveFile(t *testing.T, path string, clock *clock, cfg rbac.Config) *site {
	t.Helper()
	opened, err := sqlitestore.Open(t.Context(), path, sqlitestore.Options{})
	if errors.Is(err, sqlitestore.ErrNoCgo) {
		t.Skip("built without cgo: there is no SQLite")
	}
	if err != nil {
		t.Fatal(err)
	}
	store := &pluggedStore{Store: opened}
	cfg.Argon2id = rbac.Argon2id{MemoryKiB: 8, Time: 1, Threads: 1} // unsafe outside tests
	cfg.Clock = clock.now
	a, err := rbac.Open(t.Context(), store, cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := prepare(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	c, err := newChat(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	c.now = clock.now
	_, handler := c.routes()
	s := &site{httptest.NewServer(handler), t, c, a, handler, clock, store}
	t.Cleanup(func() { c.close(); s.Close(); a.Close(); store.Close() })
	return s
}

// clock goes on only when it is told to. Its zero is a certain noon.
type clock struct {
	mu     sync.Mutex
	passed time.Duration
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).Add(c.passed)
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.passed += d
}

// pluggedStore can be taken away.
type pluggedStore struct {
	*sqlitestore.Store
	down atomic.Bool
}

func (s *pluggedStore) View(ctx context.Context, f func(store.Records) error) error {
	if s.down.Load() {
		return rbac.ErrUnavailable
	}
	return s.Store.View(ctx, f)
}

func (s *pluggedStore) ReadHead(ctx context.Context) (store.Head, error) {
	if s.down.Load() {
		return store.Head{}, rbac.ErrUnavailable
	}
	return s.Store.ReadHead(ctx)
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

// as is a browser in which a sample user has signed in.
func (s *site) as(user string) *browser {
	s.t.Helper()
	b := s.browser()
	for _, u := range samples {
		if u.Name == user {
			b.done("login of "+user, b.post("/login", "user", user, "password", u.password))
		}
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

// says posts to General, and must be allowed to.
func (b *browser) says(text string) {
	b.t.Helper()
	b.done("say "+text, b.post("/rooms/general/messages", "text", text))
}

func (b *browser) do(method, path string, body io.Reader) answer {
	b.t.Helper()
	r, err := http.NewRequest(method, b.base+path, body)
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

// ear is an open stream.
type ear struct {
	t      *testing.T
	events chan event // closed at its end
}

// event is what came: "beat" for a comment.
type event struct{ id, name, data string }

// listens opens the stream of General, from after a message on, as a page does.
func (b *browser) listens(after string) *ear {
	b.t.Helper()
	return b.opens("/rooms/general/events?after="+after, "")
}

// opens opens a stream; lastID, unless empty, is what a browser sends that comes back.
func (b *browser) opens(path, lastID string) *ear {
	b.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	b.t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, b.base+path, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Accept", "text/event-stream")
	if lastID != "" {
		r.Header.Set("Last-Event-ID", lastID)
	}
	resp, err := b.client.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "text/event-stream" {
		b.t.Fatalf("%s: %s", path, resp.Status)
	}
	e := &ear{b.t, make(chan event, 1000)}
	go e.read(resp.Body)
	return e
}

func (e *ear) read(body io.ReadCloser) {
	defer close(e.events)
	defer body.Close()
	var now event
	for lines := bufio.NewScanner(body); lines.Scan(); {
		field, value, _ := strings.Cut(lines.Text(), ": ")
		switch {
		case field == ":":
			e.events <- event{name: "beat"}
		case field == "id":
			now.id = value
		case field == "event":
			now.name = value
		case field == "data":
			now.data = value
		case field == "" && now != (event{}):
			e.events <- now
			now = event{}
		}
	}
}

// next is what comes next, the zero event at the end of the stream.
func (e *ear) next() event {
	e.t.Helper()
	select {
	case now := <-e.events:
		return now
	case <-time.After(time.Minute):
		e.t.Fatal("nothing comes")
		return event{}
	}
}

// hears checks that these come next, each with a text in its data.
func (e *ear) hears(rule string, want ...string) {
	e.t.Helper()
	for _, w := range want {
		name, text, _ := strings.Cut(w, " ")
		if now := e.next(); now.name != name || !strings.Contains(now.data, text) {
			e.t.Fatalf("%s: %q came, want %s", rule, now, w)
		}
	}
}

// ends checks that the page is told to ask again, and the stream ends.
func (e *ear) ends(rule string) {
	e.t.Helper()
	e.hears(rule, "reload")
	if now := e.next(); now != (event{}) {
		e.t.Errorf("%s: %q comes after the end", rule, now)
	}
}
