package httpguard

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
)

var nobodyMay = rbac.HasPermission("post.write")

// passivePlaces are services whose /poll is passive, wherever Passive stands,
// and whose /page is not.
func passivePlaces(g *Guard) map[string]http.Handler {
	users := rbac.NotAnonymous()
	ok := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// neither a Call nor a question to the Authority counts
		if _, err := g.Call(r.Context(), "/proc", restored(r).Header, users); err == nil {
			_ = g.a.Judge(r.Context(), g.Token(r), users)
		}
		w.WriteHeader(http.StatusOK)
	})
	page := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	mux := g.NewMux()
	mux.Handle("/poll", users, g.Passive(ok))
	mux.HandleRule("/poll/rule", func(*http.Request) (rbac.Predicate, error) { return users, nil }, g.Passive(ok))
	mux.Public("/poll/public", g.Passive(ok))
	mux.Handle("/page", users, page)

	std := func(poll http.Handler) http.Handler {
		m := http.NewServeMux()
		m.Handle("/poll", poll)
		m.Handle("/page", g.Require(users)(page))
		return g.Handler(m)
	}
	outside := http.NewServeMux()
	inner := std(g.Require(users)(ok))
	outside.Handle("/poll", g.Passive(inner))
	outside.Handle("/page", inner)
	return map[string]http.Handler{
		"in a Mux":            g.Handler(mux),
		"inside of Require":   std(g.Require(users)(g.Passive(ok))),
		"outside of Require":  std(g.Passive(g.Require(users)(ok))),
		"twice":               std(g.Passive(g.Require(users)(g.Passive(ok)))),
		"outside of Handler":  outside,
		"behind two Handlers": g.Handler(std(g.Passive(g.Require(users)(ok)))),
		"behind a timeout":    std(http.TimeoutHandler(g.Passive(g.Require(users)(ok)), time.Minute, "")),
		"behind other middleware": std(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			g.Passive(g.Require(users)(ok)).ServeHTTP(w, r.WithContext(r.Context()))
		})),
	}
}

// A page that polls through Passive does not keep its session alive: after an
// hour without any other request the session has ended, wherever Passive stands.
// Other requests keep the session alive.
func TestPassive(t *testing.T) {
	s := newService(t, Config{Insecure: true}, plain)
	for place, h := range passivePlaces(s.g) {
		for _, c := range []struct {
			rule   string
			pageAt int // the minute of another request; 0: none
			status int // of a poll after 65 minutes
		}{
			{"polls alone", 0, 401},
			{"polls, and a page after 30 minutes", 30, 200},
		} {
			cookie := "Cookie: " + s.cookie(t, "amy")
			for minute := 5; minute <= 60; minute += 5 {
				s.store.later.Add(int64(5 * time.Minute))
				path := "GET /poll"
				if minute == c.pageAt {
					path = "GET /page"
				}
				if resp := serve(h, request(t, path, cookie)); resp.StatusCode != 200 {
					t.Fatalf("%s, %s: minute %d: status %d", place, c.rule, minute, resp.StatusCode)
				}
			}
			s.store.later.Add(int64(5 * time.Minute))
			if resp := serve(h, request(t, "GET /poll", cookie)); resp.StatusCode != c.status {
				t.Errorf("%s, %s: after 65 minutes: status %d, want %d", place, c.rule, resp.StatusCode, c.status)
			}
		}
	}
}

// used reports whether a request counts as a use of its ticket.
func (s *service) used(t *testing.T, h http.Handler, line string, status int) bool {
	t.Helper()
	token, err := s.a.Issue(t.Context(), rbac.Login{User: "eve"})
	must(t, err)
	before, err := s.a.Ticket(t.Context(), token)
	must(t, err)
	s.store.later.Add(int64(10 * time.Minute))
	func() {
		defer func() { _ = recover() }()
		resp := serve(h, request(t, line, "Cookie: "+s.g.cfg.CookieName+"="+token.Secret()))
		if resp.StatusCode != status {
			t.Errorf("%s: status %d, want %d", line, resp.StatusCode, status)
		}
	}()
	after, err := s.a.Ticket(t.Context(), token)
	must(t, err)
	return after.LastSeen.After(before.LastSeen)
}

// A route that is registered with Passive counts no use, also if its rule denies
// the request, by whatever path. Everything else counts.
func TestPassiveRoutes(t *testing.T) {
	s := newService(t, Config{Insecure: true, AllowEncodedSlash: true}, plain)
	ok := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	mux := s.g.NewMux()
	mux.Handle("/polls/", nobodyMay, s.g.Passive(ok))
	mux.HandleRule("/rule", func(*http.Request) (rbac.Predicate, error) { return nil, rbac.ErrNotFound }, s.g.Passive(ok))
	mux.Public("/public", s.g.Passive(ok))
	mux.Public("/open", ok)
	mux.Handle("/pages/", nobodyMay, ok)
	h := s.g.Handler(mux)
	for _, c := range []struct {
		line   string
		status int
		used   bool
	}{
		{"GET /polls/x", 403, false},
		{"GET /polls%2Fx", 403, false},
		{"GET /rule", 404, false},
		{"GET /public", 200, false},
		{"GET /open", 200, true},
		{"GET /pages/x", 403, true},
		{"GET /nowhere", 404, true},
	} {
		if used := s.used(t, h, c.line, c.status); used != c.used {
			t.Errorf("%s counts as a use: %v, want %v", c.line, used, c.used)
		}
	}
	if routes := mux.Routes(); routes[0].Rule != nobodyMay.String() || routes[2].Rule != "public" {
		t.Errorf("Passive changes no rule: %v", routes)
	}
}

// A request that has not passed Passive counts as a use, whatever its handler
// does: at the beginning of the response, and without a response, too.
func TestRequestsAreUses(t *testing.T) {
	s := newService(t, Config{Insecure: true}, plain)
	seenInside := func(r *http.Request) bool {
		ticket, err := s.a.Ticket(r.Context(), s.g.Token(r))
		must(t, err)
		return s.store.now().Sub(ticket.LastSeen) < 5*time.Minute
	}
	for rule, f := range map[string]http.HandlerFunc{
		"writes nothing": func(http.ResponseWriter, *http.Request) {},
		"panics":         func(http.ResponseWriter, *http.Request) { panic("a fault") },
		"aborts":         func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"streams": func(w http.ResponseWriter, r *http.Request) {
			must(t, http.NewResponseController(w).Flush())
			if !seenInside(r) {
				t.Error("a stream counts only when it ends")
			}
		},
		"hijacks": func(w http.ResponseWriter, r *http.Request) {
			_, _, _ = http.NewResponseController(w).Hijack()
			if !seenInside(r) {
				t.Error("a hijacked connection counts only when it ends")
			}
		},
		"calls": func(w http.ResponseWriter, r *http.Request) {
			_, err := s.g.Call(r.Context(), "/proc", restored(r).Header, rbac.NotAnonymous())
			must(t, err)
			if !seenInside(r) {
				t.Error("a Call does not count")
			}
		},
		"is passive too late": func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(200)
			s.g.Passive(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})).ServeHTTP(w, r)
		},
	} {
		if !s.used(t, s.g.Handler(f), "GET /", 200) {
			t.Errorf("a handler that %s: the request does not count as a use", rule)
		}
	}
	if s.used(t, s.g.Handler(s.g.Passive(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("a fault") }))), "GET /", 200) {
		t.Error("a passive request whose handler panics counts as a use")
	}
}

// Passive changes nothing but the use: an ended ticket, and a store that cannot
// be asked, are answered as ever, and outside of every Handler Passive does
// nothing.
func TestPassiveGuards(t *testing.T) {
	s := newService(t, Config{Insecure: true}, plain)
	users := rbac.NotAnonymous()
	h := s.g.Handler(s.g.Passive(s.g.Require(users)(&countingHandler{})))
	cookie := "Cookie: " + s.cookie(t, "amy")
	if resp := serve(h, request(t, "GET /", cookie)); resp.StatusCode != 200 {
		t.Errorf("status %d", resp.StatusCode)
	}
	if resp := serve(h, request(t, "GET /")); resp.StatusCode != 401 {
		t.Errorf("anonymous: status %d", resp.StatusCode)
	}
	_, err := s.a.LogoutUser(t.Context(), "amy")
	must(t, err)
	if resp := serve(h, request(t, "GET /", cookie)); resp.StatusCode != 401 {
		t.Errorf("logged out: status %d", resp.StatusCode)
	}
	s.store.disconnect()
	if resp := serve(h, request(t, "GET /", cookie)); resp.StatusCode != 503 {
		t.Errorf("without the store: status %d", resp.StatusCode)
	}
	if resp := serve(s.g.Passive(s.g.Require(users)(&countingHandler{})), request(t, "GET /", cookie)); resp.StatusCode != 500 {
		t.Errorf("without Handler: status %d", resp.StatusCode)
	}
	defer func() {
		if err, _ := recover().(string); err != "httpguard: nil handler" {
			t.Errorf("Passive(nil): %v", errors.New(err))
		}
	}()
	s.g.Passive(nil)
}

// Passive may run in another goroutine than Handler: http.TimeoutHandler answers
// while its handler still runs. The test is for the race detector.
func TestPassiveBehindATimeout(t *testing.T) {
	s := newService(t, Config{Insecure: true}, plain)
	server := httptest.NewServer(s.g.Handler(http.TimeoutHandler(s.g.Passive(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		<-r.Context().Done() // until the timeout
	})), time.Millisecond, "too late")))
	defer server.Close()
	for range 20 {
		resp, err := http.Get(server.URL)
		must(t, err)
		resp.Body.Close()
	}
}
