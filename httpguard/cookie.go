package httpguard

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/rbac-go/rbac"
)

// SetTicket gives the browser a ticket; the zero Token deletes its cookie. It must be
// called before the answer is written. The cookie cannot be read by scripts,
// travels over TLS only (unless Config.Insecure), and belongs to this very host.
//
// Delete the cookie only in the answer to a request whose ticket you have just ended, as
// [Guard.LogoutHandler] does. A cookie is deleted by its name: by the time the answer
// arrives, the browser may hold another ticket, of a login made meanwhile.
//
// Handler keeps caches from storing the answer. An answer that has not passed it is
// "Cache-Control: no-store" unless the header is set again later.
func (g *Guard) SetTicket(w http.ResponseWriter, r *http.Request, t rbac.Token) {
	maxAge := g.cfg.CookieMaxAge
	if t.IsZero() {
		maxAge = -time.Second
	}
	g.setCookie(w.Header(), g.cfg.CookieName, t.Secret(), maxAge)
	w.Header().Set("Cache-Control", "no-store") // a cache must not hand it to others
	if !t.IsZero() && r != nil && !changes(r) {
		// Who comes back from a login elsewhere, with a GET, may just have been added or assigned.
		g.carryRevision(w.Header())
	}
}

// setCookie sets a cookie in place of one with the same name: of two browsers take the last, others perhaps not.
// A negative age deletes it.
func (g *Guard) setCookie(h http.Header, name, value string, maxAge time.Duration) {
	h["Set-Cookie"] = slices.DeleteFunc(h["Set-Cookie"], func(s string) bool {
		return strings.HasPrefix(s, name+"=")
	})
	c := &http.Cookie{Name: name, Value: value, Path: g.cfg.cookiePath(), MaxAge: int(maxAge.Seconds()),
		Secure: !g.cfg.Insecure, HttpOnly: true, SameSite: http.SameSiteLaxMode}
	h.Add("Set-Cookie", c.String())
}
