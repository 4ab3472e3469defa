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

// admit refuses requests that two readers could take for different ones, and
// returns the others in one form: what a router matches is what a handler reads, whether it
// looks at URL.Path, URL.RawPath or URL.EscapedPath. On an error it returns r as it is.
func (g *Guard) admit(r *http.Request) (*http.Request, error) {
	if !slices.Contains(g.cfg.Methods, r.Method) {
		return r, errors.New("method not supported")
	}
	host, ok := canonicalHost(r.Host)
	if !ok {
		return r, errors.New("malformed host")
	}
	u, err := canonicalURL(r.URL, g.cfg.paths())
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

// canonicalHost writes a host in lower case, without the dot that may end it,
// and keeps the port. An empty host, which HTTP/1.0 may send, stays empty.
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

func isDigit(r rune) bool { return '0' <= r && r <= '9' }

// isLabelRune is for hosts in lower case.
func isLabelRune(r rune) bool { return 'a' <= r && r <= 'z' || isDigit(r) || r == '-' || r == '_' }

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

var (
	errPath          = errors.New("malformed path")
	errEncodedSlash  = errors.New("encoded slash in the path")
	errSemicolon     = errors.New("semicolon in the path")
	errDoubleEncoded = errors.New("doubly encoded path")
)

// pathRules are what a path may have although readers differ about it.
type pathRules struct{ encodedSlash, semicolon, doubleEncoding bool }

func (c *Config) paths() pathRules {
	return pathRules{c.AllowEncodedSlash, c.AllowSemicolon, c.AllowDoubleEncoding}
}

// canonicalURL returns u itself where it is in canonical form.
func canonicalURL(u *url.URL, allow pathRules) (*url.URL, error) {
	if u.Opaque != "" || u.Scheme != "" && u.Scheme != "http" && u.Scheme != "https" {
		return nil, errors.New("malformed request target")
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
		raw = canonicalRaw(u.RawPath)
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

// canonicalRaw writes a path with the one escape that makes a difference, the
// encoded slash. Without it there is nothing that the decoded path would not tell.
func canonicalRaw(raw string) string {
	if !strings.Contains(raw, "%2F") && !strings.Contains(raw, "%2f") {
		return ""
	}
	segments := strings.Split(raw, "/")
	for i, s := range segments {
		s, _ = url.PathUnescape(s) // PathUnescape of the whole succeeded
		segments[i] = url.PathEscape(s)
	}
	return strings.Join(segments, "/")
}

// checkPath judges a path decoded once. Servers behind the guard may decode it
// once more, drop what follows a semicolon in a segment, read a backslash as a
// slash, or replace malformed UTF-8, and so find another path in it.
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

// isEscape reports whether s is what follows the percent sign of an escape:
// 2f, or u002f, which some servers read too.
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

// checkSegments refuses segments that some server drops, or takes for the way up,
// after dropping what follows a semicolon. The last one may be empty.
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

// reject answers a request that did not get past Handler.
func (g *Guard) reject(w http.ResponseWriter, r *http.Request, status int, err error) {
	g.logger().Info("request refused", "status", status, "reason", err.Error(), "method", r.Method, "remote", r.RemoteAddr)
	g.answer(w, r, answer{Status: status, Detail: "The request was refused: " + err.Error() + "."})
}
