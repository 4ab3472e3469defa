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
func (g *Guard) SetTicket(w http.ResponseWriter, _ *http.Request, t rbac.Token) {
	c := &http.Cookie{
		Name: g.cfg.CookieName, Value: t.Secret(), Path: "/",
		MaxAge: int(g.cfg.CookieMaxAge.Seconds()), Secure: !g.cfg.Insecure,
		HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
	if t.IsZero() {
		c.MaxAge = -1
	}
	// Of two cookies with one name browsers take the last, others perhaps not.
	h := w.Header()
	h["Set-Cookie"] = slices.DeleteFunc(h["Set-Cookie"], func(s string) bool {
		return strings.HasPrefix(s, g.cfg.CookieName+"=")
	})
	http.SetCookie(w, c)
	h.Set("Cache-Control", "no-store") // a cache must not hand it to others
}
