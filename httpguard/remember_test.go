package httpguard

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
)

// ticketCookie returns the ticket's cookie of a response.
func (s *service) ticketCookie(t *testing.T, resp *http.Response) *http.Cookie {
	t.Helper()
	for _, c := range resp.Cookies() {
		if c.Name == s.g.cfg.CookieName {
			return c
		}
	}
	t.Fatalf("status %d without a ticket", resp.StatusCode)
	return nil
}

// TestRemember: the cookie of a login lasts for the absolute limit if the user
// asked for that and the host offers it. No later request renews the cookie.
func TestRemember(t *testing.T) {
	const days = 24 * 60 * 60
	for _, c := range []struct {
		rule   string
		cfg    Config
		field  string
		maxAge int // 0: until the browser is closed
	}{
		{"checked", Config{Remember: true}, "&remember=yes", 30 * days},
		{"checked, with a value of another template", Config{Remember: true}, "&remember=1", 30 * days},
		{"not checked", Config{Remember: true}, "", 0},
		{"empty", Config{Remember: true}, "&remember=", 0},
		{"not checked, and all cookies last a day", Config{Remember: true, CookieMaxAge: 24 * time.Hour}, "", days},
		{"checked, and all other cookies last a day", Config{Remember: true, CookieMaxAge: 24 * time.Hour}, "&remember=yes", 30 * days},
		{"not offered", Config{}, "&remember=yes", 0},
	} {
		c.cfg.Insecure = true
		s := newService(t, c.cfg, plain)
		browser := s.browser(t)
		resp := s.do(t, browser, "POST /login", loginForm("amy", password, "")+c.field)
		cookie := s.ticketCookie(t, resp)
		if cookie.MaxAge != c.maxAge || !cookie.HttpOnly || resp.StatusCode != 303 {
			t.Errorf("%s: status %d, %s; want Max-Age %d", c.rule, resp.StatusCode, cookie, c.maxAge)
		}
		token, err := rbac.ParseToken(cookie.Value)
		must(t, err)
		if ticket, err := s.a.Ticket(t.Context(), token); err != nil || ticket.Remembered != (c.maxAge > days) {
			t.Errorf("%s: the ticket is %+v, %v", c.rule, ticket, err)
		}
		for _, line := range []string{"GET /me", "GET /login", "GET /"} {
			if resp := s.do(t, browser, line, ""); resp.StatusCode != 200 || len(resp.Cookies()) != 0 {
				t.Errorf("%s: %s: status %d, cookies %v", c.rule, line, resp.StatusCode, resp.Cookies())
			}
		}
	}
}

// TestRememberEndsAndBegins: a second login decides anew, and a logout deletes
// the cookie.
func TestRememberEndsAndBegins(t *testing.T) {
	s := newService(t, Config{Insecure: true, Remember: true}, plain)
	browser := s.browser(t)
	remember := func(field string) int {
		return s.ticketCookie(t, s.do(t, browser, "POST /login", loginForm("amy", password, "")+field)).MaxAge
	}
	if first, second, third := remember("&remember=yes"), remember(""), remember("&remember=yes"); first <= 0 || second != 0 || third != first {
		t.Errorf("Max-Age %d, %d and %d", first, second, third)
	}
	if c := s.ticketCookie(t, s.do(t, browser, "POST /logout", "")); c.MaxAge >= 0 {
		t.Errorf("the logout sets %s", c)
	}
}

// TestRememberPage: the login page offers the checkbox only if the host does,
// and keeps the choice after a wrong password.
func TestRememberPage(t *testing.T) {
	const box = `<input type="checkbox" name="remember" value="yes"`
	s := newService(t, Config{Insecure: true, Remember: true}, plain)
	for what, want := range map[string]bool{"": false, "&remember=yes": true} {
		page := body(t, s.do(t, s.browser(t), "POST /login", loginForm("amy", "wrong", "")+what))
		if !strings.Contains(page, box) || strings.Contains(page, box+" checked") != want {
			t.Errorf("after a wrong password with %q:\n%s", what, page)
		}
	}
	if page := body(t, s.do(t, s.browser(t), "GET /login", "")); !strings.Contains(page, box+">") {
		t.Errorf("at first:\n%s", page)
	}
	without := newService(t, Config{Insecure: true}, plain)
	if page := body(t, without.do(t, without.browser(t), "GET /login", "")); strings.Contains(page, "remember") {
		t.Errorf("not offered:\n%s", page)
	}
}

// TestRememberOverJSON: a program asks for a remembered ticket, and is refused
// where the host offers none.
func TestRememberOverJSON(t *testing.T) {
	for _, c := range []struct {
		offered bool
		field   string
		status  int
		days    int // 0: less than one
	}{
		{true, `,"remember":true`, 200, 30},
		{true, `,"remember":false`, 200, 0},
		{true, ``, 200, 0},
		{true, `,"remember":"yes"`, 400, 0},
		{false, `,"remember":true`, 400, 0},
		{false, `,"remember":false`, 400, 0},
		{false, ``, 200, 0},
	} {
		s := newService(t, Config{Insecure: true, Remember: c.offered}, plain)
		resp := s.do(t, s.Client(), "POST /login", `{"user":"amy","password":"`+password+`"`+c.field+`}`, "Content-Type: application/json")
		if resp.StatusCode != c.status || len(resp.Cookies()) != 0 {
			t.Errorf("%+v: status %d, cookies %v", c, resp.StatusCode, resp.Cookies())
		}
		tickets, err := s.a.Tickets(t.Context(), "amy")
		must(t, err)
		if len(tickets) != min(1, 200/resp.StatusCode) {
			t.Errorf("%+v: %d tickets", c, len(tickets))
		}
		for _, ticket := range tickets {
			if got := int(ticket.Expires.Sub(ticket.Created).Hours() / 24); got != c.days || ticket.Remembered != (c.days > 0) {
				t.Errorf("%+v: %d days: %+v", c, got, ticket)
			}
		}
	}
}

// TestSetTicketRemembers: a host's own login page and a changed password keep
// the user signed in, too.
func TestSetTicketRemembers(t *testing.T) {
	s := newService(t, Config{Insecure: true, Remember: true}, plain)
	set := func(token rbac.Token) int {
		w := serve(s.g.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.g.SetTicket(w, r, token) })), request(t, "GET /"))
		return s.ticketCookie(t, w).MaxAge
	}
	issue := func(remember bool) rbac.Token {
		token, err := s.a.Issue(t.Context(), rbac.Login{User: "amy", Remember: remember})
		must(t, err)
		return token
	}
	const month = 30 * 24 * 60 * 60
	if got := set(issue(true)); got != month {
		t.Errorf("a remembered ticket: Max-Age %d", got)
	}
	if got := set(issue(false)); got != 0 {
		t.Errorf("another ticket: Max-Age %d", got)
	}
	changed, err := s.a.ChangePassword(t.Context(), issue(true), password, password+", changed")
	must(t, err)
	if got := set(changed); got != month {
		t.Errorf("a ticket of ChangePassword: Max-Age %d", got)
	}
}
