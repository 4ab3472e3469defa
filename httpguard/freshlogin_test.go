package httpguard

import (
	"encoding/json"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

// agedLogin is a service whose user amy logged in at the start. The test sets
// the clock forward.
type agedLogin struct {
	guard   *Guard
	handler http.Handler
	token   rbac.Token
	later   atomic.Int64 // nanoseconds since the login
}

func newAgedLogin(t *testing.T) *agedLogin {
	t.Helper()
	s := &agedLogin{}
	start := time.Date(2031, time.March, 3, 9, 0, 0, 0, time.UTC)
	store := memorystore.New()
	t.Cleanup(func() { store.Close() })
	a, err := rbac.Open(t.Context(), store, rbac.Config{
		Argon2id: rbac.Argon2id{MemoryKiB: 8, Time: 1, Threads: 1},
		Logger:   quiet(Config{}).Logger,
		Clock:    func() time.Time { return start.Add(time.Duration(s.later.Load())) },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	hash, err := a.HashPassword(t.Context(), password)
	if err != nil {
		t.Fatal(err)
	}
	err = a.Update(t.Context(), func(tx *rbac.Tx) error {
		if _, err := tx.AddGroup(rbac.Group{Name: "staff"}); err != nil {
			return err
		}
		if _, err := tx.AddUser(rbac.User{Name: "amy"}); err != nil {
			return err
		}
		return tx.SetPasswordHash("amy", hash)
	})
	if err != nil {
		t.Fatal(err)
	}
	if s.token, err = a.Issue(t.Context(), rbac.Login{User: "amy"}); err != nil {
		t.Fatal(err)
	}
	s.guard = New(a, quiet(Config{Insecure: true}))
	s.handler = s.guard.Handler(s.routes())
	return s
}

func (s *agedLogin) routes() *Mux {
	recent := rbac.AuthenticatedWithin(15 * time.Minute)
	mux := s.guard.NewMux()
	for pattern, p := range map[string]rbac.Predicate{
		"/close": recent,
		"/staff": rbac.All(rbac.InGroup("staff"), recent),
		"/old":   rbac.Not(recent),
		"/login": rbac.WithMessage(recent, "come back soon"),
	} {
		mux.Handle(pattern, p, &countingHandler{})
	}
	return mux
}

// TestFreshLogin: the Guard asks a user for a new login if the new login helps,
// and otherwise responds with 403.
func TestFreshLogin(t *testing.T) {
	s := newAgedLogin(t)
	const stepUp = `Bearer error="insufficient_user_authentication", error_description="a more recent login is needed", max_age="900"`
	cookie := "Cookie: " + s.guard.cfg.CookieName + "=" + s.token.Secret()
	bearer := "Authorization: Bearer " + s.token.Secret()
	browser := "Accept: " + browserAccept
	for _, c := range []struct {
		rule      string
		after     time.Duration
		line      string
		headers   []string
		status    int
		location  string
		challenge string
		detail    string // of a problem document
	}{
		{"the login is fresh", 0, "GET /close", []string{cookie}, 200, "", "", ""},
		{"it is too fresh, which no new one mends", 0, "GET /old", []string{cookie, browser}, 403, "", "", ""},
		{"a browser is sent to the login, and back", time.Hour, "GET /close?a=b", []string{cookie, browser}, 303, "/login?came_from=%2Fclose%3Fa%3Db", "", ""},
		{"a program with a token is told how fresh it must be", time.Hour, "GET /close", []string{bearer}, 401, "", stepUp, "needs a login within the last 15m; your login was 1h ago"},
		{"a browser with a token is a program", time.Hour, "GET /close", []string{bearer, browser}, 401, "", stepUp, ""},
		{"a program with a cookie is one, too", time.Hour, "GET /login", []string{cookie}, 401, "", stepUp, "come back soon"},
		{"a guarded login page leads nowhere", time.Hour, "GET /login", []string{cookie, browser}, 401, "", stepUp, ""},
		{"no new login brings the group", time.Hour, "GET /staff", []string{cookie, browser}, 403, "", "", ""},
		{"nor to a program", time.Hour, "GET /staff", []string{bearer}, 403, "", "", "needs a certain group, and needs a login within the last 15m; you are in no group, your login was 1h ago"},
		{"who is nobody learns nothing", time.Hour, "GET /login", nil, 401, "", "Bearer", "You must sign in first."},
	} {
		s.later.Store(int64(c.after))
		resp := serve(s.handler, request(t, c.line, c.headers...))
		if resp.StatusCode != c.status || resp.Header.Get("Location") != c.location || resp.Header.Get("WWW-Authenticate") != c.challenge {
			t.Errorf("%s: status %d, Location %q, WWW-Authenticate %q", c.rule, resp.StatusCode, resp.Header.Get("Location"), resp.Header.Get("WWW-Authenticate"))
		}
		var problem struct{ Detail string }
		if c.detail != "" && (json.NewDecoder(resp.Body).Decode(&problem) != nil || problem.Detail != c.detail) {
			t.Errorf("%s: says %q, want %q", c.rule, problem.Detail, c.detail)
		}
	}
}

// TestFreshLoginHelps: after the login, the browser gets the requested page.
func TestFreshLoginHelps(t *testing.T) {
	s := newAgedLogin(t)
	s.later.Store(int64(time.Hour))
	old := "Cookie: " + s.guard.cfg.CookieName + "=" + s.token.Secret()
	resp := post(t, s.guard, formType, loginForm("amy", password, "/close?a=b"), old, "Accept: "+browserAccept)
	if resp.StatusCode != http.StatusSeeOther || resp.Header.Get("Location") != "/close?a=b" || len(resp.Cookies()) != 3 { // the ticket, the device, and the revision at which the old one ended
		t.Fatalf("the login: status %d, Location %q", resp.StatusCode, resp.Header.Get("Location"))
	}
	c := resp.Cookies()[0]
	if resp := serve(s.handler, request(t, "GET /close", "Cookie: "+c.Name+"="+c.Value)); resp.StatusCode != http.StatusOK {
		t.Errorf("after the login: status %d", resp.StatusCode)
	}
}

// TestFreshLoginOfAStranger: the reason is for the denied user, and not for the
// client of the request.
func TestFreshLoginOfAStranger(t *testing.T) {
	s := newAgedLogin(t)
	s.later.Store(int64(time.Hour))
	h := s.guard.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		amy, err := s.guard.a.Identify(r.Context(), s.token)
		if err != nil {
			t.Error(err)
		}
		s.guard.Deny(w, r, rbac.Check(amy, rbac.AuthenticatedWithin(time.Minute)))
	}))
	resp := serve(h, request(t, "GET /"))
	var problem struct{ Detail string }
	if json.NewDecoder(resp.Body).Decode(&problem) != nil || problem.Detail != "You must sign in first." || resp.Header.Get("WWW-Authenticate") != "Bearer" {
		t.Errorf("a stranger is told %q, %q", problem.Detail, resp.Header.Get("WWW-Authenticate"))
	}
}
