package httpguard

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/rbac-go/rbac"
)

// fake is an Authority that answers as the test says. Its zero value knows nobody.
type fake struct {
	identify func(rbac.Token) (*rbac.Identity, error)
	login    func(rbac.Login) (rbac.Token, error)
	logout   func(rbac.Token) error
}

func (f *fake) Identify(_ context.Context, t rbac.Token) (*rbac.Identity, error) {
	if f.identify != nil {
		return f.identify(t)
	}
	if !t.IsZero() {
		return nil, rbac.ErrNoTicket
	}
	return rbac.NewIdentity("", nil, nil), nil
}

func (f *fake) Login(_ context.Context, l rbac.Login) (rbac.Token, error) {
	if f.login != nil {
		return f.login(l)
	}
	return rbac.Token{}, rbac.ErrBadCredentials
}

func (f *fake) Logout(_ context.Context, t rbac.Token) error {
	if f.logout != nil {
		return f.logout(t)
	}
	return nil
}

func (f *fake) NewDevice(context.Context, rbac.Token) (string, error) { return "", rbac.ErrNoTicket }

func (f *fake) Revision() rbac.Revision { return 0 }

func (f *fake) Validate(rbac.Predicate) error { return nil }

func (f *fake) Ticket(context.Context, rbac.Token) (rbac.Ticket, error) {
	return rbac.Ticket{}, rbac.ErrNoTicket
}

func (f *fake) TicketGroups(context.Context, rbac.Token) ([]string, error) {
	return nil, rbac.ErrNoTicket
}

func (f *fake) SetActiveGroups(context.Context, rbac.Token, []string) error { return rbac.ErrNoTicket }

func (f *fake) View(context.Context, func(*rbac.Tx) error) error { return rbac.ErrUnavailable }

// byHeader identifies by the header X-Who: a user name, which is also that of
// the one group and the one permission the user has.
func byHeader(r *http.Request) (*rbac.Identity, error) {
	who := r.Header.Get("X-Who")
	if who == "" {
		return nil, nil
	}
	return rbac.NewIdentity(who, []string{who}, []string{who}), nil
}

func quiet(cfg Config) Config {
	cfg.Logger = slog.New(slog.DiscardHandler)
	return cfg
}

// guardByHeader is a Guard over a fake Authority, where X-Who says who it is.
func guardByHeader(cfg Config) *Guard {
	if cfg.Identify == nil {
		cfg.Identify = byHeader
	}
	return newGuard(&fake{}, quiet(cfg))
}

// marker is a handler that remembers whether it ran.
type marker struct {
	ran  int
	last *http.Request
}

func (m *marker) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.ran++
	m.last = r
	_, _ = io.WriteString(w, "content")
}

const browserAccept = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"

// request builds one from "METHOD target" and headers as "Name: value".
func request(t testing.TB, line string, headers ...string) *http.Request {
	t.Helper()
	method, target, _ := strings.Cut(line, " ")
	r := httptest.NewRequest(method, target, nil)
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Add(name, value)
	}
	return r
}

func serve(h http.Handler, r *http.Request) *http.Response {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func body(t testing.TB, resp *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// raw sends bytes as they are over a real connection, which no client library would let through.
func raw(t testing.TB, s *httptest.Server, text string) *http.Response {
	t.Helper()
	c, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

func logTo(w io.Writer) *slog.Logger { return slog.New(slog.NewTextHandler(w, nil)) }
