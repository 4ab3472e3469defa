package httpguard

import (
	"net/http"
	"time"

	"github.com/rbac-go/rbac"
)

// deviceAge is the longest time for which browsers keep a cookie. The Authority
// keeps a device for the same time.
const deviceAge = 400 * 24 * time.Hour

func (g *Guard) deviceCookie() string { return g.cfg.CookieName + "-device" }

// device returns the device that makes a browser known for the user of the last
// login; see [rbac.Login].Device. Two cookies count as none, since one of two
// was planted.
func (g *Guard) device(r *http.Request) string {
	cookies := r.CookiesNamed(g.deviceCookie())
	if len(cookies) != 1 {
		return ""
	}
	return cookies[0].Value
}

// newDevice returns a device that makes the client of a new ticket known for
// the ticket's user. After an error the login stands without a device.
func (g *Guard) newDevice(r *http.Request, t rbac.Token) string {
	device, err := g.a.NewDevice(r.Context(), t)
	if err != nil {
		g.logger().Warn("httpguard: the device of a login was not stored", "error", err)
	}
	return device
}

// setDevice sets the device cookie for the next login. The cookie outlives the
// ticket: after a logout the browser is still known.
func (g *Guard) setDevice(w http.ResponseWriter, r *http.Request, t rbac.Token) {
	if device := g.newDevice(r, t); device != "" {
		g.setCookie(w.Header(), g.deviceCookie(), device, deviceAge)
	}
}
