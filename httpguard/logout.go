package httpguard

import (
	"errors"
	"net/http"

	"github.com/rbac-go/rbac"
)

// LogoutHandler ends the ticket that the request came with, takes the cookie
// away and leads home (303), or answers 204 to who is no browser. It listens to POST only, so that no link or
// image logs anybody out, and belongs behind [Guard.Handler], at Config.LogoutPath.
//
// Where the store cannot be reached it takes the cookie away all the same, for the
// sake of who leaves a shared computer now, and answers 503: the ticket is still there, and ends by its limits.
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
	if !st.bearer {
		g.SetTicket(w, r, rbac.Token{})
	}
	if err := g.endTicket(r, st); err != nil {
		g.logDenial(r, http.StatusServiceUnavailable, err)
		w.Header().Set("Retry-After", retryAfter(err))
		g.answer(w, r, answer{Status: http.StatusServiceUnavailable,
			Detail: "The ticket could not be ended now. It ends by itself when it was not used for some time."})
		return
	}
	if isBrowser(r) {
		redirect(w, r, g.home(""))
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (g *Guard) endTicket(r *http.Request, st *state) error {
	if st.token.IsZero() {
		return nil
	}
	err := g.a.Logout(r.Context(), st.token)
	if errors.Is(err, rbac.ErrNoTicket) {
		return nil
	}
	return err
}
