package httpguard

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/rbac-go/rbac"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

// A denial over HTTP is one event, with the request, the user and the address.
// What is refused for other reasons is no denial. The line of the log has the
// same attributes.
func TestDenialsAreEvents(t *testing.T) {
	var got []rbac.Event
	a, err := rbac.Open(t.Context(), memorystore.New(), rbac.Config{
		Argon2id: rbac.Argon2id{MemoryKiB: 8, Time: 1, Threads: 1},
		Logger:   slog.New(slog.DiscardHandler),
		OnEvent: func(_ context.Context, e rbac.Event) {
			if e.Kind == rbac.EventDenied {
				got = append(got, e)
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	if _, err := a.CreateUser(t.Context(), rbac.User{Name: "eve"}, password); err != nil {
		t.Fatal(err)
	}
	tok, err := a.Issue(t.Context(), rbac.Login{User: "eve"})
	if err != nil {
		t.Fatal(err)
	}

	var log bytes.Buffer
	g := New(a, Config{Insecure: true, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	mux := g.NewMux()
	empty := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	mux.Handle("/posts", rbac.NotAnonymous(), empty)
	mux.Handle("/admin", rbac.HasPermission("rbac.administer"), empty)
	mux.HandleRule("/missing", func(*http.Request) (rbac.Predicate, error) { return nil, rbac.ErrNotFound }, empty)
	mux.Handle("/groups", rbac.NotAnonymous(), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := a.UpdateAs(r.Context(), rbac.FromContext(r.Context()), func(tx *rbac.Tx) error { _, err := tx.AddGroup(rbac.Group{Name: "x"}); return err })
		g.Deny(w, r, err)
	}))
	h := g.Handler(mux)
	ask := func(path string, known bool) {
		r := httptest.NewRequest("GET", path+"?secret=1", nil)
		if known {
			r.Header.Set("Authorization", "Bearer "+tok.Secret())
		}
		h.ServeHTTP(httptest.NewRecorder(), r)
	}
	ask("/posts", true)
	ask("/admin", true)
	ask("/posts", false)
	ask("/missing", true)
	ask("/groups", true)
	if _, err := g.Call(t.Context(), "/pkg.Service/Method", map[string][]string{"Authorization": {"Bearer " + tok.Secret()}}, nil); err == nil {
		t.Error("a nil predicate allows nobody")
	}
	a.Close()

	var lines []string
	for _, e := range got {
		lines = append(lines, strings.TrimSpace(fmt.Sprint(e.Action, " by ", e.User)))
		if e.Action != "UpdateAs" && !strings.Contains(log.String(), fmt.Sprintf("event=authz_fail action=%q", e.Action)) {
			t.Errorf("%s: the log lacks the attributes of the event:\n%s", e.Action, log.String())
		}
		if strings.HasPrefix(e.Action, "GET") && e.Addr.String() != "192.0.2.1" {
			t.Errorf("%s: from %v", e.Action, e.Addr)
		}
	}
	want := "GET /admin by eve, GET /posts by, UpdateAs by eve, POST /pkg.Service/Method by eve"
	if s := strings.Join(lines, ", "); s != want {
		t.Errorf("got  %s\nwant %s", s, want)
	}
	if strings.Contains(log.String(), "secret=1") {
		t.Error("the log has the query")
	}
}
