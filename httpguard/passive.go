package httpguard

import (
	"net/http"

	"github.com/rbac-go/rbac"
)

// Passive returns middleware through which no request counts as a use of its
// ticket. Passive is for requests that a page makes by itself, such as polling
// for news: an open page would otherwise keep the ticket alive after the user
// has left, and the idle limit would never end the ticket. Passive changes
// nothing else: the client is identified and judged, and an ended ticket is
// answered with 401.
//
//	mux.Handle("GET /news", rbac.NotAnonymous(), guard.Passive(http.HandlerFunc(news)))
//
// Passive works inside [Guard.Handler], which counts a use when the response
// begins, and outside of it. A request that is denied before Passive runs
// counts as a use. Therefore register the result of Passive directly with a
// [Mux], as above: the Mux then does not count denied requests either. Outside
// a Mux, put Passive around Require. A handler has to call Passive before the
// response begins.
//
// [rbac.WithoutUse] applies to the handler and to everything that it calls with
// the context of the request; [rbac.CountAsUse] reverses the effect for calls
// under a derived context.
func (g *Guard) Passive(next http.Handler) http.Handler {
	mustHandler(next)
	return passive{next}
}

// passive is a handler whose requests do not count as uses.
type passive struct{ next http.Handler }

func (p passive) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	st, _ := r.Context().Value(stateKey{}).(*requestState)
	for ; st != nil; st = st.outer {
		st.passive.Store(true)
	}
	p.next.ServeHTTP(w, r.WithContext(rbac.WithoutUse(r.Context())))
}

// passiveGuard is guard, outside of which nothing counts if h is passive.
func passiveGuard(guard func(http.Handler) http.Handler, h http.Handler) func(http.Handler) http.Handler {
	if _, ok := h.(passive); !ok {
		return guard
	}
	return func(h http.Handler) http.Handler { return passive{guard(h)} }
}

// countUse counts the request as a use of its ticket, unless the request has
// passed Passive.
func (st *requestState) countUse() {
	if st.use != nil && !st.passive.Load() {
		st.use()
	}
}
