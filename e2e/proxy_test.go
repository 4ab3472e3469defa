package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/httpguard"
	"github.com/rbac-go/rbac/internal/proxytest"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

// newGuarded returns a small service behind a guard: a start page for
// everybody, and /report for amy.
func newGuarded(t *testing.T, cfg httpguard.Config) http.Handler {
	t.Helper()
	return newGuardedBy(t, cfg.BasePath, func(a *rbac.Authority) *httpguard.Guard { return httpguard.New(a, cfg) })
}

// newGuardedBy is newGuarded for a Guard that the test makes, of a service below
// a path.
func newGuardedBy(t *testing.T, base string, newGuard func(*rbac.Authority) *httpguard.Guard) http.Handler {
	t.Helper()
	store := memorystore.New()
	a, err := rbac.Open(t.Context(), store, rbac.Config{
		Argon2id: rbac.Argon2id{MemoryKiB: 8, Time: 1, Threads: 1}, MinPassword: 8, Logger: slog.New(slog.DiscardHandler)}) // unsafe outside tests
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close(); store.Close() })
	hash, err := a.HashPassword(t.Context(), "amyspass")
	if err != nil {
		t.Fatal(err)
	}
	err = a.Update(t.Context(), func(tx *rbac.Tx) error {
		_, err := tx.AddUser(rbac.User{Name: "amy"})
		return errors.Join(err, tx.SetPasswordHash("amy", hash))
	})
	if err != nil {
		t.Fatal(err)
	}
	guard := newGuard(a)
	page := func(text string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			fmt.Fprintf(w, `<!doctype html><title>%[1]s</title><link rel="icon" href="data:,"><p>%[1]s, %[2]s</p><form method="post" action="%[3]s/logout"><button>Sign out</button></form>`,
				text, rbac.FromContext(r.Context()).User(), base)
		})
	}
	mux := guard.NewMux()
	mux.Public("/{$}", page("The start"))
	mux.Public("/login", guard.LoginHandler())
	mux.Public("/logout", guard.LogoutHandler())
	mux.Handle("/report/", rbac.IsUser("amy"), page("The report"))
	mux.Handle("/near", rbac.All(rbac.IsUser("amy"), rbac.FromNet(netip.MustParsePrefix("127.0.0.2/32"))), page("The near one"))
	return guard.Handler(mux)
}

// A login over plain HTTP fails and explains why. The login succeeds at the
// names of this computer for which the browser accepts a Secure cookie.
func TestLoginOverPlainHTTP(t *testing.T) {
	chromium(t)
	var log bytes.Buffer
	h := newGuarded(t, httpguard.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	listener, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	s := &httptest.Server{Listener: listener, Config: &http.Server{Handler: h}}
	s.Start()
	t.Cleanup(s.Close)
	port := listener.Addr().(*net.TCPAddr).Port
	for _, host := range []string{"localhost", "127.0.0.1"} {
		u := (&app{t: t, name: "plain", url: fmt.Sprintf("http://%s:%d", host, port)}).user("amy at " + host)
		u.open("/report/?a=b")
		u.logIn("amy", "amyspass")
		u.isAt("/report/?a=b")
		u.sees("The report, amy")
	}
	u := (&app{t: t, name: "plain", url: fmt.Sprintf("http://%s:%d", ownAddress(t), port)}).user("amy elsewhere")
	u.open("/report/?a=b")
	u.logIn("amy", "amyspass")
	u.got(400)
	u.sees("your browser did not return the login cookie", "https://", "Config.Insecure")
	if text := log.String(); !strings.Contains(text, "Config.Insecure") || strings.Count(text, "level=WARN") != 1 {
		t.Errorf("the log says %s", text)
	}
}

// ownAddress returns an address of this computer other than loopback. No
// browser takes such an address for localhost.
func ownAddress(t *testing.T) string {
	t.Helper()
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range addrs {
		if p, err := netip.ParsePrefix(a.String()); err == nil && p.Addr().Is4() && !p.Addr().IsLoopback() {
			return p.Addr().String()
		}
	}
	t.Skip("this computer has no address but loopback")
	return ""
}

// The service works behind an nginx that strips a prefix, changes the Host and
// forwards the address of the client.
func TestBehindNginx(t *testing.T) {
	chromium(t)
	front := proxytest.Address(t)
	backend := httptest.NewServer(newGuarded(t, httpguard.Config{
		Insecure: true, Site: "http://" + front, BasePath: "/app", Home: "/report/",
		ClientAddr: httpguard.ForwardedFor(netip.MustParsePrefix("127.0.0.1/32")),
		Logger:     slog.New(slog.DiscardHandler),
	}))
	t.Cleanup(backend.Close)
	proxytest.Start(t, "nginx", t.TempDir(), front, fmt.Sprintf(`
	server {
		listen %s;
		location /app/ {
			proxy_pass %s/;
			proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
		}
	}`, front, backend.URL))
	a := &app{t: t, name: "nginx", url: "http://" + front}

	u := a.user("amy")
	u.open("/app/report?a=b") // without the final slash
	u.isAt("/app/login?came_from=%2Fapp%2Freport%2F%3Fa%3Db")
	u.logIn("amy", "wrong")
	u.got(401)
	u.logIn(" Amy ", "amyspass")
	u.isAt("/app/report/?a=b")
	u.sees("The report, amy")
	u.open("/app/login?came_from=//evil.example")
	u.click("Continue as amy")
	u.isAt("/app/report/")
	u.open("/app/near")
	u.got(403) // nginx forwards 127.0.0.1 as the client's address
	u.click("Sign in as someone else")
	u.isAt("/app/login?came_from=%2Fapp%2Fnear")
	u.click("Continue as amy")
	u.got(403)
	u.open("/app/report/")
	u.click("Sign out")
	u.isAt("/app/login?came_from=%2Fapp%2Freport%2F") // Home needs a login
	for _, path := range []string{"/app/report;/x", "/app/report%3b/x", "/app/report%253b/x", "/app/x/..%252freport/", "/app/report%2f", "/app//report/"} {
		u.open(path)
		u.seesNo("The report")
	}
}
