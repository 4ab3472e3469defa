package httpguard

import (
	"net/http"
	"net/url"
	"strings"
)

// A browser neither keeps nor returns a Secure cookie over plain HTTP, except
// that some do for localhost. The guard cannot always know how the browser came:
// behind a proxy that terminates TLS the connection is plain in any case. So a
// login that may have come over plain HTTP leads to its target by way of the
// login page, where the cookie is back or is not.

const signedInField = "signed_in"

// maybePlain reports whether the browser may have come over plain HTTP, so that
// the ticket's cookie may not come back. The Origin that a browser sends with a
// form is not proof, but a client that makes up an Origin deceives only itself.
func (g *Guard) maybePlain(r *http.Request) bool {
	return !g.cfg.Insecure && r.TLS == nil && !strings.HasPrefix(g.cfg.Site, "https:") &&
		!strings.HasPrefix(r.Header.Get("Origin"), "https:")
}

func (g *Guard) signedInURL(cameFrom string) string {
	u := g.cfg.published(g.cfg.LoginPath) + "?" + signedInField + "=1"
	if cameFrom != "" {
		u += "&" + cameFromField + "=" + url.QueryEscape(cameFrom)
	}
	return u
}

// signedIn leads on from a login whose cookie came back, and explains one whose cookie did not.
func (g *Guard) signedIn(w http.ResponseWriter, r *http.Request, st *state) {
	cameFrom, _ := g.returnTarget(r.URL.Query().Get(cameFromField))
	if len(r.CookiesNamed(g.cfg.CookieName)) > 0 {
		g.leadOn(w, r, st.token, cameFrom)
		return
	}
	g.logger().Warn("the cookie of a login did not come back: browsers return a Secure cookie over TLS only. "+
		"Serve TLS; behind a proxy that terminates TLS, set Config.Site; for development over plain HTTP, set Config.Insecure",
		"host", r.Host, "remote", r.RemoteAddr)
	g.loginPage(w, r, http.StatusBadRequest, LoginPage{CameFrom: cameFrom, Error: "You are not signed in: the browser did not send the cookie of the login back. " +
		"Browsers do so only over TLS: open this site with https:// and not over plain HTTP. " +
		"If you did, allow cookies for this site. (For development over plain HTTP, the program can set Config.Insecure of httpguard.)"})
}
