package httpguard

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

// mail is what send was called with.
type mail struct {
	user, url string
}

// forgetful is a service with ForgotHandler. amy has a password and an e-mail
// address, nora has no password, and dora is disabled.
func forgetful(t *testing.T) (f *forgot, a *rbac.Authority, mails chan mail, log *bytes.Buffer) {
	t.Helper()
	a = authorityOf(t, memorystore.New())
	err := a.Update(context.Background(), func(tx *rbac.Tx) error {
		amy, err := tx.User("amy")
		if err != nil {
			return err
		}
		amy.Email = "Amy@example.org"
		hash, err := a.HashPassword(context.Background(), password)
		_, err1 := tx.AddUser(rbac.User{Name: "nora", Email: "nora@example.org"})
		_, err2 := tx.AddUser(rbac.User{Name: "dora", Disabled: true})
		return errors.Join(err, err1, err2, tx.ModifyUser(amy), tx.SetPasswordHash("dora", hash))
	})
	if err != nil {
		t.Fatal(err)
	}
	log = &bytes.Buffer{}
	g := New(a, Config{Site: "https://app.example.com", Logger: slog.New(slog.NewTextHandler(log, nil))})
	mails = make(chan mail, 100)
	f = &forgot{g: g, places: make(chan struct{}, forgotAtOnce), asked: map[netip.Prefix]asked{}, now: time.Now,
		send: func(_ context.Context, u rbac.User, url string) error {
			mails <- mail{u.Name, url}
			return nil
		}}
	return f, a, mails, log
}

// The login page leads to the page for a forgotten password, if there is one.
func TestLoginPageLeadsToForgotten(t *testing.T) {
	f, _, _, _ := forgetful(t)
	h := f.g.Handler(f.g.LoginHandler())
	if text := body(t, serve(h, request(t, "GET /login"))); strings.Contains(text, "/forgot") {
		t.Errorf("a link to a page that is not there:\n%s", text)
	}
	forgotten := f.g.Handler(f.g.ForgotHandler(f.send))
	if text := body(t, serve(h, request(t, "GET /login"))); !strings.Contains(text, `<a href="/forgot">`) {
		t.Errorf("no link:\n%s", text)
	}
	resp := serve(forgotten, request(t, "GET /forgot"))
	if text := body(t, resp); resp.StatusCode != 200 || !strings.Contains(text, `<form method="post" action="/forgot">`) {
		t.Errorf("%d\n%s", resp.StatusCode, text)
	}
}

// A user who has forgotten the password gets a link, by name or by address, once
// in 15 minutes, and sets a new password with the link.
func TestForgotHandler(t *testing.T) {
	for _, name := range []string{"amy", " Amy ", "amy@EXAMPLE.org"} {
		f, a, mails, _ := forgetful(t)
		h := f.g.Handler(f.g.ForgotHandler(f.send))
		resp := ask(t, h, name)
		text := body(t, resp)
		if resp.StatusCode != 200 || !strings.Contains(text, "If there is such an account") || resp.Header.Get("Cache-Control") != "no-store" {
			t.Fatalf("%q: %d\n%s", name, resp.StatusCode, text)
		}
		m := <-mails
		link, ok := strings.CutPrefix(m.url, "https://app.example.com/password?link=")
		if m.user != "amy" || !ok {
			t.Fatalf("%q: the mail is %+v", name, m)
		}
		const fresh = "a new long password"
		if resp := sendPassword(t, f.g, link, fresh, fresh); resp.StatusCode != 303 {
			t.Errorf("the link of the mail: %d", resp.StatusCode)
		}
		if _, err := a.Login(context.Background(), rbac.Login{User: "amy", Password: fresh}); err != nil {
			t.Error(err)
		}
	}
}

// Nobody learns from the answer whether there is an account, and only accounts
// with a password get a mail, once in 15 minutes.
func TestForgotHandlerIsSilent(t *testing.T) {
	f, _, mails, log := forgetful(t)
	resp := ask(t, f.g.Handler(f.g.ForgotHandler(f.send)), "amy")
	first, header := body(t, resp), resp.Header
	<-mails
	for name, says := range map[string]string{
		"amy": "a short time ago", "nora": "no password", "nora@example.org": "no password", "dora": "disabled",
		"nobody": "not found", "nobody@example.org": "not found", "": "invalid", "\x00": "invalid", "@": "",
	} {
		log.Reset()
		f.places <- struct{}{}
		f.serve(context.Background(), name)
		if len(mails) > 0 || !strings.Contains(log.String(), says) {
			t.Errorf("%q: %d mails, log %s; want none and %q", name, len(mails), log, says)
		}
		f.asked = map[netip.Prefix]asked{}
		resp := ask(t, f.g.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { f.post(w, r, netip.Addr{}) })), name)
		if text := body(t, resp); text != first || fmt.Sprint(resp.Header) != fmt.Sprint(header) {
			t.Errorf("%q: the answer differs: %v\n%s", name, resp.Header, text)
		}
		f.idle()
	}
	if len(mails) > 0 {
		t.Errorf("%d mails were sent", len(mails))
	}
}

// A user whose name looks like an address is found by the name.
func TestForgotHandlerNameWithAt(t *testing.T) {
	f, a, mails, _ := forgetful(t)
	if _, err := a.CreateUser(context.Background(), rbac.User{Name: "kim@corp.example", Email: "kim@example.org"}, password); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"kim@corp.example", "kim@example.org"} {
		f.places <- struct{}{}
		f.serve(context.Background(), name)
	}
	if len(mails) != 1 || (<-mails).user != "kim@corp.example" {
		t.Errorf("%d mails", len(mails))
	}
}

// What a stranger asks for leaves the link of an administrator alone, and 15
// minutes are minutes of the Authority's clock.
func TestForgotHandlerLeavesOtherLinks(t *testing.T) {
	begin := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	var passed atomic.Int64
	f, _, mails, _ := forgetful(t)
	a, err := rbac.Open(context.Background(), memorystore.New(), quietClock(func() time.Time { return begin.Add(time.Duration(passed.Load())) }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	f.g = New(a, quiet(Config{Site: "https://app.example.com"}))
	if _, err := a.CreateUser(context.Background(), rbac.User{Name: "amy"}, password); err != nil {
		t.Fatal(err)
	}
	link, err := a.IssueLink(context.Background(), rbac.Link{User: "amy", Purpose: rbac.LinkReset, Expires: begin.Add(24 * time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		wait  time.Duration
		mails int
	}{{0, 1}, {14 * time.Minute, 1}, {time.Minute, 2}, {0, 2}} {
		passed.Add(int64(c.wait))
		f.places <- struct{}{}
		f.serve(context.Background(), "amy")
		if len(mails) != c.mails {
			t.Errorf("after %v: %d mails; want %d", c.wait, len(mails), c.mails)
		}
	}
	if _, err := a.LinkUser(context.Background(), link, rbac.LinkReset); err != nil {
		t.Errorf("the administrator's link: %v", err)
	}
}

func quietClock(now func() time.Time) rbac.Config {
	return rbac.Config{Clock: now, Logger: quiet(Config{}).Logger, Argon2id: rbac.Argon2id{MemoryKiB: 8, Time: 1, Threads: 1}}
}

// Nothing that send says puts the link into the log.
func TestForgotHandlerLogsNoLink(t *testing.T) {
	for name, fail := range map[string]func(url string) error{
		"an error": func(url string) error { return errors.New("no route to " + url) },
		"a panic":  func(url string) error { panic("no route to " + url) },
		"an error like that of a store": func(url string) error {
			return fmt.Errorf("%w: no route to %s", rbac.ErrUnavailable, url)
		},
	} {
		f, _, _, log := forgetful(t)
		var secret string
		f.send = func(_ context.Context, _ rbac.User, url string) error {
			_, secret, _ = strings.Cut(url, "link=")
			return fail(url)
		}
		f.places <- struct{}{}
		f.serve(context.Background(), "amy")
		if len(secret) != 43 || strings.Contains(log.String(), secret) || log.Len() == 0 {
			t.Errorf("%s: the log is %s", name, log)
		}
	}
}

// Only forms are read.
func TestForgottenBodies(t *testing.T) {
	f, _, mails, _ := forgetful(t)
	for path, h := range map[string]http.Handler{"/forgot": f.g.ForgotHandler(f.send), "/password": f.g.PasswordHandler()} {
		for _, media := range []string{"application/json", "text/plain", ""} {
			r := request(t, "POST "+path, "Content-Type: "+media)
			r.Body = readCloser{strings.NewReader(`{"user":"amy"}`)}
			if resp := serve(f.g.Handler(h), r); resp.StatusCode != 415 || len(mails) > 0 {
				t.Errorf("%s, %q: %d", path, media, resp.StatusCode)
			}
		}
		r := request(t, "POST "+path, "Content-Type: "+formType)
		r.Body = readCloser{strings.NewReader("%zz")}
		if resp := serve(f.g.Handler(h), r); resp.StatusCode != 400 {
			t.Errorf("%s, a malformed form: %d", path, resp.StatusCode)
		}
	}
}

// A network that asks too often waits, and no other.
func TestForgotHandlerThrottles(t *testing.T) {
	f, _, _, _ := forgetful(t)
	now := time.Now()
	f.now = func() time.Time { return now }
	post := func(addr string) int {
		a := netip.Addr{}
		if addr != "" {
			a = netip.MustParseAddr(addr)
		}
		h := f.g.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { f.post(w, r, a) }))
		return ask(t, h, "nobody").StatusCode
	}
	for i := range forgotPerAddress {
		for _, addr := range []string{"192.0.2.1", fmt.Sprint("2001:db8::", i+1), "::ffff:198.51.100.7", ""} {
			if status := post(addr); status != 200 {
				t.Errorf("request %d of %q: %d", i, addr, status)
			}
		}
	}
	for _, addr := range []string{"192.0.2.1", "::ffff:192.0.2.1", "2001:db8::ffff", "198.51.100.7", ""} {
		if status := post(addr); status != 429 {
			t.Errorf("one request too many of %q: %d", addr, status)
		}
	}
	for _, addr := range []string{"192.0.2.2", "2001:db8:0:1::1"} {
		if status := post(addr); status != 200 {
			t.Errorf("the first request of %q: %d", addr, status)
		}
	}
	now = now.Add(forgotWindow)
	if status := post("192.0.2.1"); status != 200 {
		t.Errorf("an hour later: %d", status)
	}
	now = now.Add(-2 * forgotWindow) // a clock that was set back holds nobody up
	if status := post("192.0.2.1"); status != 200 {
		t.Errorf("after the clock was set back: %d", status)
	}
}

// Counts are bounded in number.
func TestForgotHandlerForgets(t *testing.T) {
	f, _, _, _ := forgetful(t)
	for i := range 3 * maxForgotPrefixes / 2 {
		f.wait(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}))
	}
	if len(f.asked) > maxForgotPrefixes {
		t.Errorf("%d prefixes are counted", len(f.asked))
	}
}

// While the places are taken, nothing is sent, and the answer is the same. A
// send that panics or fails gives its place back.
func TestForgotHandlerIsBounded(t *testing.T) {
	f, _, mails, log := forgetful(t)
	h := f.g.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { f.post(w, r, netip.Addr{}) }))
	for range cap(f.places) {
		f.places <- struct{}{}
	}
	if resp := ask(t, h, "amy"); resp.StatusCode != 200 || len(mails) > 0 || !strings.Contains(log.String(), "too many mails at once") {
		t.Errorf("%d, %d mails, log %s", resp.StatusCode, len(mails), log)
	}
	for range cap(f.places) {
		<-f.places
	}
	f.send = func(context.Context, rbac.User, string) error { panic("the mail server") }
	f.places <- struct{}{}
	f.serve(context.Background(), "amy")
	if len(f.places) != 0 || !strings.Contains(log.String(), "panicked") {
		t.Errorf("%d places are taken, log %s", len(f.places), log)
	}
}

// ForgotHandler without a Site or a function is a mistake of the program.
func TestForgotHandlerPanics(t *testing.T) {
	f, a, _, _ := forgetful(t)
	for name, make := range map[string]func(){
		"no Site": func() { New(a, Config{}).ForgotHandler(f.send) },
		"no send": func() { f.g.ForgotHandler(nil) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			make()
		}()
	}
}

// idle waits until nothing is under way.
func (f *forgot) idle() {
	for range cap(f.places) {
		f.places <- struct{}{}
	}
	for range cap(f.places) {
		<-f.places
	}
}

func ask(t *testing.T, h http.Handler, name string) *http.Response {
	t.Helper()
	r := request(t, "POST /forgot", "Content-Type: "+formType, "Accept: text/html")
	r.Body = readCloser{strings.NewReader(url.Values{"user": {name}}.Encode())}
	return serve(h, r)
}
