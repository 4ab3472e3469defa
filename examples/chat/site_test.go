package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/examples/internal/webtest"
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

// newSite starts a chat as after a first start.
func newSite(t *testing.T) *site {
	return serveFile(t, filepath.Join(t.TempDir(), "chat.db"), &clock{}, config)
}

// serveFile starts a chat on a file, as one of several processes.
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

// clock moves only when a test moves the clock. The zero clock is at noon.
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

// pluggedStore is a store that can fail.
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

func (s *site) browser() *browser { return &browser{webtest.New(s.t, s.URL)} }

// browser is a browser that can open streams.
type browser struct{ *webtest.Browser }

// as returns a browser in which a sample user has signed in.
func (s *site) as(user string) *browser {
	s.t.Helper()
	b := s.browser()
	for _, u := range samples {
		if u.Name == user {
			b.Done("login of "+user, b.Post("/login", "user", user, "password", u.password))
		}
	}
	return b
}

// says posts to General; a refusal fails the test.
func (b *browser) says(text string) {
	b.T.Helper()
	b.Done("say "+text, b.Post("/rooms/general/messages", "text", text))
}

// ear is an open stream.
type ear struct {
	t      *testing.T
	events chan event // closed at its end
}

// event is an event of a stream; a comment has the name "beat".
type event struct{ id, name, data string }

// listens opens the stream of General after a message, as a page does.
func (b *browser) listens(after string) *ear {
	b.T.Helper()
	return b.opens("/rooms/general/events?after="+after, "")
}

// opens opens a stream. lastID, unless empty, is the Last-Event-ID of a browser
// that comes back.
func (b *browser) opens(path, lastID string) *ear {
	b.T.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	b.T.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, b.Base+path, nil)
	if err != nil {
		b.T.Fatal(err)
	}
	r.Header.Set("Accept", "text/event-stream")
	if lastID != "" {
		r.Header.Set("Last-Event-ID", lastID)
	}
	resp, err := b.Client.Do(r)
	if err != nil {
		b.T.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "text/event-stream" {
		b.T.Fatalf("%s: %s", path, resp.Status)
	}
	e := &ear{b.T, make(chan event, 1000)}
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

// next returns the next event; the zero event at the end of the stream.
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

// hears checks the next events, each by its name and a text in its data. Beats
// may come at any time, and count only where a beat is wanted.
func (e *ear) hears(rule string, want ...string) {
	e.t.Helper()
	for _, w := range want {
		name, text, _ := strings.Cut(w, " ")
		now := e.next()
		for now.name == "beat" && name != "beat" {
			now = e.next()
		}
		if now.name != name || !strings.Contains(now.data, text) {
			e.t.Fatalf("%s: %q came, want %s", rule, now, w)
		}
	}
}

// ends checks that the page has to be requested again, and that the stream
// ends.
func (e *ear) ends(rule string) {
	e.t.Helper()
	e.hears(rule, "reload")
	if now := e.next(); now != (event{}) {
		e.t.Errorf("%s: %q comes after the end", rule, now)
	}
}
