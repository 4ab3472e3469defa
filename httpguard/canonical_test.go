package httpguard

import (
	"bufio"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path"
	"strings"
	"testing"

	"github.com/rbac-go/rbac"
)

// guardedService is a service with guarded paths and a public catch-all
// handler, and counts served requests.
type guardedService struct {
	http.Handler
	guarded, public countingHandler
}

func newGuardedService(cfg Config) *guardedService {
	g := guardByHeader(cfg)
	wd := &guardedService{}
	m := g.NewMux()
	p := rbac.HasPermission("editor")
	m.Handle("/admin/", p, &wd.guarded)
	m.Handle("GET /reports/", p, &wd.guarded)
	m.Handle("/files/{id}", p, &wd.guarded)
	m.Handle("Admin.Example.com/", p, &wd.guarded)
	m.Public("/", &wd.public)
	wd.Handler = g.Handler(m)
	return wd
}

// TestRequestsOverTheWire sends requests that no client library would send.
func TestRequestsOverTheWire(t *testing.T) {
	tests := []struct {
		name, line, host string
		status           int
	}{
		{"the public page is served", "GET /", "example.com", 200},
		{"the guarded page is not", "GET /admin/", "example.com", 401},
		{"an escaped letter is that letter", "GET /%61dmin/x", "example.com", 401},
		{"an encoded slash is refused", "GET /admin%2fsecret", "example.com", 400},
		{"an encoded slash is refused, in capitals too", "GET /admin%2Fsecret", "example.com", 400},
		{"dot segments are refused", "GET /x/../admin/", "example.com", 400},
		{"encoded dot segments are refused", "GET /x/%2e%2e/admin/", "example.com", 400},
		{"half encoded dot segments are refused", "GET /x/.%2E/admin/", "example.com", 400},
		{"a single dot is refused", "GET /./admin/", "example.com", 400},
		{"dots with a path parameter are refused", "GET /x/..;a=b/admin/", "example.com", 400},
		{"a final dot segment is refused", "GET /admin/..", "example.com", 400},
		{"empty segments are refused", "GET //admin/", "example.com", 400},
		{"empty segments are refused at the end", "GET /x//", "example.com", 400},
		{"a backslash is refused", `GET /x\..\admin/`, "example.com", 400},
		{"an encoded backslash is refused", "GET /x%5cadmin", "example.com", 400},
		{"NUL is refused", "GET /x%00", "example.com", 400},
		{"a newline is refused", "GET /x%0ay", "example.com", 400},
		{"dots encoded twice are refused", "GET /%252e%252e/admin/", "example.com", 400},
		{"a letter encoded twice is refused", "GET /%2561dmin/x", "example.com", 400},
		{"a semicolon encoded twice is refused", "GET /admin%253b/x", "example.com", 400},
		{"a slash encoded three times is refused", "GET /admin%25252fx", "example.com", 400},
		{"an escape of four digits is refused", "GET /admin%25u002fx", "example.com", 400},
		{"a percent sign is text", "GET /100%25", "example.com", 200},
		{"a percent sign before a word is text", "GET /100%25%20off", "example.com", 200},
		{"a path parameter is refused", "GET /admin;/x", "example.com", 400},
		{"an encoded one is refused", "GET /admin%3b/x", "example.com", 400},
		{"an encoded one in capitals is refused", "GET /admin%3B/x", "example.com", 400},
		{"one in the middle is refused", "GET /admin;a=b;c/x", "example.com", 400},
		{"one at the beginning is refused", "GET /;a/admin/x", "example.com", 400},
		{"one in the last segment is refused", "GET /a;b=c", "example.com", 400},
		{"an overlong slash is refused", "GET /admin%c0%afx", "example.com", 400},
		{"an overlong dot is refused", "GET /x/%c0%ae%c0%ae/admin/", "example.com", 400},
		{"an overlong semicolon is refused", "GET /admin%e0%80%bb/x", "example.com", 400},
		{"Latin-1 is refused", "GET /caf%e9", "example.com", 400},
		{"a word in UTF-8 is text", "GET /caf%c3%a9", "example.com", 200},
		{"a semicolon in the query is the query's", "GET /?a;b", "example.com", 200},
		{"a dot in a name is text", "GET /.well-known/..x/x..", "example.com", 200},
		{"the query is nobody's path", "GET /?/../admin//%00", "example.com", 200},
		{"a trailing slash is no empty segment", "GET /x/", "example.com", 200},
		{"methods are case-sensitive", "get /admin/", "example.com", 400},
		{"unusual methods are refused", "TRACE /", "example.com", 400},
		{"CONNECT is refused", "CONNECT /x/../admin/", "example.com", 400},
		{"CONNECT to an authority is refused", "CONNECT example.com:80", "example.com", 400},
		{"POST is no way around GET", "POST /reports/x", "example.com", 405},
		{"DELETE is no way around GET", "DELETE /reports/", "example.com", 405},
		{"HEAD is guarded like GET", "HEAD /reports/", "example.com", 401},
		{"one segment is guarded", "GET /files/7", "example.com", 401},
		{"two are not", "GET /files/7/8", "example.com", 200},
		{"a host is guarded", "GET /x", "admin.example.com", 401},
		{"with a port", "GET /x", "admin.example.com:8443", 401},
		{"with an empty port", "GET /x", "admin.example.com:", 401},
		{"in capitals", "GET /x", "ADMIN.Example.com", 401},
		{"with a final dot", "GET /x", "admin.example.com.", 401},
		{"with a final dot and a port", "GET /x", "admin.example.com.:80", 401},
		{"two final dots are no host", "GET /x", "admin.example.com..", 400},
		{"a dot is no host", "GET /x", ".", 400},
		{"a port is a number", "GET /x", "admin.example.com:http", 400},
		{"user and host are no host", "GET /x", "a@admin.example.com", 400},
		{"an address is a host", "GET /x", "[::1]:80", 200},
		{"the target names the host", "GET http://ADMIN.example.com./x", "example.com", 401},
		{"the target's host with an escaped letter", "GET http://admin%2eexample.com/x", "example.com", 400},
		{"an empty path is the root", "GET http://example.com", "x", 200},
		{"an empty path is the root of that host", "GET http://admin.example.com", "x", 401},
		{"a target without authority", "GET http:/admin/", "x", 401},
		{"an opaque target", "GET http:admin/", "x", 400},
		{"a foreign scheme", "GET ftp://example.com/", "x", 400},
		{"* is no page", "GET *", "example.com", 400},
	}
	wd := newGuardedService(Config{})
	s := httptest.NewServer(wd)
	defer s.Close()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			resp := raw(t, s, tt.line+" HTTP/1.1\r\nHost: "+tt.host+"\r\nConnection: close\r\n\r\n")
			if resp.StatusCode != tt.status {
				t.Errorf("%s, Host %s: status %d, want %d", tt.line, tt.host, resp.StatusCode, tt.status)
			}
		})
	}
	if wd.guarded.ran != 0 {
		t.Errorf("guarded content was served %d times to nobody", wd.guarded.ran)
	}
}

// TestOnePath: a path has the same meaning in all three fields, of which
// routers and handlers read different ones.
func TestOnePath(t *testing.T) {
	tests := []struct {
		target             string
		allow              bool
		path, raw, escaped string
	}{
		{"/a", false, "/a", "", "/a"},
		{"/%61dmin", false, "/admin", "", "/admin"},
		{"/a%20b%21", false, "/a b!", "", "/a%20b%21"},
		{"/%61/b%2fc", true, "/a/b/c", "/a/b%2Fc", "/a/b%2Fc"},
		{"/%61/b%2Fc%21", true, "/a/b/c!", "/a/b%2Fc%21", "/a/b%2Fc%21"},
		{"/张三", false, "/张三", "", "/%E5%BC%A0%E4%B8%89"},
		{"http://example.com", false, "/", "", "/"},
	}
	for _, tt := range tests {
		m := &countingHandler{}
		serve(guardByHeader(Config{AllowEncodedSlash: tt.allow}).Handler(m), request(t, "GET "+tt.target))
		if m.ran == 0 {
			t.Errorf("%s: refused", tt.target)
			continue
		}
		u := m.last.URL
		if u.Path != tt.path || u.RawPath != tt.raw || u.EscapedPath() != tt.escaped {
			t.Errorf("%s: Path %q, RawPath %q, EscapedPath %q; want %q, %q, %q", tt.target, u.Path, u.RawPath, u.EscapedPath(), tt.path, tt.raw, tt.escaped)
		}
	}
	m := &countingHandler{}
	r := request(t, "GET /a")
	r.URL.RawPath = "/b"
	if resp := serve(guardByHeader(Config{}).Handler(m), r); resp.StatusCode != 400 || m.ran != 0 {
		t.Errorf("two paths in one request: status %d", resp.StatusCode)
	}
}

// TestAllowedSpellings: each option allows a single kind of spelling, and keeps
// the spelling.
func TestAllowedSpellings(t *testing.T) {
	for _, c := range []struct {
		cfg    Config
		target string
		status int
		path   string
	}{
		{Config{AllowSemicolon: true}, "/a;b=c/d", 200, "/a;b=c/d"},
		{Config{AllowSemicolon: true}, "/a%3bb", 200, "/a;b"},
		{Config{AllowSemicolon: true}, "/a%253bb", 400, ""},
		{Config{AllowSemicolon: true}, "/x/..;a/admin", 400, ""},
		{Config{AllowSemicolon: true}, "/x/;a/admin", 400, ""},
		{Config{AllowSemicolon: true}, "/a%2fb", 400, ""},
		{Config{AllowDoubleEncoding: true}, "/a%253bb", 200, "/a%3bb"},
		{Config{AllowDoubleEncoding: true}, "/a;b", 400, ""},
		{Config{AllowDoubleEncoding: true}, "/%252e%252e/a", 200, "/%2e%2e/a"},
		{Config{AllowEncodedSlash: true}, "/a%2f;b", 400, ""},
		{Config{AllowEncodedSlash: true}, "/a%252fb", 400, ""},
	} {
		m := &countingHandler{}
		resp := serve(guardByHeader(c.cfg).Handler(m), request(t, "GET "+c.target))
		if resp.StatusCode != c.status || (m.ran == 1) != (c.status == 200) || m.ran == 1 && m.last.URL.Path != c.path {
			t.Errorf("%s with %+v: status %d, want %d with the path %q", c.target, c.cfg.pathRules(), resp.StatusCode, c.status, c.path)
		}
	}
	m := guardByHeader(Config{AllowSemicolon: true}).NewMux()
	m.Public("/a;b", &countingHandler{})
	if !panics(func() { guardByHeader(Config{}).NewMux().Public("/a;b", &countingHandler{}) }) {
		t.Error("a pattern that can never match is taken")
	}
}

// TestBehindABackendOfItsOwnMind: a public catch-all handler forwards to a
// backend that drops path parameters and decodes twice. Nobody reads the
// guarded pages of the backend.
func TestBehindABackendOfItsOwnMind(t *testing.T) {
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isGuardedPath(r) {
			w.Header().Set("X-Secret", r.RequestURI)
		}
	}))
	defer backend.Close()
	target, err := url.Parse(backend.URL)
	must(t, err)
	g := guardByHeader(Config{})
	m := g.NewMux()
	m.Handle("/admin/", rbac.HasPermission("editor"), &countingHandler{})
	m.Public("/", httputil.NewSingleHostReverseProxy(target))
	s := httptest.NewServer(g.Handler(m))
	defer s.Close()
	for _, path := range []string{
		"/admin;/x", "/admin%3b/x", "/admin%3B/x", "/admin%253b/x", "/admin%25253b/x", "/admin;a=b/x", "/%61dmin;/x", "/%2561dmin/x", "/x/..;/admin/x", "/x/%2e%2e%3b/admin/x", "/x/%252e%252e/admin/x",
		"/admin%252fx", "/admin%25u002fx", "/admin%c0%af/x", "/;/admin/x", "/%3b/admin/x", "/x;/../admin/x", "/admin%2f;x",
	} {
		resp := raw(t, s, "GET "+path+" HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n\r\n")
		if secret := resp.Header.Get("X-Secret"); secret != "" || resp.StatusCode < 400 {
			t.Errorf("%s: status %d, and the backend served %q", path, resp.StatusCode, secret)
		}
	}
}

// TestEncodedSlash: with AllowEncodedSlash, the rules for both readings of the
// path must allow the request.
func TestEncodedSlash(t *testing.T) {
	tests := []struct {
		line, who string
		status    int
	}{
		{"GET /admin%2fsecret", "", 401},
		{"GET /admin%2fsecret", "editor", 200},
		{"GET /x%2f..%2fadmin/", "editor", 400},
		{"GET /%2fadmin/", "editor", 400},
		{"GET /files/7%2f8", "", 401},
		{"GET /files/7%2f8", "editor", 200},
		{"GET /x%2fy", "", 200},
		{"GET /reports%2fx", "", 401},
		{"POST /reports%2fx", "editor", 405},
	}
	for _, tt := range tests {
		wd := newGuardedService(Config{AllowEncodedSlash: true})
		resp := serve(wd, request(t, tt.line, "X-Who: "+tt.who, "Host: example.com"))
		if resp.StatusCode != tt.status {
			t.Errorf("%s by %q: status %d, want %d", tt.line, tt.who, resp.StatusCode, tt.status)
		}
		if served := wd.guarded.ran + wd.public.ran; served != 0 && tt.status != 200 {
			t.Errorf("%s by %q was served", tt.line, tt.who)
		}
	}
}

// FuzzRequestPaths: whatever the request line contains, an anonymous client
// never gets guarded content, and the public catch-all handler never sees a
// guarded path.
func FuzzRequestPaths(f *testing.F) {
	for _, target := range []string{
		"/", "/admin/", "/admin", "/admin%2fsecret", "/x/%2e%2e/admin/", "//admin/", "/files/1", "/files%2f1", "/files/%2e",
		"http://admin.example.com/", "http://ADMIN.example.com.:80", "*", "/reports/..;/x", "/admin;/x", "/admin%3b/x", "/admin%253b/x", "/%61dmin/%5c", "/a?b=/admin/", "/ad\x00min/", "/%2561dmin/",
	} {
		f.Add("GET", target, "example.com", false)
		f.Add("POST", target, "Admin.Example.com.", true)
	}
	f.Add("CONNECT", "admin.example.com:443", "admin.example.com:443", false)
	f.Add("CONNECT", "/x", "admin.example.com:443", false)
	f.Fuzz(func(t *testing.T, method, target, host string, encodedSlash bool) {
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(method + " " + target + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n")))
		if err != nil {
			return
		}
		wd := newGuardedService(Config{AllowEncodedSlash: encodedSlash, Methods: append([]string{"CONNECT", "get"}, defaultMethods...)})
		serve(wd, r)
		if wd.guarded.ran != 0 {
			t.Fatalf("%q %q %q: guarded content was served to nobody", method, target, host)
		}
		if wd.public.ran != 0 && isGuardedPath(wd.public.last) {
			t.Fatalf("%q %q %q: the catch-all was given %q at %q", method, target, host, wd.public.last.URL.Path, wd.public.last.Host)
		}
	})
}

// isGuardedPath reads the request in the most suspicious way: every separator,
// escapes decoded until none is left, no path parameters, every spelling of the
// host.
func isGuardedPath(r *http.Request) bool {
	p := r.URL.Path
	for {
		decoded, err := url.PathUnescape(p)
		if err != nil || decoded == p {
			break
		}
		p = decoded
	}
	segments := strings.Split(strings.ReplaceAll(p, `\`, "/"), "/")
	for i, s := range segments {
		segments[i], _, _ = strings.Cut(s, ";")
	}
	p = path.Clean(strings.Join(segments, "/"))
	host, _, _ := strings.Cut(strings.ToLower(r.Host), ":")
	if strings.TrimRight(host, ".") == "admin.example.com" {
		return true
	}
	rest, inFiles := strings.CutPrefix(p, "/files/")
	return strings.HasPrefix(p+"/", "/admin/") || strings.HasPrefix(p+"/", "/reports/") || inFiles && !strings.Contains(rest, "/")
}
