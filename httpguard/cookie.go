package httpguard

import (
	"net/http"
	"slices"
	"strings"

	"github.com/rbac-go/rbac"
)

// SetTicket gives the browser a ticket; the zero Token takes it away. It must be
// called before the answer is written. The cookie cannot be read by scripts,
// travels over TLS only (unless Config.Insecure), and belongs to this very host.
func (g *Guard) SetTicket(w http.ResponseWriter, r *http.Request, t rbac.Token) {
	c := &http.Cookie{
		Name: g.cfg.CookieName, Value: t.Secret(), Path: "/",
		MaxAge: int(g.cfg.CookieMaxAge.Seconds()), Secure: !g.cfg.Insecure,
		HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
	if t.IsZero() {
		c.MaxAge = -1
	}
	setCookie(w.Header(), c)
	w.Header().Set("Cache-Control", "no-store") // a cache must not hand it to others
	if !t.IsZero() && r != nil && !changes(r) {
		// Who comes back from a login elsewhere, with a GET, may just have been added or assigned.
		g.carryRevision(w.Header())
	}
}

// setCookie sets a cookie in place of one with the same name: of two browsers take the last, others perhaps not.
func setCookie(h http.Header, c *http.Cookie) {
	h["Set-Cookie"] = slices.DeleteFunc(h["Set-Cookie"], func(s string) bool {
		return strings.HasPrefix(s, c.Name+"=")
	})
	h.Add("Set-Cookie", c.String())
}
