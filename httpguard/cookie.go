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
// The cookie ends with the browser session, or after Config.CookieMaxAge. With
// Config.Remember, the cookie of a remembered ticket lasts as long as the
// ticket can.
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
	switch {
	case t.IsZero():
		maxAge = -time.Second
	case g.cfg.Remember && r != nil:
		maxAge = g.rememberedAge(r, t, maxAge)
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

// rememberedAge returns how long a remembered ticket can last, and otherwise
// the given age: for other tickets, and for a ticket that cannot be read.
func (g *Guard) rememberedAge(r *http.Request, t rbac.Token, otherwise time.Duration) time.Duration {
	ticket, err := g.a.Ticket(r.Context(), t)
	if err != nil || !ticket.Remembered {
		return otherwise
	}
	return ticket.Expires.Sub(ticket.LastSeen) // by the clock of the Authority: a new ticket was just seen
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
