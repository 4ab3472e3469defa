package httpguard

import (
	"errors"
	"net/http"

	"github.com/rbac-go/rbac"
)

// LogoutHandler ends the ticket that the request came with, deletes its cookie
// and leads home (303), or answers 204 to clients that are no browsers. It listens to POST only, so that no link or
// image logs anybody out, and belongs behind [Guard.Handler], at Config.LogoutPath.
//
// The cookie is deleted only if this request has ended its ticket: otherwise the browser may
// hold the ticket of another login by now. Where the store cannot be reached, the
// answer is 503 and says that the user is still signed in.
func (g *Guard) LogoutHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		st := g.state(r)
		switch {
		case st == nil:
			g.Deny(w, r, errNoHandler)
		case r.Method != http.MethodPost:
			g.wrongMethod(w, r, "POST")
		default:
			g.postLogout(w, r, st)
		}
	})
}

func (g *Guard) postLogout(w http.ResponseWriter, r *http.Request, st *state) {
	w.Header().Set("Cache-Control", "no-store")
	ended, err := g.endTickets(r, st)
	if err != nil {
		g.logDenial(r, http.StatusServiceUnavailable, err)
		setRetryAfter(w.Header(), err)
		g.answer(w, r, answer{Status: http.StatusServiceUnavailable,
			Detail: "You could not be signed out, and are still signed in. Please try again shortly."})
		return
	}
	if ended && !st.bearer {
		g.SetTicket(w, r, rbac.Token{})
	}
	if isBrowser(r) {
		redirect(w, r, g.home(""))
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// endTickets ends the tickets that the request came with, of which there is most often
// one, and reports whether there was any to end.
func (g *Guard) endTickets(r *http.Request, st *state) (ended bool, err error) {
	for _, t := range append(st.rivals, st.token) {
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
