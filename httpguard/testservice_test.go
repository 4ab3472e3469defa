package httpguard

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/store"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

const password = "correct horse battery"

// authorityOf opens an Authority in which amy is an editor with the permission
// post.write, and eve is in no group.
func authorityOf(t testing.TB, s rbac.Store) *rbac.Authority {
	t.Helper()
	ctx := t.Context()
	cfg := rbac.Config{Argon2id: rbac.Argon2id{MemoryKiB: 8, Time: 1, Threads: 1}, Logger: quiet(Config{}).Logger}
	if s, ok := s.(*failingStore); ok {
		cfg.Clock = s.now
	}
	a, err := rbac.Open(ctx, s, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	err = a.Declare(ctx, rbac.Catalogue{
		Permissions: []rbac.Permission{{Name: "post.write"}},
		Groups:      []rbac.Group{{Name: "editors"}},
		Grants:      []rbac.Grant{{Group: "editors", Permission: "post.write"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	hash, err := a.HashPassword(ctx, password)
	if err != nil {
		t.Fatal(err)
	}
	err = a.Update(ctx, func(tx *rbac.Tx) error {
		for _, name := range []string{"amy", "eve"} {
			if _, err := tx.AddUser(rbac.User{Name: name}); err != nil {
				return err
			}
			if err := tx.SetPasswordHash(name, hash); err != nil {
				return err
			}
		}
		return tx.AssignUser(rbac.Membership{User: "amy", Group: "editors"})
	})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// failingStore is a store that can be disconnected, with a clock that the
// disconnection advances.
type failingStore struct {
	rbac.Store
	down  atomic.Bool
	later atomic.Int64
}

// disconnect lets the time pass for which an Authority answers without its
// store.
func (s *failingStore) disconnect() {
	s.down.Store(true)
	s.later.Add(int64(2 * time.Second))
}

func (s *failingStore) now() time.Time { return time.Now().Add(time.Duration(s.later.Load())) }

func (s *failingStore) View(ctx context.Context, f func(store.Records) error) error {
	if s.down.Load() {
		return rbac.ErrUnavailable
	}
	return s.Store.View(ctx, f)
}

func (s *failingStore) Update(ctx context.Context, f func(store.Records) error) error {
	if s.down.Load() {
		return rbac.ErrUnavailable
	}
	return s.Store.Update(ctx, f)
}

// service is the service of a host: a login, a logout, a public page and
// guarded pages.
type service struct {
	*httptest.Server
	a     *rbac.Authority
	g     *Guard
	store *failingStore
}

func newService(t testing.TB, cfg Config, start func(http.Handler) *httptest.Server) *service {
	t.Helper()
	s := &service{store: &failingStore{Store: memorystore.New()}}
	s.a = authorityOf(t, s.store)
	s.g = New(s.a, quiet(cfg))
	m := s.g.NewMux()
	show := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := rbac.FromContext(r.Context())
		_, _ = w.Write([]byte("user=" + id.User() + " proto=" + r.Proto))
	})
	m.Public("/{$}", show)
	m.Public("/login", s.g.LoginHandler())
	m.Public("/logout", s.g.LogoutHandler())
	m.Handle("/me", rbac.NotAnonymous(), show)
	m.Handle("/posts/new", rbac.HasPermission("post.write"), show)
	s.Server = start(s.g.Handler(m))
	t.Cleanup(s.Close)
	return s
}

func plain(h http.Handler) *httptest.Server { return httptest.NewServer(h) }

// browser returns a client that keeps cookies, prefers HTML and does not follow
// redirects.
func (s *service) browser(t testing.TB) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	c := s.Client()
	return &http.Client{Transport: c.Transport, Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func (s *service) do(t testing.TB, c *http.Client, line, content string, headers ...string) *http.Response {
	t.Helper()
	method, path, _ := strings.Cut(line, " ")
	r, err := http.NewRequest(method, s.URL+path, strings.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", browserAccept)
	if content != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	resp, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	return resp
}

func loginForm(user, password, from string) string {
	return url.Values{"user": {user}, "password": {password}, "came_from": {from}}.Encode()
}

func (s *service) login(t testing.TB, c *http.Client, user string) *http.Response {
	t.Helper()
	resp := s.do(t, c, "POST /login", loginForm(user, password, "/posts/new?draft=1"))
	if resp.StatusCode != http.StatusSeeOther {
		t.Fatalf("login of %s: status %d", user, resp.StatusCode)
	}
	return resp
}

// bearer logs in by JSON and returns the Authorization header.
func (s *service) bearer(t testing.TB, user string) string {
	t.Helper()
	resp := s.do(t, s.Client(), "POST /login", `{"user":"`+user+`","password":"`+password+`"}`, "Content-Type: application/json")
	var out struct{ Token string }
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil || out.Token == "" {
		t.Fatalf("JSON login of %s: status %d, %v", user, resp.StatusCode, err)
	}
	return "Authorization: Bearer " + out.Token
}
