package httpguard

import (
	"net/http"
	"net/textproto"
	"slices"
	"strings"

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
	c := &http.Cookie{
		Name: g.cfg.CookieName, Value: t.Secret(), Path: g.cfg.cookiePath(),
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

// cookieNamed reads Cookie headers as net/http does: the value of the first cookie with a name, and how many there are. What
// could be no value counts, too: it makes nobody of who sends it, and not somebody else.
func cookieNamed(lines []string, name string) (value string, n int) {
	for _, line := range lines {
		for line != "" {
			var part string
			part, line, _ = strings.Cut(line, ";")
			key, text, _ := strings.Cut(textproto.TrimString(part), "=")
			if textproto.TrimString(key) != name {
				continue
			}
			if n++; n == 1 {
				value = unquoted(text)
			}
		}
	}
	return value, n
}

func unquoted(s string) string {
	if len(s) > 1 && s[0] == '"' && s[len(s)-1] == '"' {
		return s[1 : len(s)-1]
	}
	return s
}
