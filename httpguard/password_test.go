package httpguard

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

// passwordService is a Guard with PasswordHandler, and amy's link.
func passwordService(t *testing.T, purpose string) (g *Guard, a *rbac.Authority, link rbac.Token) {
	t.Helper()
	a = authorityOf(t, memorystore.New())
	g = New(a, quiet(Config{Site: "https://app.example.com", BasePath: "/app"}))
	link, err := a.IssueLink(context.Background(), rbac.Link{User: "amy", Purpose: purpose})
	if err != nil {
		t.Fatal(err)
	}
	return g, a, link
}

// A user opens a link, more than once, and sets a password with it, once.
func TestPasswordHandler(t *testing.T) {
	for _, purpose := range []string{rbac.LinkInvite, rbac.LinkReset, rbac.LinkForgot} {
		g, a, link := passwordService(t, purpose)
		address := g.PasswordURL(link)
		if want := "https://app.example.com/app/password?link=" + link.Secret(); address != want {
			t.Errorf("PasswordURL is %s; want %s", address, want)
		}
		for range 2 {
			resp := openLink(t, g, link.Secret())
			text := body(t, resp)
			least := fmt.Sprintf("At least %d characters.", a.Config().MinPassword)
			if resp.StatusCode != 200 || !strings.Contains(text, "amy") || !strings.Contains(text, least) || !strings.Contains(text, `action="/app/password"`) {
				t.Errorf("%s: %d\n%s", purpose, resp.StatusCode, text)
			}
			for name, want := range map[string]string{"Referrer-Policy": "strict-origin", "Cache-Control": "no-store", "X-Frame-Options": "DENY"} {
				if got := resp.Header.Get(name); got != want {
					t.Errorf("%s: %s; want %s", name, got, want)
				}
			}
			if !strings.Contains(resp.Header.Get("Content-Security-Policy"), "default-src 'none'") {
				t.Errorf("the policy is %q", resp.Header.Get("Content-Security-Policy"))
			}
		}
		const fresh = "a new long password"
		resp := sendPassword(t, g, link.Secret(), fresh, fresh)
		if resp.StatusCode != 303 || resp.Header.Get("Location") != "/app/login?password_set=1" {
			t.Errorf("%s: %d to %s", purpose, resp.StatusCode, resp.Header.Get("Location"))
		}
		if _, err := a.Login(context.Background(), rbac.Login{User: "amy", Password: fresh}); err != nil {
			t.Error(err)
		}
		for name, resp := range map[string]*http.Response{
			"GET": openLink(t, g, link.Secret()), "POST": sendPassword(t, g, link.Secret(), fresh, fresh)} {
			if text := body(t, resp); resp.StatusCode != 404 || !strings.Contains(text, "ask for a new link") {
				t.Errorf("%s of a used link: %d\n%s", name, resp.StatusCode, text)
			}
		}
	}
}

// The login page says that the password was set.
func TestPasswordSetNotice(t *testing.T) {
	g, _, _ := passwordService(t, rbac.LinkReset)
	resp := serve(g.Handler(g.LoginHandler()), request(t, "GET /login?password_set=1"))
	if text := body(t, resp); !strings.Contains(text, "Your password was set.") {
		t.Error(text)
	}
}

// What PasswordHandler refuses, and that the link is still good afterwards.
func TestPasswordHandlerRefuses(t *testing.T) {
	g, a, link := passwordService(t, rbac.LinkReset)
	verify, err := a.IssueLink(context.Background(), rbac.Link{User: "amy", Purpose: "own", Expires: time.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	const fresh = "a new long password"
	for _, c := range []struct {
		name, link, password, repeat string
		status                       int
		says                         string
	}{
		{"a short password", link.Secret(), "tiny", "tiny", 422, "The password was refused:"},
		{"two passwords", link.Secret(), fresh, fresh + "!", 422, "The two passwords differ."},
		{"no link", "", fresh, fresh, 404, "ask for a new link"},
		{"not a token", "x", fresh, fresh, 404, "ask for a new link"},
		{"nobody's link", strings.Repeat("A", 43), fresh, fresh, 404, "ask for a new link"},
		{"a link for something else", verify.Secret(), fresh, fresh, 404, "ask for a new link"},
		{"two passwords, and nobody's link", strings.Repeat("A", 43), fresh, "", 404, "ask for a new link"},
	} {
		resp := sendPassword(t, g, c.link, c.password, c.repeat)
		text := body(t, resp)
		if resp.StatusCode != c.status || !strings.Contains(text, c.says) || strings.Contains(text, c.password) {
			t.Errorf("%s: %d\n%s", c.name, resp.StatusCode, text)
		}
	}
	other := request(t, "POST /password", "Content-Type: "+formType, "Sec-Fetch-Site: cross-site")
	other.Body = readCloser{strings.NewReader(url.Values{"link": {link.Secret()}, "password": {fresh}, "repeat": {fresh}}.Encode())}
	if resp := serve(g.Handler(g.PasswordHandler()), other); resp.StatusCode != 403 {
		t.Errorf("a form of another site: %d; want 403", resp.StatusCode)
	}
	if resp := serve(g.Handler(g.PasswordHandler()), request(t, "PUT /password")); resp.StatusCode != 405 {
		t.Errorf("PUT: %d; want 405", resp.StatusCode)
	}
	if resp := sendPassword(t, g, link.Secret(), fresh, fresh); resp.StatusCode != 303 {
		t.Errorf("the link is no longer good: %d", resp.StatusCode)
	}
}

// No login leads to the page for a password, and PasswordURL needs a Site.
func TestPasswordURL(t *testing.T) {
	g, _, link := passwordService(t, rbac.LinkReset)
	if target, ok := g.returnTarget("/app/password?link=" + link.Secret()); ok {
		t.Errorf("came_from may be %s", target)
	}
	defer func() {
		if recover() == nil {
			t.Error("PasswordURL without a Site does not panic")
		}
	}()
	New(authorityOf(t, memorystore.New()), Config{}).PasswordURL(link)
}

// A store that is down is 503, and the link is not said to have ended.
func TestPasswordStoreDown(t *testing.T) {
	g, _, _ := passwordService(t, rbac.LinkReset)
	for err, says := range map[error]string{rbac.ErrUnavailable: "It is not known", rbac.ErrBusy: "still good"} {
		resp := serve(g.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { g.refuseLink(w, r, err) })), request(t, "GET /"))
		if text := body(t, resp); resp.StatusCode != 503 || resp.Header.Get("Retry-After") == "" || !strings.Contains(text, says) {
			t.Errorf("%v: %d\n%s", err, resp.StatusCode, text)
		}
	}
	resp := serve(g.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { g.refuseLink(w, r, errors.New("a fault")) })), request(t, "GET /"))
	if text := body(t, resp); resp.StatusCode != 500 || strings.Contains(text, "a fault") {
		t.Errorf("a fault: %d\n%s", resp.StatusCode, text)
	}
}

func openLink(t *testing.T, g *Guard, link string) *http.Response {
	t.Helper()
	return serve(g.Handler(g.PasswordHandler()), request(t, "GET /password?link="+link, "Accept: text/html"))
}

func sendPassword(t *testing.T, g *Guard, link, password, repeat string) *http.Response {
	t.Helper()
	r := request(t, "POST /password", "Content-Type: "+formType, "Accept: text/html")
	r.Body = readCloser{strings.NewReader(url.Values{"link": {link}, "password": {password}, "repeat": {repeat}}.Encode())}
	return serve(g.Handler(g.PasswordHandler()), r)
}

// Whatever a form says, nobody sets a password without the link, and no answer
// repeats the password.
func FuzzPasswordHandler(f *testing.F) {
	a := authorityOf(f, memorystore.New())
	g := New(a, quiet(Config{Site: "https://app.example.com"}))
	h := g.Handler(g.PasswordHandler())
	if _, err := a.IssueLink(context.Background(), rbac.Link{User: "amy", Purpose: rbac.LinkReset}); err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{"", "link=&password=x&repeat=x", "link=" + strings.Repeat("A", 43) + "&password=" + password + "&repeat=" + password,
		"link=%00&password=%ff", "link[]=x&link=y;password=z"} {
		f.Add(seed, seed)
	}
	before := a.Revision()
	f.Fuzz(func(t *testing.T, query, form string) {
		get := request(t, "GET /password", "Accept: text/html")
		get.URL.RawQuery = query
		post := request(t, "POST /password", "Content-Type: "+formType, "Accept: text/html")
		post.Body = readCloser{strings.NewReader(form)}
		for _, r := range []*http.Request{get, post} {
			resp := serve(h, r)
			text := body(t, resp)
			if resp.StatusCode < 400 || resp.StatusCode == 500 || strings.Contains(text, password) {
				t.Errorf("%s %q %q: %d\n%s", r.Method, query, form, resp.StatusCode, text)
			}
		}
		if a.Revision() != before {
			t.Errorf("%q %q changes something", query, form)
		}
	})
}
