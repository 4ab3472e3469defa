package httpguard

import (
	"net/http"
	"time"

	"github.com/rbac-go/rbac"
)

// deviceAge is as long as browsers keep a cookie, and as rbac keeps a device.
const deviceAge = 400 * 24 * time.Hour

func (g *Guard) deviceName() string { return g.cfg.CookieName + "-device" }

// device returns what makes a browser known for the user who signed in with it
// last; see [rbac.Login].Device. Of two cookies neither counts: one was planted.
func (g *Guard) device(r *http.Request) string {
	cookies := r.CookiesNamed(g.deviceName())
	if len(cookies) != 1 {
		return ""
	}
	return cookies[0].Value
}

// newDevice makes the client of a new ticket known for its user. The login stands
// in any case.
func (g *Guard) newDevice(r *http.Request, t rbac.Token) string {
	device, err := g.a.NewDevice(r.Context(), t)
	if err != nil {
		g.logger().Warn("rbac: a client could not be made known for its user", "error", err)
	}
	return device
}

// setDevice lets the browser of a new ticket show itself at the next login. The
// cookie outlives the ticket: a logout does not make the browser a stranger.
func (g *Guard) setDevice(w http.ResponseWriter, r *http.Request, t rbac.Token) {
	device := g.newDevice(r, t)
	if device == "" {
		return
	}
	g.setCookie(w.Header(), g.deviceName(), device, deviceAge)
}
