package httpguard

import (
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

// TestLateAnswerKeepsLogin: answers to requests that were sent with an old cookie arrive after a login has set a new one, and must not
// take it away. The requests are pages that poll, and a logout in another tab.
func TestLateAnswerKeepsLogin(t *testing.T) {
	s := newService(t, Config{Insecure: true}, plain)
	var answered, deliver chan struct{}
	guarded := s.Config.Handler
	s.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !r.URL.Query().Has("late") {
			guarded.ServeHTTP(w, r)
			return
		}
		late := httptest.NewRecorder()
		guarded.ServeHTTP(late, r)
		answered <- struct{}{}
		<-deliver
		for name, values := range late.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(late.Code)
	})
	for _, c := range []struct {
		line, rule string
		dead       bool
	}{
		{"GET /?late", "a public page", true},
		{"GET /me?late", "a guarded page", true},
		{"GET /me?late", "a guarded page, with a ticket that is living", false},
		{"POST /logout?late", "a logout", true}, // of a living ticket it may lose a login in the same instant
	} {
		answered, deliver = make(chan struct{}), make(chan struct{})
		browser := s.browser(t)
		s.login(t, browser, "amy")
		if c.dead {
			_, err := s.a.LogoutUser(t.Context(), "amy")
			must(t, err)
		}
		const tabs = 3
		var polls sync.WaitGroup
		for range tabs {
			polls.Go(func() { s.do(t, browser, c.line, "") })
		}
		for range tabs {
			<-answered
		}
		s.login(t, browser, "amy")
		close(deliver)
		polls.Wait()
		if resp := s.do(t, browser, "GET /me", ""); resp.StatusCode != 200 {
			t.Errorf("the login that was made while the answer of %s was on its way is lost: status %d", c.rule, resp.StatusCode)
		}
	}
}
