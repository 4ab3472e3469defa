package httpguard

import (
	"net/http"
	"net/url"
	"strings"
)

const (
	cameFromField = "came_from"
	maxCameFrom   = 4096 // bytes; a longer value is dropped
)

// LoginURL returns the address of the login page, for a link to sign in, or to
// sign in as someone else. The login leads back to the page that r requested,
// or to the page with the form that r sent.
func (g *Guard) LoginURL(r *http.Request) string {
	return g.loginPageURL("", g.cameFrom(r))
}

// Path returns a path of this service as browsers see the path: below
// Config.BasePath. Path is for links, forms and redirects of the host, such as
// Path("/notes/7"). The result of [Guard.CameFrom] has the prefix already.
func (g *Guard) Path(path string) string { return g.cfg.BasePath + path }

// CameFrom returns the target to which a login page of the host itself may
// redirect the user after the login: the value of came_from in the form of r,
// or else in the query of r. The target begins with a single slash and includes
// Config.BasePath. CameFrom reports false, with an empty path, if the value is
// missing or leads to another site, out of Config.BasePath, or to a page of
// Config that signs users in or out. Pages below the login page count, too: the
// address of a callback such as "/login/done" has a code of the identity
// provider that works only once.
//
// Never redirect to the value itself: anyone can send a user a link with
// another site as came_from.
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

// loginPageURL returns the address of the login page with a query: an optional
// field such as "choose=groups", and the target after the login.
func (g *Guard) loginPageURL(field, cameFrom string) string {
	login, query := g.Path(g.cfg.LoginPath), field
	if cameFrom != "" {
		if query != "" {
			query += "&"
		}
		query += cameFromField + "=" + url.QueryEscape(cameFrom)
	}
	if query == "" {
		return login
	}
	return login + "?" + query
}

// cameFrom returns the target after a login: the requested page itself for GET
// and HEAD, for other methods the page that sent the request, and "" if neither
// is a valid target.
func (g *Guard) cameFrom(r *http.Request) string {
	target := ""
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		target = g.Path(pathAndQuery(g.originalURL(r)))
	} else if ref, err := url.Parse(r.Referer()); err == nil && g.isOwnHost(r, ref) {
		target = pathAndQuery(ref)
	}
	target, _ = g.returnTarget(target)
	return target
}

// isOwnHost reports whether page belongs to this site. A proxy may have changed
// the Host of the request.
func (g *Guard) isOwnHost(r *http.Request, page *url.URL) bool {
	return page.Host == r.Host || g.cfg.Site != "" && page.Scheme+"://"+page.Host == g.cfg.Site
}

// returnTarget returns s in canonical form if a login may lead there: s must be
// a page of this service, other than the login, pages below the login, and the
// logout.
func (g *Guard) returnTarget(s string) (string, bool) {
	target, ok := localTarget(s, g.cfg.pathRules())
	if !ok {
		return "", false
	}
	u, err := url.Parse(target)
	if err != nil {
		return "", false
	}
	path, below := strings.CutPrefix(u.Path, g.cfg.BasePath)
	if !below || g.cfg.BasePath != "" && path != "" && path[0] != '/' {
		return "", false
	}
	path = strings.TrimSuffix(path, "/")
	for _, page := range []string{g.cfg.LoginPath, g.cfg.LogoutPath, g.cfg.PasswordPath, g.cfg.ForgotPath} {
		if path == strings.TrimSuffix(page, "/") {
			return "", false
		}
	}
	login := strings.TrimSuffix(g.cfg.LoginPath, "/")
	if login != "" && strings.HasPrefix(path, login+"/") {
		return "", false
	}
	return target, true
}

// targetOrHome returns a target of returnTarget, or Config.Home without one.
func (g *Guard) targetOrHome(target string) string {
	if target == "" {
		return g.Path(g.cfg.Home)
	}
	return target
}

// localTarget parses a path with a query and returns a spelling in which no
// reader finds another site. Browsers take a backslash for a slash, drop tabs
// and newlines, and read "//host" as a host; the path checks of Handler refuse
// all of these.
func localTarget(s string, allow pathRules) (string, bool) {
	isControl := func(c rune) bool { return c < ' ' || c == 0x7f }
	if s == "" || s[0] != '/' || len(s) > maxCameFrom || strings.ContainsFunc(s, isControl) {
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
	return pathAndQuery(u), true
}

func pathAndQuery(u *url.URL) string {
	if u.RawQuery == "" {
		return u.EscapedPath()
	}
	return u.EscapedPath() + "?" + u.RawQuery
}
