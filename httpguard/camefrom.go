package httpguard

import (
	"net/http"
	"net/url"
	"strings"
)

const (
	cameFromField = "came_from"
	maxCameFrom   = 4096 // bytes; longer ones are dropped, and the login leads home
)

// cameFrom returns where a login should lead back to: the page itself where it can be
// asked for again, for other methods the page that the request was sent from, "" if there is none.
func (g *Guard) cameFrom(r *http.Request, st *state) string {
	target := ""
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		target = relative(st.url)
	} else if ref, err := url.Parse(r.Referer()); err == nil && ref.Host == r.Host {
		target = relative(ref)
	}
	target, _ = g.returnTarget(target)
	return target
}

func relative(u *url.URL) string {
	if u.RawQuery == "" {
		return u.EscapedPath()
	}
	return u.EscapedPath() + "?" + u.RawQuery
}

// LoginURL returns where a page can send who wants to sign in, or to sign in as someone
// else: the login page, which leads back to the page that r asked for, or that
// r's form was on.
func (g *Guard) LoginURL(r *http.Request) string {
	st := g.state(r)
	if st == nil {
		st = &state{url: r.URL}
	}
	target := g.cameFrom(r, st)
	if target == "" {
		return g.cfg.LoginPath
	}
	return g.cfg.LoginPath + "?" + cameFromField + "=" + url.QueryEscape(target)
}

// returnTarget judges where a login may lead. It reports false for what is not
// a page of this site, and for the login and the logout themselves.
func (g *Guard) returnTarget(s string) (string, bool) {
	target, ok := localTarget(s, g.cfg.paths())
	if !ok {
		return "", false
	}
	u, err := url.Parse(target)
	if err != nil {
		return "", false
	}
	path := strings.TrimSuffix(u.Path, "/")
	if path == strings.TrimSuffix(g.cfg.LoginPath, "/") || path == strings.TrimSuffix(g.cfg.LogoutPath, "/") {
		return "", false
	}
	return target, true
}

// localTarget reads a path with a query, and writes it such that no reader
// finds another site in it. Browsers take a backslash for a slash, drop tabs and newlines, and
// read "//host" as a host: all that fails the checks of the firewall.
func localTarget(s string, allow pathRules) (string, bool) {
	if s == "" || s[0] != '/' || len(s) > maxCameFrom || strings.ContainsFunc(s, func(c rune) bool { return c < ' ' || c == 0x7f }) {
		return "", false
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil {
		return "", false
	}
	u, err = canonicalURL(u, allow)
	if err != nil {
		return "", false
	}
	return relative(u), true
}
