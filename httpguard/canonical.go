package httpguard

import (
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// canonicalRequest refuses requests that two readers could understand
// differently, and returns all others in canonical form: routers and handlers
// find the same path in URL.Path, URL.RawPath and URL.EscapedPath. On an error
// the result is r itself.
func (g *Guard) canonicalRequest(r *http.Request) (*http.Request, error) {
	if !slices.Contains(g.cfg.Methods, r.Method) {
		return r, errors.New("the method is not supported")
	}
	host, ok := canonicalHost(r.Host)
	if !ok {
		return r, errors.New("the host is malformed")
	}
	u, err := canonicalURL(r.URL, g.cfg.pathRules())
	if err != nil {
		return r, err
	}
	if host == r.Host && u == r.URL {
		return r, nil
	}
	if u.Host != "" && u.Host != host {
		u = &url.URL{Scheme: u.Scheme, User: u.User, Host: host, Path: u.Path, RawPath: u.RawPath, RawQuery: u.RawQuery, ForceQuery: u.ForceQuery}
	}
	r = r.WithContext(r.Context())
	r.Host, r.URL = host, u
	return r, nil
}

// refuseRequest answers a request that Handler refuses.
func (g *Guard) refuseRequest(w http.ResponseWriter, r *http.Request, status int, err error) {
	g.logger().Info("request refused", "status", status, "reason", err.Error(), "method", r.Method, "remote", r.RemoteAddr)
	advice := "Check the address and try again."
	if status == http.StatusForbidden {
		advice = "Open this site and try again from there."
	}
	g.respond(w, r, response{Status: status, Detail: "The request was refused: " + err.Error() + ". " + advice})
}

// canonicalHost returns a host in lower case without a final dot, and keeps the
// port. An empty host, which HTTP/1.0 allows, stays empty.
func canonicalHost(h string) (string, bool) {
	if h == "" {
		return "", true
	}
	host, port := h, ""
	if i := strings.LastIndexByte(h, ':'); i >= 0 && !strings.HasSuffix(h, "]") {
		host, port = h[:i], h[i+1:]
	}
	if strings.TrimLeftFunc(port, isDigit) != "" {
		return "", false
	}
	host, ok := canonicalName(host)
	if !ok {
		return "", false
	}
	if port != "" {
		host += ":" + port
	}
	return host, true
}

func canonicalName(host string) (string, bool) {
	if inner, ok := strings.CutPrefix(host, "["); ok {
		addr, err := netip.ParseAddr(strings.TrimSuffix(inner, "]"))
		return "[" + addr.String() + "]", err == nil && strings.HasSuffix(host, "]") && addr.Is6() && addr.Zone() == ""
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || strings.TrimLeftFunc(label, isLabelRune) != "" {
			return "", false
		}
	}
	return host, true
}

func isDigit(r rune) bool { return '0' <= r && r <= '9' }

// isLabelRune reports whether r may be in a label of a host in lower case.
func isLabelRune(r rune) bool { return 'a' <= r && r <= 'z' || isDigit(r) || r == '-' || r == '_' }

var (
	errPath          = errors.New("the path is malformed")
	errEncodedSlash  = errors.New("the path contains an encoded slash")
	errSemicolon     = errors.New("the path contains a semicolon")
	errDoubleEncoded = errors.New("the path is encoded twice")
)

// pathRules allows parts of a path that readers understand differently.
type pathRules struct{ encodedSlash, semicolon, doubleEncoding bool }

func (c *Config) pathRules() pathRules {
	return pathRules{c.AllowEncodedSlash, c.AllowSemicolon, c.AllowDoubleEncoding}
}

// canonicalURL returns u itself if u is in canonical form.
func canonicalURL(u *url.URL, allow pathRules) (*url.URL, error) {
	if u.Opaque != "" || u.Scheme != "" && u.Scheme != "http" && u.Scheme != "https" {
		return nil, errors.New("the request target is malformed")
	}
	path, raw := u.Path, ""
	if path == "" {
		path = "/" // the same page (RFC 9110 §4.2.3)
	}
	if err := checkPath(path, allow); err != nil {
		return nil, err
	}
	if u.RawPath != "" {
		if p, err := url.PathUnescape(u.RawPath); err != nil || p != u.Path {
			return nil, errPath
		}
		raw = canonicalRawPath(u.RawPath)
		if raw != "" && !allow.encodedSlash {
			return nil, errEncodedSlash
		}
	}
	if path == u.Path && raw == u.RawPath {
		return u, nil
	}
	c := *u
	c.Path, c.RawPath = path, raw
	return &c, nil
}

// canonicalRawPath returns a path whose only escape with a meaning is the
// encoded slash. Without an encoded slash, the decoded path is enough, and the
// result is empty.
func canonicalRawPath(raw string) string {
	if !strings.Contains(raw, "%2F") && !strings.Contains(raw, "%2f") {
		return ""
	}
	segments := strings.Split(raw, "/")
	for i, s := range segments {
		s, _ = url.PathUnescape(s) // the caller has unescaped all of raw
		segments[i] = url.PathEscape(s)
	}
	return strings.Join(segments, "/")
}

// checkPath checks a path that was decoded once. Servers behind the Guard may
// decode the path again, drop everything after a semicolon in a segment, read a
// backslash as a slash, or replace malformed UTF-8, and so find another path.
func checkPath(path string, allow pathRules) error {
	if path == "" || path[0] != '/' {
		return errPath
	}
	ascii := true
	for i := range len(path) {
		switch c := path[i]; {
		case c < ' ', c == 0x7f, c == '\\':
			return errPath
		case c == ';' && !allow.semicolon:
			return errSemicolon
		case c == '%' && !allow.doubleEncoding && isEscape(path[i+1:]):
			return errDoubleEncoded
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	if !ascii && !utf8.ValidString(path) { // some decoders read %c0%af as a slash
		return errPath
	}
	return checkSegments(path[1:])
}

// isEscape reports whether s continues an escape after the percent sign: 2f,
// or u002f, which some servers read, too.
func isEscape(s string) bool {
	length := 2
	if s != "" && (s[0] == 'u' || s[0] == 'U') {
		s, length = s[1:], 4
	}
	if len(s) < length {
		return false
	}
	_, err := strconv.ParseUint(s[:length], 16, 16)
	return err == nil
}

// checkSegments refuses segments that a server could drop, or could take for
// the parent folder, after dropping everything from a semicolon on. The last
// segment may be empty.
func checkSegments(rest string) error {
	for rest != "" {
		segment, more, slash := strings.Cut(rest, "/")
		switch name, _, _ := strings.Cut(segment, ";"); name {
		case "", ".", "..":
			return errPath
		}
		if !slash {
			break
		}
		rest = more
	}
	return nil
}
