package httpguard

import (
	"errors"
	"net/http"

	"github.com/rbac-go/rbac"
)

// LogoutHandler ends the request's ticket, deletes the ticket's cookie and
// redirects (303) to Config.Home; programs get 204. LogoutHandler accepts POST
// only, so no link or image logs anybody out. LogoutHandler belongs behind
// [Guard.Handler], at Config.LogoutPath.
//
// The cookie is deleted only if the request has ended its ticket: otherwise the
// browser may already hold the ticket of another login. If the store is
// unreachable, the response is 503, and states that the user is still signed in.
func (g *Guard) LogoutHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		st := g.state(r)
		switch {
		case st == nil:
			g.Deny(w, r, errNoHandler)
		case r.Method != http.MethodPost:
			g.methodNotAllowed(w, r, "POST")
		default:
			g.postLogout(w, r, st)
		}
	})
}

func (g *Guard) postLogout(w http.ResponseWriter, r *http.Request, st *requestState) {
	w.Header().Set("Cache-Control", "no-store")
	ended, err := g.endTickets(r, st)
	if err != nil {
		g.logDenial(r, http.StatusServiceUnavailable, err)
		setRetryAfter(w.Header(), err)
		g.respond(w, r, response{Status: http.StatusServiceUnavailable,
			Detail: "You could not be signed out, and are still signed in. Please try again shortly."})
		return
	}
	if ended && !st.bearer {
		g.SetTicket(w, r, rbac.Token{})
	}
	if isBrowser(r) {
		redirect(w, r, g.targetOrHome(""))
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// endTickets ends every ticket of the request, usually one, and reports whether
// a live ticket was ended.
func (g *Guard) endTickets(r *http.Request, st *requestState) (ended bool, err error) {
	for _, t := range append(st.ambiguous, st.token) {
		if t.IsZero() {
			continue
		}
		err := g.a.Logout(r.Context(), t)
		if err != nil && !errors.Is(err, rbac.ErrNoTicket) {
			return ended, err
		}
		ended = ended || err == nil
	}
	return ended, nil
}
