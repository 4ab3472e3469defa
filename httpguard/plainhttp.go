package httpguard

import (
	"net/http"
	"strings"
)

// Browsers neither keep nor return a Secure cookie over plain HTTP, although
// some do for localhost. The Guard cannot always know the browser's protocol:
// behind a proxy that ends TLS every connection is plain. A login over possibly
// plain HTTP therefore redirects to the login page first, which checks whether
// the cookie came back.

const signedInField = "signed_in"

// maybePlainHTTP reports whether the browser may use plain HTTP, so the
// ticket's cookie may not come back. The Origin that a browser sends with a
// form proves nothing, but a client with a forged Origin deceives only itself.
func (g *Guard) maybePlainHTTP(r *http.Request) bool {
	return !g.cfg.Insecure && r.TLS == nil && !strings.HasPrefix(g.cfg.Site, "https:") &&
		!strings.HasPrefix(r.Header.Get("Origin"), "https:")
}

func (g *Guard) signedInURL(cameFrom string) string {
	return g.loginPageURL(signedInField+"=1", cameFrom)
}

// checkLoginCookie redirects to came_from if the cookie of a login came back,
// and otherwise explains why the login failed.
func (g *Guard) checkLoginCookie(w http.ResponseWriter, r *http.Request, st *requestState) {
	cameFrom, _ := g.returnTarget(r.URL.Query().Get(cameFromField))
	if len(r.CookiesNamed(g.cfg.CookieName)) > 0 {
		g.redirectAfterLogin(w, r, st.token, cameFrom)
		return
	}
	g.logger().Warn("the cookie of a login did not come back: browsers return a Secure cookie over TLS only. "+
		"Serve TLS; behind a proxy that ends TLS, set Config.Site; for development over plain HTTP, set Config.Insecure",
		"host", r.Host, "remote", r.RemoteAddr)
	g.sendLoginPage(w, r, http.StatusBadRequest, LoginPage{CameFrom: cameFrom,
		Error: "You are not signed in, because your browser did not return the login cookie. " +
			"Browsers return the cookie over TLS only: open this site with https:// and not over plain HTTP. " +
			"If you did, allow cookies for this site. (For development over plain HTTP, the program can set Config.Insecure of httpguard.)"})
}
