package httpguard

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/internal/storefault"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

// health answers a request for the health of an Authority.
func health(a *rbac.Authority, method string) string {
	w := httptest.NewRecorder()
	Health(a).ServeHTTP(w, httptest.NewRequest(method, "/healthz", nil))
	return strings.TrimSpace(fmt.Sprint(w.Code, " ", w.Body.String()))
}

// Health turns 503 when the store has not answered for MaxStaleness, and 200
// when the store answers again. The response names no cause.
func TestHealth(t *testing.T) {
	var now atomic.Pointer[time.Time]
	advance := func(d time.Duration) { later := now.Load().Add(d); now.Store(&later) }
	start := time.Date(2031, time.March, 3, 9, 0, 0, 0, time.UTC)
	now.Store(&start)
	var down atomic.Bool
	s := &storefault.Store{Store: memorystore.New(), Hooks: storefault.Hooks{
		View: func(_ context.Context, run func() error) error {
			if down.Load() {
				return fmt.Errorf("%w: dial tcp 10.0.0.7:5432: password is hunter2", rbac.ErrUnavailable)
			}
			return run()
		},
	}}
	// The follower asks every six minutes of real time: the requests of the test
	// alone ask the store.
	a, err := rbac.Open(t.Context(), s, rbac.Config{MaxStaleness: time.Hour, Logger: slog.New(slog.DiscardHandler),
		Clock: func() time.Time { return *now.Load() }})
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		rule   string
		do     func()
		get    string
		method string
	}{
		{"a new Authority", func() {}, "200 ok", "GET"},
		{"the store is down, but was asked lately", func() { down.Store(true) }, "200 ok", "GET"},
		{"the store has not answered for too long", func() { advance(time.Hour) }, "503 store unavailable", "GET"},
		{"still", func() {}, "503 store unavailable", "GET"},
		{"the store answers again", func() { down.Store(false) }, "200 ok", "GET"},
		{"another method", func() {}, "405", "POST"},
		{"a closed Authority", func() { a.Close() }, "503 store unavailable", "GET"},
	} {
		step.do()
		if got := health(a, step.method); got != step.get {
			t.Errorf("%s: got %q, want %q", step.rule, got, step.get)
		}
	}
}

// HEAD has the status of GET and no body, over HTTP. Nothing is cached.
func TestHealthOverHTTP(t *testing.T) {
	a := authorityOf(t, memorystore.New())
	g := New(a, quiet(Config{}))
	mux := g.NewMux()
	mux.Public("/healthz", Health(a))
	server := httptest.NewServer(g.Handler(mux))
	defer server.Close()
	for method, want := range map[string]string{"GET": "ok\n", "HEAD": "", "DELETE": ""} {
		req, err := http.NewRequestWithContext(t.Context(), method, server.URL+"/healthz", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := server.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		status := http.StatusOK
		if method == "DELETE" {
			status = http.StatusMethodNotAllowed
		}
		if resp.StatusCode != status || string(body) != want || resp.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: got %d %q, %v", method, resp.StatusCode, body, resp.Header)
		}
	}
}

// A store that hangs is answered for within a second, however long the Authority
// itself would wait.
func TestHealthOfAStoreThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var hangs atomic.Bool
		s := &storefault.Store{Store: memorystore.New(), Hooks: storefault.Hooks{
			View: func(ctx context.Context, run func() error) error {
				if hangs.Load() {
					<-ctx.Done()
					return fmt.Errorf("%w: %w", rbac.ErrUnavailable, context.Cause(ctx))
				}
				return run()
			},
		}}
		a, err := rbac.Open(t.Context(), s, rbac.Config{MaxStaleness: time.Hour, Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		defer a.Close()
		time.Sleep(5 * time.Minute) // the follower asks every six minutes
		hangs.Store(true)
		time.Sleep(time.Hour)
		began := time.Now()
		if got := health(a, "GET"); got != "503 store unavailable" || time.Since(began) > time.Second {
			t.Errorf("got %q after %v", got, time.Since(began))
		}
	})
}
