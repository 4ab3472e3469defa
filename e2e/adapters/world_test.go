package adapters

import (
	"bufio"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/httpguard"
	"github.com/rbac-go/rbac/rbactest"
)

// In this world bob may read reports, amy may not, and root may do everything.
const world = `
	group reader: report.read
	group editor: post.edit
	group super: *
	user amy: editor
	user bob: reader
	user root: super
	user zoe: editor@org:42
`

var (
	everybody = rbac.Any(rbac.IsAnonymous(), rbac.NotAnonymous())
	mayRead   = rbac.HasPermission("report.read")
)

func newGuard(a *rbac.Authority, cfg httpguard.Config) *httpguard.Guard {
	cfg.Insecure = true // the tests speak plain HTTP
	cfg.Logger = slog.New(slog.DiscardHandler)
	return httpguard.New(a, cfg)
}

// bearer returns the Authorization header of a new ticket of the user, or ""
// for no user.
func bearer(t *testing.T, a *rbac.Authority, user string) string {
	t.Helper()
	r, err := http.NewRequest("GET", "/", nil)
	if err != nil {
		t.Fatal(err)
	}
	return rbactest.As(t, a, user, r).Header.Get("Authorization")
}

// conn is one connection. Requests are sent exactly as written, with paths that
// no client library would let through.
type conn struct {
	t *testing.T
	net.Conn
	in *bufio.Reader
}

func dial(t *testing.T, addr string) *conn {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return &conn{t, c, bufio.NewReader(c)}
}

// send sends "METHOD target" with headers of the form "Name: value".
func (c *conn) send(line string, headers ...string) (*http.Response, string) {
	c.t.Helper()
	method, target, _ := strings.Cut(line, " ")
	if _, err := io.WriteString(c, method+" "+target+" HTTP/1.1\r\nHost: example.com\r\n"+strings.Join(headers, "\r\n")+"\r\n\r\n"); err != nil {
		c.t.Fatal(err)
	}
	resp, err := http.ReadResponse(c.in, &http.Request{Method: method})
	if err != nil {
		c.t.Fatalf("%s: %v", line, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatalf("%s: %v", line, err)
	}
	return resp, string(body)
}
