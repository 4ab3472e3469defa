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
	"sync"
	"testing"

	"github.com/rbac-go/rbac"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

// byHeader identifies a user by the header X-Who. The user name is also the
// name of the only group and the only permission of the user.
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

// emptyAuthority is an Authority without users, shared by tests that change
// nothing.
var emptyAuthority = sync.OnceValue(func() *rbac.Authority {
	a, err := rbac.Open(context.Background(), memorystore.New(), rbac.Config{Logger: quiet(Config{}).Logger})
	if err != nil {
		panic(err)
	}
	return a
})

// guardByHeader returns a Guard that identifies users with byHeader.
func guardByHeader(cfg Config) *Guard {
	if cfg.Identify == nil {
		cfg.Identify = byHeader
	}
	return New(emptyAuthority(), quiet(cfg))
}

// countingHandler counts its requests.
type countingHandler struct {
	ran  int
	last *http.Request
}

func (m *countingHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.ran++
	m.last = r
	_, _ = io.WriteString(w, "content")
}

const browserAccept = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"

// request returns a request for "METHOD target" with headers "Name: value".
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

// raw sends bytes unchanged over a real connection; no client library would.
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
