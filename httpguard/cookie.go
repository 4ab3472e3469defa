package httpguard

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/rbac-go/rbac"
)

// SetTicket sets the cookie of a ticket; the zero Token deletes the cookie.
// Call SetTicket before writing the response. Scripts cannot read the cookie.
// The cookie travels over TLS only (unless Config.Insecure) and belongs to this
// host alone.
//
// Delete the cookie only in the response to a request whose ticket you have
// just ended, as [Guard.LogoutHandler] does. Browsers delete a cookie by name:
// when the response arrives, the browser may already hold the ticket of a newer
// login.
//
// Handler keeps caches from storing the response. Outside Handler, the response
// is "Cache-Control: no-store" unless the header is set again later.
func (g *Guard) SetTicket(w http.ResponseWriter, r *http.Request, t rbac.Token) {
	maxAge := g.cfg.CookieMaxAge
	if t.IsZero() {
		maxAge = -time.Second
	}
	g.setCookie(w.Header(), g.cfg.CookieName, t.Secret(), maxAge)
	w.Header().Set("Cache-Control", "no-store") // no cache may share the ticket
	if t.IsZero() || r == nil {
		return
	}
	g.signedIn(r)
	if !mayChange(r) {
		// A user who returns from an identity provider by GET may just have
		// been added or assigned.
		g.sendRevision(w.Header())
	}
}

// setCookie sets a cookie and replaces an earlier one of the same name in the
// response: of two, browsers use the last, and other clients may not. A
// negative age deletes the cookie.
func (g *Guard) setCookie(h http.Header, name, value string, maxAge time.Duration) {
	h["Set-Cookie"] = slices.DeleteFunc(h["Set-Cookie"], func(s string) bool {
		return strings.HasPrefix(s, name+"=")
	})
	c := &http.Cookie{Name: name, Value: value, Path: g.cfg.cookiePath(), MaxAge: int(maxAge.Seconds()),
		Secure: !g.cfg.Insecure, HttpOnly: true, SameSite: http.SameSiteLaxMode}
	h.Add("Set-Cookie", c.String())
}
