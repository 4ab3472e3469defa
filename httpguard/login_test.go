package httpguard

import (
	"encoding/json"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

// post sends a login to LoginHandler alone.
func post(t *testing.T, g *Guard, contentType, content string, headers ...string) *http.Response {
	t.Helper()
	r := request(t, "POST /login", append(headers, "Content-Type: "+contentType)...)
	r.Body = http.NoBody
	if content != "" {
		r.Body = readCloser{strings.NewReader(content)}
	}
	return serve(g.Handler(g.LoginHandler()), r)
}

type readCloser struct{ *strings.Reader }

func (readCloser) Close() error { return nil }

const formType, jsonType = "application/x-www-form-urlencoded", "application/json"

// TestLoginFails: each failure has a status, for browsers and for programs, and
// reveals no more than necessary.
func TestLoginFails(t *testing.T) {
	tests := []struct {
		name       string
		err        error
		status     int
		retryAfter string
	}{
		{"bad credentials", rbac.ErrBadCredentials, 401, ""},
		{"nobody's name", &rbac.Error{Kind: rbac.ErrInvalid}, 401, ""},
		{"throttled", &rbac.ThrottledError{RetryAfter: 61 * time.Second}, 429, "61"},
		{"busy", rbac.ErrBusy, 503, "1"},
		{"store down", rbac.ErrUnavailable, 503, "1"},
		{"not in that group", rbac.ErrDenied, 403, ""},
		{"a fault", http.ErrServerClosed, 500, ""},
	}
	for _, tt := range tests {
		form := refused(t, func(w http.ResponseWriter, r *http.Request) {
			p := LoginPage{User: `a"><b`, CameFrom: "/a?b=c"}
			guardByHeader(Config{}).refuseForm(w, r, p, tt.err)
		})
		text := body(t, form)
		if form.StatusCode != tt.status || form.Header.Get("Retry-After") != tt.retryAfter {
			t.Errorf("%s, form: status %d, Retry-After %q", tt.name, form.StatusCode, form.Header.Get("Retry-After"))
		}
		for _, want := range []string{`role="alert"`, `name="user" value="a&#34;&gt;&lt;b"`, `name="came_from" value="/a?b=c"`} {
			if !strings.Contains(text, want) {
				t.Errorf("%s, form: no %s in\n%s", tt.name, want, text)
			}
		}
		doc := refused(t, func(w http.ResponseWriter, r *http.Request) { guardByHeader(Config{}).refuseJSON(w, r, tt.err) })
		if doc.StatusCode != tt.status || doc.Header.Get("Content-Type") != "application/problem+json" || doc.Header.Get("Retry-After") != tt.retryAfter {
			t.Errorf("%s, JSON: status %d, %s", tt.name, doc.StatusCode, doc.Header.Get("Content-Type"))
		}
		if challenged := doc.Header.Get("WWW-Authenticate") != ""; challenged != (tt.status == 401) {
			t.Errorf("%s, JSON: WWW-Authenticate is there: %v", tt.name, challenged)
		}
	}
}

// refused returns the response to a failed login.
func refused(t *testing.T, refuse http.HandlerFunc) *http.Response {
	t.Helper()
	return serve(guardByHeader(Config{}).Handler(refuse), request(t, "POST /login"))
}

// TestWrongPassword: the form keeps the fields of the user, except for the
// password.
func TestWrongPassword(t *testing.T) {
	g := New(authorityOf(t, memorystore.New()), quiet(Config{}))
	for _, user := range []string{"amy", "nobody"} {
		resp := post(t, g, formType, loginForm(user, "secret", "/a?b=c"), "Accept: "+browserAccept)
		text := body(t, resp)
		for _, want := range []string{`role="alert"`, `name="user" value="` + user + `"`, `name="came_from" value="/a?b=c"`} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: no %s in\n%s", user, want, text)
			}
		}
		if resp.StatusCode != 401 || strings.Contains(text, "secret") || len(resp.Cookies()) != 0 {
			t.Errorf("%s: status %d, cookies %v\n%s", user, resp.StatusCode, resp.Cookies(), text)
		}
		if resp := post(t, g, jsonType, `{"user":"`+user+`","password":"secret"}`); resp.StatusCode != 401 {
			t.Errorf("%s, JSON: status %d", user, resp.StatusCode)
		}
	}
}

// TestLoginBodies: a body that is not plainly a login makes no ticket, even
// with the right password.
func TestLoginBodies(t *testing.T) {
	right := `{"user":"amy","password":"` + password + `"`
	tests := []struct {
		name, contentType, content string
		status                     int
	}{
		{"a form", formType, loginForm("amy", password, ""), 303},
		{"a form with a charset", formType + "; charset=utf-8", loginForm("amy", password, ""), 303},
		{"JSON", jsonType, right + "}", 200},
		{"JSON with groups", jsonType, right + `,"groups":["editors"]}`, 200},
		{"JSON as a form", formType, right + "}", 400},
		{"an empty form", formType, "", 400},
		{"no type", "", loginForm("amy", password, ""), 415},
		{"text, which any site can send", "text/plain", right + "}", 415},
		{"a multipart form", "multipart/form-data; boundary=x", multipartLogin("amy", password), 303},
		{"a multipart form without boundary", "multipart/form-data", multipartLogin("amy", password), 400},
		{"a multipart form cut off", "multipart/form-data; boundary=x", strings.TrimSuffix(multipartLogin("amy", password), "--x--\r\n"), 400},
		{"an endless multipart form", "multipart/form-data; boundary=x", multipartLogin(strings.Repeat("a", maxLoginBody), password), 413},
		{"an endless file in one", "multipart/form-data; boundary=x", strings.Replace(multipartLogin(strings.Repeat("a", maxLoginBody), password), `name="user"`, `name="user"; filename="a"`, 1), 413},
		{"a malformed form", formType, loginForm("amy", password, "") + "&x=%zz", 400},
		{"malformed JSON", jsonType, right, 400},
		{"no JSON", jsonType, ``, 400},
		{"two JSON values", jsonType, right + `} {}`, 400},
		{"an expiry of one's own", jsonType, right + `,"expires":"2099-01-01T00:00:00Z"}`, 400},
		{"a label of one's own", jsonType, right + `,"label":"key"}`, 400},
		{"an endless form", formType, loginForm("amy", password, "") + "&x=" + strings.Repeat("a", maxLoginBody), 413},
		{"endless JSON", jsonType, `{"user":"` + strings.Repeat("a", maxLoginBody) + `"}`, 413},
	}
	a := authorityOf(t, memorystore.New())
	g := New(a, quiet(Config{Insecure: true}))
	for _, tt := range tests {
		resp := post(t, g, tt.contentType, tt.content)
		ended, err := a.LogoutUser(t.Context(), "amy")
		if err != nil || resp.StatusCode != tt.status || (ended == 1) != (tt.status < 400) {
			t.Errorf("%s: status %d, want %d; it made %d tickets (%v)", tt.name, resp.StatusCode, tt.status, ended, err)
		}
	}
}

// TestLoginWithoutAType: JSON that curl sends as a form is answered with what to
// do, for programs and for browsers.
func TestLoginWithoutAType(t *testing.T) {
	g := New(authorityOf(t, memorystore.New()), quiet(Config{Insecure: true}))
	for accept, media := range map[string]string{"*/*": "application/problem+json", "text/html": "text/html; charset=utf-8"} {
		resp := post(t, g, formType, `{"user":"amy","password":"`+password+`"}`, "Accept: "+accept)
		if text := body(t, resp); resp.StatusCode != 400 || resp.Header.Get("Content-Type") != media || !strings.Contains(text, "needs the header Content-Type: application/json") {
			t.Errorf("%s: %d %s", accept, resp.StatusCode, text)
		}
	}
}

// TestLoginArguments: the Authority gets every field of the body, and none of
// the query.
func TestLoginArguments(t *testing.T) {
	a := authorityOf(t, memorystore.New())
	g := New(a, quiet(Config{}))
	post(t, g, jsonType, `{"user":"amy","password":"`+password+`","groups":["editors"]}`, "User-Agent: curl")
	tickets, err := a.Tickets(t.Context(), "amy")
	if err != nil || len(tickets) != 1 {
		t.Fatalf("JSON: %d tickets, %v", len(tickets), err)
	}
	if got := tickets[0]; !slices.Equal(got.Groups, []string{"editors"}) || got.Addr.String() != "192.0.2.1" || got.UserAgent != "curl" || got.Label != "" {
		t.Errorf("JSON: the ticket is %+v", got)
	}
	query := url.Values{"user": {"amy"}, "password": {password}}.Encode()
	resp := serve(g.Handler(g.LoginHandler()), request(t, "POST /login?"+query, "Content-Type: "+formType))
	if resp.StatusCode != 400 {
		t.Errorf("the query was taken for the form: status %d", resp.StatusCode)
	}
}

// TestLoginLeadsBack: a login leads back to came_from, and never to another
// site.
func TestLoginLeadsBack(t *testing.T) {
	tests := map[string]string{
		"/posts/new?draft=1":   "/posts/new?draft=1",
		"":                     "/home",
		"//evil.example":       "/home",
		`/\evil.example`:       "/home",
		"https://evil.example": "/home",
		"/login":               "/home",
	}
	s := newService(t, Config{Insecure: true, Home: "/home"}, plain)
	for from, want := range tests {
		resp := s.do(t, s.browser(t), "POST /login", loginForm("amy", password, from))
		if got := resp.Header.Get("Location"); resp.StatusCode != 303 || got != want {
			t.Errorf("came_from %q: status %d, Location %q; want %q", from, resp.StatusCode, got, want)
		}
	}
}

// TestLoginOverJSON: a program gets a token and no cookie.
func TestLoginOverJSON(t *testing.T) {
	s := newService(t, Config{Insecure: true}, plain)
	resp := s.do(t, s.Client(), "POST /login", `{"user":"amy","password":"`+password+`"}`, "Content-Type: application/json")
	var out struct {
		Token   string
		Expires time.Time
	}
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil || resp.StatusCode != 200 {
		t.Fatalf("status %d, %v", resp.StatusCode, err)
	}
	token, err := rbac.ParseToken(out.Token)
	if err != nil {
		t.Fatal(err)
	}
	if ticket, err := s.a.Ticket(t.Context(), token); err != nil || !ticket.Expires.Equal(out.Expires) {
		t.Errorf("expires %v, the ticket says %v, %v", out.Expires, ticket.Expires, err)
	}
	if len(resp.Cookies()) != 0 || resp.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("headers: %v", resp.Header)
	}
	narrow := s.do(t, s.Client(), "POST /login", `{"user":"eve","password":"`+password+`","groups":["editors"]}`, "Content-Type: application/json")
	if narrow.StatusCode != 403 {
		t.Errorf("groups that are not the user's: status %d", narrow.StatusCode)
	}
}

// TestLoginFromElsewhere: another site can log a browser neither in nor out.
func TestLoginFromElsewhere(t *testing.T) {
	s := newService(t, Config{Insecure: true}, plain)
	for _, path := range []string{"/login", "/logout"} {
		resp := s.do(t, s.browser(t), "POST "+path, loginForm("amy", password, ""), "Sec-Fetch-Site: cross-site")
		if resp.StatusCode != 403 || len(resp.Cookies()) != 0 {
			t.Errorf("POST %s: status %d, cookies %v", path, resp.StatusCode, resp.Cookies())
		}
	}
}

// TestLogoutMethods: no link and no image logs anybody out.
func TestLogoutMethods(t *testing.T) {
	s := newService(t, Config{Insecure: true}, plain)
	c := s.browser(t)
	s.login(t, c, "amy")
	for _, method := range []string{"GET", "HEAD", "PUT"} {
		if resp := s.do(t, c, method+" /logout", ""); resp.StatusCode != 405 || resp.Header.Get("Allow") != "POST" {
			t.Errorf("%s /logout: status %d, Allow %q", method, resp.StatusCode, resp.Header.Get("Allow"))
		}
	}
	if resp := s.do(t, c, "GET /me", ""); resp.StatusCode != 200 {
		t.Errorf("after that: status %d", resp.StatusCode)
	}
	if resp := s.do(t, c, "DELETE /login", ""); resp.StatusCode != 405 || resp.Header.Get("Allow") != "GET, HEAD, POST" {
		t.Errorf("DELETE /login: status %d, Allow %q", resp.StatusCode, resp.Header.Get("Allow"))
	}
}

// TestLoginPage: the page works with a keyboard, a screen reader and a password
// manager, and without scripts.
func TestLoginPage(t *testing.T) {
	g := guardByHeader(Config{LoginPath: "/sign-in"})
	resp := serve(g.Handler(g.LoginHandler()), request(t, "GET /sign-in?came_from=//evil.example", "X-Who: amy"))
	text := body(t, resp)
	for _, want := range []string{
		`<html lang="en">`, `name="viewport"`, `<title>Sign in</title>`, `<form method="post" action="/sign-in">`,
		`<label for="user">`, `id="user" name="user"`, `autocomplete="username"`,
		`<label for="password">`, `id="password" name="password" type="password" autocomplete="current-password"`,
		`autofocus`, `<button type="submit">`, `signed in as amy`, `name="came_from" value=""`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s", want)
		}
	}
	for _, never := range []string{"<script", "http://", "https://", `role="alert"`, "evil.example"} {
		if strings.Contains(text, never) {
			t.Errorf("there is %s", never)
		}
	}
	if got := resp.Header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("Cache-Control: %q", got)
	}
}

// TestLoginTemplate: a template of the host replaces the page.
func TestLoginTemplate(t *testing.T) {
	own := template.Must(template.New("").Parse(`{{.Action}} {{.CameFrom}} {{.User}} {{.Error}}`))
	g := New(authorityOf(t, memorystore.New()), quiet(Config{LoginTemplate: own}))
	resp := post(t, g, formType, loginForm("<amy>", "x", "/a"))
	if text := body(t, resp); resp.StatusCode != 401 || text != "/login /a &lt;amy&gt; The user name or password is wrong." {
		t.Errorf("status %d: %s", resp.StatusCode, text)
	}
	if csp := resp.Header.Get("Content-Security-Policy"); csp != "" {
		t.Errorf("the host's page got our Content-Security-Policy: %s", csp)
	}
	broken := template.Must(template.New("").Parse(`half a page {{.Nonsense}}`))
	g = New(authorityOf(t, memorystore.New()), quiet(Config{LoginTemplate: broken}))
	if resp := post(t, g, formType, loginForm("amy", "x", "")); resp.StatusCode != 500 || strings.Contains(body(t, resp), "half") {
		t.Errorf("a broken template: status %d", resp.StatusCode)
	}
}
