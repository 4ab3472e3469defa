package httpguard

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestLoginOverPlainHTTP: a login with the right password over plain HTTP ends
// on a page with an explanation.
func TestLoginOverPlainHTTP(t *testing.T) {
	const form = "POST /login"
	for _, c := range []struct {
		what    string
		cfg     Config
		start   func(http.Handler) *httptest.Server
		headers []string
		explain bool
	}{
		{"plain HTTP", Config{}, plain, nil, true},
		{"plain HTTP, says the browser", Config{}, plain, []string{"Origin: http://app.example"}, true},
		{"a header of any client's", Config{}, plain, []string{"X-Forwarded-Proto: https"}, true},
		{"Insecure", Config{Insecure: true}, plain, nil, false},
		{"TLS", Config{}, httptest.NewTLSServer, nil, false},
		{"TLS ends in front, says the host", Config{Site: "https://app.example.com"}, plain, nil, false},
		{"TLS ends in front, says the browser", Config{}, plain, []string{"Origin: https://app.example.com", "Sec-Fetch-Site: same-origin"}, false},
	} {
		var log strings.Builder
		s := newService(t, c.cfg, c.start)
		s.g.cfg.Logger = logTo(&log)
		b := s.browser(t) // its jar keeps a Secure cookie from plain HTTP, as a browser does, but for loopback addresses
		if s.TLS == nil {
			address := s.Listener.Addr().String()
			b.Transport = &http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
				return new(net.Dialer).DialContext(ctx, network, address)
			}}
			s.URL = "http://app.example"
		}
		resp := s.do(t, b, form, loginForm("amy", password, "/me?a=b"), c.headers...)
		if !c.explain {
			if got := resp.Header.Get("Location"); resp.StatusCode != 303 || got != "/me?a=b" {
				t.Errorf("%s: status %d to %q", c.what, resp.StatusCode, got)
			}
			continue
		}
		resp = s.do(t, b, "GET "+resp.Header.Get("Location"), "")
		text := body(t, resp)
		if resp.StatusCode != 400 || !strings.Contains(text, "plain HTTP") || !strings.Contains(text, "https://") || !strings.Contains(text, "Config.Insecure") || !strings.Contains(text, `value="/me?a=b"`) {
			t.Errorf("%s: status %d, and the page does not say why:\n%s", c.what, resp.StatusCode, text)
		}
		for _, want := range []string{"level=WARN", "TLS", "Config.Insecure", "Config.Site"} {
			if !strings.Contains(log.String(), want) {
				t.Errorf("%s: the log does not say %s: %s", c.what, want, log.String())
			}
		}
	}
}

// TestCookieOverPlainHTTPComesBack: some browsers return a Secure cookie to
// localhost, and the login then succeeds.
func TestCookieOverPlainHTTPComesBack(t *testing.T) {
	s := newService(t, Config{}, plain)
	resp := s.do(t, s.browser(t), "POST /login", loginForm("amy", password, "/me"), "Origin: "+s.URL)
	ticket := resp.Cookies()[0]
	if ticket.Name != "__Host-ticket" || !ticket.Secure {
		t.Fatalf("the cookie is %v", ticket)
	}
	resp = s.do(t, s.browser(t), "GET "+resp.Header.Get("Location"), "", "Cookie: "+ticket.Name+"="+ticket.Value)
	if resp.StatusCode != 303 || resp.Header.Get("Location") != "/me" {
		t.Errorf("with the cookie: status %d to %q", resp.StatusCode, resp.Header.Get("Location"))
	}
	for _, from := range []string{"//evil.example", "https://evil.example", "/login"} {
		resp = s.do(t, s.browser(t), "GET /login?signed_in=1&came_from="+from, "", "Cookie: "+ticket.Name+"="+ticket.Value)
		if resp.StatusCode != 303 || resp.Header.Get("Location") != "/" {
			t.Errorf("%s: status %d to %q", from, resp.StatusCode, resp.Header.Get("Location"))
		}
	}
}
