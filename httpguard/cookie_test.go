package httpguard

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/rbac-go/rbac"
)

// TestLateAnswerKeepsLogin: responses to requests with an old cookie may arrive
// after a login has set a new cookie, and must not delete the new cookie. The
// requests are polling pages, and a logout in another tab.
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

// TestCookie lists configurations and the Set-Cookie of a login.
func TestCookie(t *testing.T) {
	tests := []struct {
		cfg   Config
		start func(http.Handler) *httptest.Server
		want  string
	}{
		{Config{}, httptest.NewTLSServer, "__Host-ticket=…; Path=/; HttpOnly; Secure; SameSite=Lax"},
		{Config{CookieName: "__Host-blog"}, httptest.NewTLSServer, "__Host-blog=…; Path=/; HttpOnly; Secure; SameSite=Lax"},
		{Config{Insecure: true}, plain, "ticket=…; Path=/; HttpOnly; SameSite=Lax"},
		{Config{Insecure: true, CookieMaxAge: 90e9}, plain, "ticket=…; Path=/; Max-Age=90; HttpOnly; SameSite=Lax"},
	}
	for _, tt := range tests {
		s := newService(t, tt.cfg, tt.start)
		resp := s.login(t, s.browser(t), "amy")
		value := resp.Cookies()[0].Value
		if got := strings.ReplaceAll(resp.Header.Get("Set-Cookie"), value, "…"); got != tt.want {
			t.Errorf("Set-Cookie: %s, want %s", got, tt.want)
		}
	}
}

// TestDeadTickets: a ticket that has ended identifies nobody. The Guard leaves
// its cookie alone: when the response arrives, the browser may hold another
// ticket.
func TestDeadTickets(t *testing.T) {
	s := newService(t, Config{Insecure: true}, plain)
	c := s.browser(t)
	old := s.login(t, c, "amy").Cookies()[0].String()
	living := s.login(t, s.browser(t), "amy").Cookies()[0].String()
	s.do(t, c, "POST /logout", "")

	another := s.login(t, s.browser(t), "amy").Cookies()[0].String()
	cookies := map[string]string{
		"logged out":          old,
		"never a token":       "ticket=nonsense",
		"empty":               "ticket=",
		"two that are dead":   old + "; ticket=nonsense",
		"two that are living": living + "; " + another,
		"too many":            strings.Repeat("ticket="+strings.Repeat("A", 43)+"; ", 2) + endedTickets(maxTokens) + living,
	}
	for name, cookie := range cookies {
		resp := s.do(t, s.Client(), "GET /", "", "Cookie: "+cookie)
		if text := body(t, resp); !strings.HasPrefix(text, "user= ") {
			t.Errorf("%s: the public page is served to %q", name, text)
		}
		if got := resp.Header.Get("Set-Cookie"); got != "" {
			t.Errorf("%s: the answer sets the cookie %q", name, got)
		}
		resp = s.do(t, s.browser(t), "POST /logout", "", "Cookie: "+cookie)
		if got := resp.Header.Get("Set-Cookie"); (got == "") == (name == "two that are living") || resp.StatusCode != 303 {
			t.Errorf("%s: a logout sets the cookie %q, status %d", name, got, resp.StatusCode)
		}
		if resp := s.do(t, s.browser(t), "GET /me", "", "Cookie: "+cookie); resp.StatusCode != 303 {
			t.Errorf("%s: a guarded page: status %d", name, resp.StatusCode)
		}
	}
	fresh := s.do(t, s.browser(t), "POST /login", loginForm("amy", password, ""), "Cookie: "+old).Header["Set-Cookie"]
	if len(fresh) != 2 || strings.HasPrefix(fresh[0], "ticket=;") || !strings.HasPrefix(fresh[1], "ticket-device=") {
		t.Errorf("a login over a dead ticket sets %q, want the new one and the device", fresh)
	}
}

// endedTickets returns n cookies with tokens of no ticket.
func endedTickets(n int) (cookies string) {
	for i := range n {
		cookies += "ticket=" + strings.Repeat("B", 41) + string(rune('a'+i)) + "A; "
	}
	return cookies
}

// TestCookiesOfOneName: another service on the host may set a cookie of the
// same name, with another path. The Guard finds the only live ticket at any
// position, and leaves the other cookie alone.
func TestCookiesOfOneName(t *testing.T) {
	s, other := newService(t, Config{Insecure: true}, plain), newService(t, Config{Insecure: true}, plain)
	mine, theirs := s.login(t, s.browser(t), "amy").Cookies()[0].String(), other.login(t, other.browser(t), "eve").Cookies()[0].String()
	for rule, cookie := range map[string]string{
		"before the other service's":  mine + "; " + theirs,
		"after the other service's":   theirs + "; " + mine,
		"after what is no ticket":     "ticket=nonsense; ticket=; " + mine,
		"twice":                       mine + "; " + mine,
		"after as many as are looked": endedTickets(maxTokens-1) + mine,
	} {
		resp := s.do(t, s.Client(), "GET /me", "", "Cookie: "+cookie)
		if text := body(t, resp); resp.StatusCode != 200 || !strings.HasPrefix(text, "user=amy ") || resp.Header.Get("Set-Cookie") != "" {
			t.Errorf("%s: status %d, %q, Set-Cookie %q", rule, resp.StatusCode, text, resp.Header.Get("Set-Cookie"))
		}
	}
	if resp := other.do(t, other.Client(), "GET /", "", "Cookie: "+mine); !strings.HasPrefix(body(t, resp), "user= ") || resp.Header.Get("Set-Cookie") != "" {
		t.Errorf("the other service, alone with this one's cookie, sets %q", resp.Header.Get("Set-Cookie"))
	}
	s.do(t, s.Client(), "POST /logout", "", "Cookie: "+theirs+"; "+mine)
	if resp := s.do(t, s.browser(t), "GET /me", "", "Cookie: "+mine); resp.StatusCode != 303 {
		t.Errorf("after the logout: status %d", resp.StatusCode)
	}
	if resp := other.do(t, other.Client(), "GET /me", "", "Cookie: "+theirs); resp.StatusCode != 200 {
		t.Errorf("the other service's ticket after the logout: status %d", resp.StatusCode)
	}
}

// TestUnreadableCookies: a cookie whose value net/http cannot read hides no
// ticket beside it and is no ticket itself.
func TestUnreadableCookies(t *testing.T) {
	s := newService(t, Config{Insecure: true}, plain)
	token, err := s.a.Issue(t.Context(), rbac.Login{User: "amy"})
	must(t, err)
	secret := token.Secret()
	for cookies, user := range map[string]string{
		"ticket=" + secret:                           "amy",
		" ticket = a ;ticket2=b; ticket=" + secret:   "amy",
		`ticket="` + secret + `"`:                    "amy",
		";;ticket=" + secret + ";":                   "amy",
		"ticket=a\x00; ticket=" + secret:             "amy",
		"ticket=a\\b; ticket=" + secret:              "amy",
		"ticket=é; ticket=" + secret:                 "amy",
		"ticket=\"; ticket=" + secret:                "amy",
		"xticket=" + secret:                          "",
		"Ticket=" + secret:                           "",
		"x=ticket=" + secret:                         "",
		"ticket=" + secret + "\x00":                  "",
		"ticket=" + secret + ",b":                    "",
		"ticket=\"" + secret:                         "",
		"ticket-revision=4; ticket-device=" + secret: "",
	} {
		served := "nobody was served"
		h := s.g.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { served = rbac.FromContext(r.Context()).User() }))
		r := request(t, "GET /")
		r.Header["Cookie"] = []string{cookies}
		if serve(h, r); served != user {
			t.Errorf("Cookie: %q: %q was served, want %q", cookies, served, user)
		}
	}
}
