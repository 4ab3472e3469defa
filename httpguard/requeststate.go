package httpguard

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"sync/atomic"

	"github.com/google/uuid"
	"github.com/rbac-go/rbac"
)

// requestState is the result of Handler for a request, for everything further
// in. The context of the request carries the state.
type requestState struct {
	outer      *requestState // of a Handler further out; nil: none
	g          *Guard
	url        *url.URL       // before http.StripPrefix; empty if longer than maxURL
	addr       netip.Addr     // of the client; zero: unknown
	counted    netip.Addr     // by which failed logins are counted; see clientAddr
	credential string         // the text after Authorization: Bearer
	bearer     bool           // the credential decides, and never the cookie
	token      rbac.Token     // of the request's live ticket
	ambiguous  []rbac.Token   // of several live tickets, which count as none
	id         *rbac.Identity // nil if unknown
	use        func()         // counts as a use of the ticket; nil: without ticket
	passive    atomic.Bool    // set by Passive: no use is counted
	signedIn   bool           // by the response
	err        error          // the reason why the client could not be identified; denies every request
}

// stateKey is the context key of the innermost requestState.
type stateKey struct{}

// newContext returns ctx with the state and its Identity.
func (st *requestState) newContext(ctx context.Context) context.Context {
	st.outer, _ = ctx.Value(stateKey{}).(*requestState)
	return rbac.NewContext(context.WithValue(ctx, stateKey{}, st), st.id)
}

// known reports whether the request is the request of a user, or signs a user
// in.
func (st *requestState) known() bool {
	return st.signedIn || st.err == nil && st.id != nil && !st.id.IsAnonymous()
}

// signedIn notes that the response signs a user in.
func (g *Guard) signedIn(r *http.Request) {
	if st := g.state(r); st != nil {
		st.signedIn = true
	}
}

// state returns the state of this Guard's Handler, or nil if r has not passed
// it. The states of other Guards prove nothing to this Guard.
func (g *Guard) state(r *http.Request) *requestState {
	st, _ := r.Context().Value(stateKey{}).(*requestState)
	for st != nil && st.g != g {
		st = st.outer
	}
	return st
}

// Token returns the token of the request's ticket, from its cookie or its
// Authorization: Bearer. The result is the zero Token without a ticket, for a
// ticket that has ended, and for a request that has not passed [Guard.Handler].
func (g *Guard) Token(r *http.Request) rbac.Token {
	if st := g.state(r); st != nil {
		return st.token
	}
	return rbac.Token{}
}

func (g *Guard) hasBearer(r *http.Request) bool {
	st := g.state(r)
	return st != nil && st.bearer
}

// maxURL bounds the URL that a requestState keeps, in bytes. Events keep the
// context of their request while they wait, and strangers choose the URL.
const maxURL = 4096

// boundedURL returns u, or an empty URL in place of a longer one: no login leads
// back there.
func boundedURL(u *url.URL) *url.URL {
	if len(u.Path)+len(u.RawPath)+len(u.RawQuery)+len(u.Fragment) > maxURL {
		return &url.URL{}
	}
	return u
}

// originalURL returns the URL with which r reached Handler, or an empty URL.
func (g *Guard) originalURL(r *http.Request) *url.URL {
	if st := g.state(r); st != nil {
		return st.url
	}
	return r.URL
}

var errProgramIdentity = errors.New("httpguard: the context holds an Identity that the program made: return the Identity from Config.Identify")

// judgedIdentity returns the Identity by which the Guard judges a request with
// this context; see [Guard.Require].
func (st *requestState) judgedIdentity(ctx context.Context) (*rbac.Identity, error) {
	id := rbac.FromContext(ctx)
	if id == st.id || id.BelongsTo(st.g.a) {
		return id, nil
	}
	inner, _ := ctx.Value(stateKey{}).(*requestState)
	if inner != nil && inner.g != st.g && inner.id == id {
		return st.id, nil // id comes from another Guard's Handler, and may be nil
	}
	switch {
	case id.ID() != uuid.Nil: // made by another Authority: no other Identity has an ID
		return st.id, nil
	case isDetermined(id):
		return nil, errProgramIdentity
	}
	return nil, nil
}

// withOwnIdentity returns r with the Identity by which this Guard judges r in
// its context.
func (g *Guard) withOwnIdentity(r *http.Request) *http.Request {
	st := g.state(r)
	if st == nil {
		return r
	}
	if id, _ := st.judgedIdentity(r.Context()); id != rbac.FromContext(r.Context()) {
		return r.WithContext(rbac.NewContext(r.Context(), id))
	}
	return r
}
