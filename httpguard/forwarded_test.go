package httpguard

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

// TestForwardedFor lists the address of the connection, the lines of
// X-Forwarded-For, and the address of the client.
func TestForwardedFor(t *testing.T) {
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8:f::/48"), netip.MustParsePrefix("::ffff:192.168.7.0/120")}
	for _, c := range []struct {
		rule   string
		remote string
		lines  []string
		want   string // empty: an error
	}{
		{"what the proxy saw", "10.0.0.1:80", []string{"198.51.100.7"}, "198.51.100.7"},
		{"through two proxies", "10.0.0.1:80", []string{"198.51.100.7, 10.0.0.2"}, "198.51.100.7"},
		{"what the client made up stands left of it", "10.0.0.1:80", []string{"1.2.3.4, 198.51.100.7, 10.0.0.2"}, "198.51.100.7"},
		{"however it looks", "10.0.0.1:80", []string{"unknown, <script>,, 198.51.100.7"}, "198.51.100.7"},
		{"in several lines", "10.0.0.1:80", []string{"1.2.3.4", "198.51.100.7", "10.0.0.2"}, "198.51.100.7"},
		{"a made-up proxy among them", "10.0.0.1:80", []string{"1.2.3.4, 10.9.9.9, 198.51.100.7"}, "198.51.100.7"},
		{"who is no proxy says nothing", "203.0.113.5:80", []string{"1.2.3.4"}, "203.0.113.5"},
		{"who is no proxy sends none", "203.0.113.5:80", nil, "203.0.113.5"},
		{"inside all are trusted", "10.0.0.1:80", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
		{"a port", "10.0.0.1:80", []string{"198.51.100.7:4711"}, "198.51.100.7"},
		{"IPv6", "[2001:db8:f::1]:80", []string{"2001:db8::7"}, "2001:db8::7"},
		{"IPv6 in brackets", "10.0.0.1:80", []string{"[2001:db8::7]"}, "2001:db8::7"},
		{"IPv6 with a port", "10.0.0.1:80", []string{"[2001:db8::7]:4711"}, "2001:db8::7"},
		{"IPv4 as IPv6", "[::ffff:10.0.0.1]:80", []string{"::ffff:198.51.100.7, ::ffff:10.0.0.2"}, "198.51.100.7"},
		{"a prefix of IPv4 as IPv6", "192.168.7.1:80", []string{"198.51.100.7"}, "198.51.100.7"},
		{"a zone is dropped", "10.0.0.1:80", []string{"fe80::1%eth0"}, "fe80::1"},
		{"a proxy that says nothing", "10.0.0.1:80", nil, ""},
		{"a proxy that does not know", "10.0.0.1:80", []string{"unknown"}, ""},
		{"a second one that does not", "10.0.0.1:80", []string{"198.51.100.7, unknown, 10.0.0.2"}, ""},
		{"one that hides it", "10.0.0.1:80", []string{"_hidden"}, ""},
		{"an empty line", "10.0.0.1:80", []string{""}, ""},
		{"an empty element", "10.0.0.1:80", []string{"198.51.100.7,"}, ""},
		{"an empty line behind", "10.0.0.1:80", []string{"198.51.100.7", ""}, ""},
		{"brackets around IPv4", "10.0.0.1:80", []string{"[198.51.100.7]"}, ""},
		{"half of a bracket", "10.0.0.1:80", []string{"[2001:db8::7"}, ""},
		{"a name", "10.0.0.1:80", []string{"localhost"}, ""},
		{"a network", "10.0.0.1:80", []string{"198.51.100.0/24"}, ""},
		{"leading zeros", "10.0.0.1:80", []string{"198.051.100.007"}, ""},
		{"a Unix socket", "@", []string{"198.51.100.7"}, ""},
	} {
		r := request(t, "GET /")
		r.RemoteAddr = c.remote
		for _, line := range c.lines {
			r.Header.Add("X-Forwarded-For", line)
		}
		addr, err := ForwardedFor(trusted...)(r)
		if (err == nil) != (c.want != "") || err == nil && addr.String() != c.want {
			t.Errorf("%s: %v, %v; want %q", c.rule, addr, err, c.want)
		}
	}
	r := request(t, "GET /", "X-Forwarded-For: 1.2.3.4")
	if addr, err := ForwardedFor()(r); err != nil || addr.String() != "192.0.2.1" {
		t.Errorf("without a trusted proxy: %v, %v", addr, err)
	}
}

// Clients without an address count as one client, the proxy: many names are not
// guessed any faster behind a proxy that sends no X-Forwarded-For. The log
// states the reason.
func TestClientsWithoutAddressAreCounted(t *testing.T) {
	log := &bytes.Buffer{}
	clock := time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC)
	a, err := rbac.Open(t.Context(), memorystore.New(), quietClock(func() time.Time { return clock }))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	g := New(a, Config{ClientAddr: ForwardedFor(netip.MustParsePrefix("127.0.0.1/32")), Logger: slog.New(slog.NewTextHandler(log, nil))})
	h := g.Handler(g.LoginHandler())
	guesses := 0
	for ; guesses < 100; guesses++ {
		r := request(t, "POST /login", "Content-Type: "+formType)
		r.Body = io.NopCloser(strings.NewReader(loginForm(fmt.Sprint("name", guesses), "not the password", "")))
		r.RemoteAddr = "127.0.0.1:4711"
		if serve(h, r).StatusCode == http.StatusTooManyRequests {
			break
		}
	}
	if guesses == 100 {
		t.Error("100 names were guessed without an end")
	}
	if n := strings.Count(log.String(), "ClientAddr returns no address"); n != 1 {
		t.Errorf("%d warnings in one minute, want 1:\n%s", n, log)
	}
}
