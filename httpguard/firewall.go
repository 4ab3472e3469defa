package httpguard

import (
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
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
	u, err := canonicalURL(r.URL, g.cfg.AllowEncodedSlash)
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
	if h == "" || plainHost(h) {
		return h, true
	}
	host, port := h, ""
	if i := strings.LastIndexByte(h, ':'); i >= 0 && !strings.HasSuffix(h, "]") {
		host, port = h[:i], h[i+1:]
	}
	if digits.span(port) < len(port) {
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

// plainHost recognises what is canonical at a glance: lower case labels, and a port if there is a colon.
func plainHost(h string) bool {
	for {
		n := plainName.span(h)
		if n == 0 {
			return false
		}
		if n == len(h) {
			return true
		}
		end := h[n]
		h = h[n+1:]
		switch end {
		case '.':
		case ':':
			return h != "" && digits.span(h) == len(h)
		default:
			return false
		}
	}
}

// plainName are the characters of names that are canonical at a glance.
var plainName = newCharset("0123456789abcdefghijklmnopqrstuvwxyz-_")

var digits = newCharset("0123456789")

func canonicalName(host string) (string, bool) {
	if inner, ok := strings.CutPrefix(host, "["); ok {
		addr, err := netip.ParseAddr(strings.TrimSuffix(inner, "]"))
		return "[" + addr.String() + "]", err == nil && strings.HasSuffix(host, "]") && addr.Is6() && addr.Zone() == ""
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || plainName.span(label) < len(label) {
			return "", false
		}
	}
	return host, true
}

var (
	errPath         = errors.New("malformed path")
	errEncodedSlash = errors.New("encoded slash in the path")
)

// canonicalURL returns u itself where it is in canonical form.
func canonicalURL(u *url.URL, encodedSlash bool) (*url.URL, error) {
	if u.Opaque != "" || u.Scheme != "" && u.Scheme != "http" && u.Scheme != "https" {
		return nil, errors.New("malformed request target")
	}
	path, raw := u.Path, ""
	if path == "" {
		path = "/" // the same page (RFC 9110 §4.2.3)
	}
	if err := checkPath(path); err != nil {
		return nil, err
	}
	if u.RawPath != "" {
		if p, err := url.PathUnescape(u.RawPath); err != nil || p != u.Path {
			return nil, errPath
		}
		raw = canonicalRaw(u.RawPath)
		if raw != "" && !encodedSlash {
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

// checkPath judges a path decoded once. What is still escaped in it (from %252e)
// is text like any other.
func checkPath(path string) error {
	if path == "" || path[0] != '/' {
		return errPath
	}
	for i := range len(path) {
		if c := path[i]; c < ' ' || c == 0x7f || c == '\\' {
			return errPath
		}
	}
	for rest := path[1:]; rest != ""; {
		segment, more, slash := strings.Cut(rest, "/")
		if segment == "" {
			return errPath
		}
		// Some servers drop what follows a semicolon, and find the dots then.
		if name, _, _ := strings.Cut(segment, ";"); name == "." || name == ".." {
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
