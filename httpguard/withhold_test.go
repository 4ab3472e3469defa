package httpguard

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/rbac-go/rbac"
)

// TestNoTicketIsForwarded: a reverse proxy behind the Guard does not send the
// ticket to its backend.
func TestNoTicketIsForwarded(t *testing.T) {
	var got http.Header
	backend := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.Header }))
	defer backend.Close()
	target, err := url.Parse(backend.URL)
	must(t, err)
	proxy := httputil.NewSingleHostReverseProxy(target)
	for _, keep := range []bool{false, true} {
		s := newService(t, Config{Insecure: true, KeepTicket: keep}, plain)
		token, err := s.a.Issue(t.Context(), rbac.Login{User: "amy"})
		must(t, err)
		m := s.g.NewMux()
		m.Handle("/guarded", rbac.HasPermission("post.write"), proxy)
		m.Public("/", proxy)
		h := s.g.Handler(m)
		const other = "a=1; xticket=2"
		for _, path := range []string{"/guarded", "/"} {
			for what, headers := range map[string][]string{
				"the cookie":       {"Cookie: a=1; ticket=" + token.Secret() + "; ticket-revision=1;xticket=2"},
				"two of them":      {"Cookie: ticket=" + token.Secret() + "; a=1", "Cookie: ticket=" + token.Secret() + "; xticket=2"},
				"the bearer":       {"Authorization: Bearer " + token.Secret(), "Cookie: " + other, "Rbac-Revision: 1"},
				"the bearer, both": {"authorization: bearer " + token.Secret(), "Cookie: ticket=" + token.Secret() + "; " + other},
			} {
				got = nil
				r := request(t, "GET "+path, headers...)
				sent := r.Header.Clone()
				status := serve(h, r).StatusCode
				if what == "two of them" && path == "/guarded" {
					continue // which count as none
				}
				if status != 200 || got == nil {
					t.Errorf("%s to %s: status %d", what, path, status)
					continue
				}
				text := strings.Join(slices.Concat(got["Cookie"], got["Authorization"], got["Rbac-Revision"]), "; ")
				if strings.Contains(text, token.Secret()) != keep {
					t.Errorf("%s to %s, KeepTicket %v: the backend got %q", what, path, keep, text)
				}
				if !keep && text != other {
					t.Errorf("%s to %s: the backend got %q, want %q", what, path, text, other)
				}
				if len(r.Header) != len(sent) || r.Header.Get("Cookie") != sent.Get("Cookie") {
					t.Errorf("%s to %s: the request of the server was changed", what, path)
				}
			}
		}
		serve(h, request(t, "GET /", "Authorization: Bearer of.the.host", "Cookie: "+other))
		if got.Get("Authorization") != "Bearer of.the.host" || got.Get("Cookie") != other || got.Get(withheldHeader) != "" {
			t.Errorf("what is no ticket does not get through: %v", got)
		}
	}
}

// TestWithheldTicketWorks: Guard.Token, an inner Guard, Call, the login and the
// logout work with the ticket that handlers do not see.
func TestWithheldTicketWorks(t *testing.T) {
	s := newService(t, Config{Insecure: true}, plain)
	other := New(s.a, quiet(Config{Insecure: true, LoginPath: "/other"}))
	token, err := s.a.Issue(t.Context(), rbac.Login{User: "amy"})
	must(t, err)
	writer := rbac.HasPermission("post.write")
	for _, header := range []string{"Cookie: a=1; ticket=" + token.Secret(), "Authorization: Bearer " + token.Secret()} {
		ran := 0
		inner := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			ran++
			for name, g := range map[string]*Guard{"the outer guard": s.g, "the inner guard": other} {
				if g.Token(r).Secret() != token.Secret() {
					t.Errorf("%s: %s has the token %q", header, name, g.Token(r).Secret())
				}
				if _, err := g.Call(r.Context(), "/a.B/C", r.Header, writer); err != nil {
					t.Errorf("%s: a call of %s with the request's header: %v", header, name, err)
				}
				lower := map[string][]string{}
				for name, values := range r.Header {
					lower[strings.ToLower(name)] = values
				}
				if _, err := g.Call(r.Context(), "/a.B/C", lower, writer); err != nil {
					t.Errorf("%s: a call of %s with the request's metadata: %v", header, name, err)
				}
				for what, header := range map[string]map[string][]string{"none": nil, "a made-up mark": {withheldHeader: {"1"}}} {
					if _, err := g.Call(r.Context(), "/a.B/C", header, writer); RPCCode(err) != 16 {
						t.Errorf("a call of %s with a header of its own, %s: %v; want nobody", name, what, err)
					}
				}
				if _, err := g.Call(context.Background(), "/a.B/C", r.Header, writer); RPCCode(err) != 16 {
					t.Errorf("a call of %s outside of the request: %v; want nobody", name, err)
				}
			}
			for name := range r.Header {
				if name != withheldHeader && name != "Cookie" || r.Header.Get("Cookie") != "" && r.Header.Get("Cookie") != "a=1" {
					t.Errorf("%s: the handler sees %v", header, r.Header)
				}
			}
		})
		h := s.g.Handler(s.g.Require(writer)(other.Handler(other.Require(writer)(inner))))
		if resp := serve(h, request(t, "GET /", header)); resp.StatusCode != 200 || ran != 1 {
			t.Fatalf("%s: status %d, the handler ran %d times", header, resp.StatusCode, ran)
		}
	}
	c := s.browser(t)
	s.login(t, c, "amy")
	if resp := s.do(t, c, "POST /logout", ""); resp.StatusCode != 303 {
		t.Errorf("logout: %d", resp.StatusCode)
	}
	if resp := s.do(t, c, "GET /me", ""); resp.StatusCode != 303 {
		t.Errorf("after the logout: %d", resp.StatusCode)
	}
}

// TestWithoutCookies: all other cookies of the header keep their text.
func TestWithoutCookies(t *testing.T) {
	for line, want := range map[string]string{
		"":                                  "",
		"ticket=1":                          "",
		"ticket":                            "",
		" ticket = 1 ":                      "",
		"ticket=1; ticket-revision=2":       "",
		"ticket=1;ticket=2;ticket-tries=3;": "",
		"a=1; ticket=2":                     "a=1",
		"ticket=2; a=1":                     "a=1",
		"a=1; ticket=2; b=3":                "a=1; b=3",
		"a=1;ticket=2;b=3;ticket-x=4;c":     "a=1; b=3; c",
		"a=1   ; ticket=2;ticket=3":         "a=1",
		"a=1   ;; ticket=2;;ticket=3; b":    "a=1; b",
		"xticket=1; tickets=2; a=ticket=3":  "xticket=1; tickets=2; a=ticket=3",
		`a="b; ticket=1`:                    `a="b`,
	} {
		got, found := withoutCookies([]string{line}, "ticket")
		if text := strings.Join(got, "|"); text != want || found != (line != want) {
			t.Errorf("%q becomes %q (%v), want %q", line, text, found, want)
		}
		for _, left := range got {
			if r := (&http.Request{Header: http.Header{"Cookie": {left}}}); len(r.CookiesNamed("ticket")) > 0 {
				t.Errorf("%q: %q has it still", line, left)
			}
		}
	}
}
