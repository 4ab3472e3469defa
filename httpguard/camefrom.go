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
		target = g.cfg.published(relative(st.url))
	} else if ref, err := url.Parse(r.Referer()); err == nil && g.isOwnHost(r, ref) {
		target = relative(ref)
	}
	target, _ = g.returnTarget(target)
	return target
}

// isOwnHost reports whether a page is one of this site, whose Host a proxy may have changed.
func (g *Guard) isOwnHost(r *http.Request, page *url.URL) bool {
	return page.Host == r.Host || g.cfg.Site != "" && page.Scheme+"://"+page.Host == g.cfg.Site
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
	login, target := g.cfg.published(g.cfg.LoginPath), g.cameFrom(r, st)
	if target == "" {
		return login
	}
	return login + "?" + cameFromField + "=" + url.QueryEscape(target)
}

// CameFrom returns where a login page of the host's own may lead the user after
// the login: the value of came_from, in the form that r is or in its query, if
// that is a page of this service. It reports false, with an empty path, if there
// is none, and for what leads to another site, out of Config.BasePath, or to the
// login or logout.
//
// Never redirect to the value itself: anybody can send a user a link with
// another site in it. The path begins with a single slash, and includes BasePath.
func (g *Guard) CameFrom(r *http.Request) (path string, ok bool) {
	if r.PostForm == nil && r.Method == http.MethodPost {
		_ = r.ParseForm() // a malformed form has no came_from
	}
	from := r.URL.Query().Get(cameFromField)
	if r.PostForm.Has(cameFromField) {
		from = r.PostForm.Get(cameFromField)
	}
	return g.returnTarget(from)
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
	path, ours := strings.CutPrefix(u.Path, g.cfg.BasePath)
	if !ours || g.cfg.BasePath != "" && path != "" && path[0] != '/' {
		return "", false
	}
	path = strings.TrimSuffix(path, "/")
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
