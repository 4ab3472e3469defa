package httpguard

import (
	"net/http"
	"strings"
	"testing"

	"github.com/rbac-go/rbac"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

// multipartLogin returns the body of a multipart login form with the boundary
// x.
func multipartLogin(user, password string) string {
	field := func(name, value string) string {
		return "--x\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n"
	}
	return field("user", user) + field("password", password) + field("came_from", "/a?b=c") + "--x--\r\n"
}

// TestLoginOfTypedNames: a name may be typed or pasted with spaces around the
// name, in either kind of form and in JSON.
func TestLoginOfTypedNames(t *testing.T) {
	s := newService(t, Config{Insecure: true}, plain)
	for _, name := range []string{"amy", " amy", "amy ", " amy ", "\tAmy\r\n", "\u00a0amy\u2003", "\u3000ａｍｙ", "amy\u200b", "\ufeffamy"} {
		resp := s.do(t, s.browser(t), "POST /login", loginForm(name, password, "/a?b=c"))
		if resp.StatusCode != 303 || resp.Header.Get("Location") != "/a?b=c" {
			t.Errorf("%q by a form: status %d to %q", name, resp.StatusCode, resp.Header.Get("Location"))
		}
		resp = s.do(t, s.browser(t), "POST /login", multipartLogin(name, password), "Content-Type: multipart/form-data; boundary=x")
		if resp.StatusCode != 303 || resp.Header.Get("Location") != "/a?b=c" || len(resp.Cookies()) != 2 {
			t.Errorf("%q by a multipart form: status %d to %q", name, resp.StatusCode, resp.Header.Get("Location"))
		}
	}
	for _, name := range []string{"a my", "", " ", "\u200d amy"} {
		if resp := s.do(t, s.browser(t), "POST /login", loginForm(name, password, "")); resp.StatusCode != 401 {
			t.Errorf("%q: status %d, want 401", name, resp.StatusCode)
		}
	}
	if resp := s.do(t, s.browser(t), "POST /login", loginForm("amy", " "+password, "")); resp.StatusCode != 401 {
		t.Errorf("a space before the password: status %d, want 401", resp.StatusCode)
	}
}

// TestRefusedLoginsAreLogged: logins that never reach the Authority are logged,
// too, without any text from the request.
func TestRefusedLoginsAreLogged(t *testing.T) {
	var log strings.Builder
	g := New(authorityOf(t, memorystore.New()), Config{Logger: logTo(&log)})
	for _, c := range []struct{ what, contentType, content, want string }{
		{"no name", formType, loginForm("", "hunter2", ""), "status=401"},
		{"an invalid group", jsonType, `{"user":"amy","password":"hunter2","groups":["\u0000"]}`, "status=401"},
		{"no form", "text/plain", "hunter2", "status=415"},
		{"a malformed form", formType, "user=%zz&password=hunter2", "status=400"},
		{"malformed JSON", jsonType, `{"password":"hunter2"`, "status=400"},
		{"an endless form", formType, "password=hunter2" + strings.Repeat("a", maxLoginBody), "status=413"},
	} {
		log.Reset()
		post(t, g, c.contentType, c.content)
		if got := log.String(); !strings.Contains(got, c.want) || strings.Contains(got, "hunter2") {
			t.Errorf("%s is logged as %q, want %s and nothing of the body", c.what, got, c.want)
		}
	}
}

// TestSignedInAtTheLogin: a signed-in user who opens the login page chooses;
// the page redirects nobody.
func TestSignedInAtTheLogin(t *testing.T) {
	s := newService(t, Config{Insecure: true, Home: "/home"}, plain)
	eve := s.browser(t)
	s.login(t, eve, "eve")
	denied := s.do(t, eve, "GET /posts/new?a=b", "")
	if denied.StatusCode != 403 {
		t.Fatalf("denied: %d", denied.StatusCode)
	}
	const switching = "/login?came_from=%2Fposts%2Fnew%3Fa%3Db"
	if text := body(t, denied); !strings.Contains(text, `href="`+switching+`">Sign in as someone else`) {
		t.Fatalf("no way to switch:\n%s", text)
	}
	for target, goOn := range map[string]string{switching: "/posts/new?a=b", "/login": "/home", "/login?came_from=//evil.example": "/home"} {
		resp := s.do(t, eve, "GET "+target, "")
		text := body(t, resp)
		if resp.StatusCode != 200 || !strings.Contains(text, `<a href="`+goOn+`">Continue as eve</a>`) || !strings.Contains(text, `type="password"`) {
			t.Errorf("%s: status %d, want a link to %s and the form\n%s", target, resp.StatusCode, goOn, text)
		}
		if strings.Contains(text, "Please sign in") {
			t.Errorf("%s asks who is signed in to sign in", target)
		}
	}
	resp := s.do(t, eve, "POST /login", loginForm("amy", password, "/posts/new?a=b"))
	if resp = s.do(t, eve, "GET "+resp.Header.Get("Location"), ""); resp.StatusCode != 200 {
		t.Errorf("after the switch: %d", resp.StatusCode)
	}
	if text := body(t, s.do(t, s.browser(t), "GET /login", "")); strings.Contains(text, "Continue as") {
		t.Errorf("nobody is offered to go on:\n%s", text)
	}
}

// TestScriptsAreNoNavigations lists values of Accept and Sec-Fetch, and whether
// an anonymous client is redirected.
func TestScriptsAreNoNavigations(t *testing.T) {
	for _, c := range []struct {
		what               string
		accept, mode, dest string
		redirect           bool
	}{
		{"a link", browserAccept, "navigate", "document", true},
		{"an old browser", browserAccept, "", "", true},
		{"a frame", browserAccept, "navigate", "iframe", true},
		{"a navigation that takes anything", "*/*", "navigate", "document", true},
		{"a navigation that says nothing", "", "navigate", "document", true},
		{"a navigation for JSON", "application/json", "navigate", "document", false},
		{"fetch", "*/*", "cors", "empty", false},
		{"a script that wants a piece of HTML", "text/html, */*;q=0.1", "cors", "empty", false},
		{"one of the same origin", "text/html", "same-origin", "empty", false},
		{"an image", "image/avif,image/webp,*/*;q=0.8", "no-cors", "image", false},
		{"a script's source that would take HTML", "text/html", "no-cors", "script", false},
		{"an event stream", "text/event-stream, text/html", "cors", "empty", false},
		{"a service worker", browserAccept, "navigate", "serviceworker", false},
		{"a script, by its mode alone", "text/html", "cors", "", false},
		{"an image, by its destination alone", "text/html", "", "image", false},
		{"a WebSocket", browserAccept, "websocket", "websocket", false},
		{"a program", "application/json", "", "", false},
	} {
		g := guardByHeader(Config{})
		r := request(t, "GET /a")
		for name, value := range map[string]string{"Sec-Fetch-Mode": c.mode, "Sec-Fetch-Dest": c.dest, "Accept": c.accept} {
			if value != "" {
				r.Header.Set(name, value)
			}
		}
		resp := serve(g.Handler(g.Require(rbac.NotAnonymous())(&countingHandler{})), r)
		want := http.StatusUnauthorized
		if c.redirect {
			want = http.StatusSeeOther
		}
		if resp.StatusCode != want {
			t.Errorf("%s: status %d, want %d", c.what, resp.StatusCode, want)
		}
	}
}
