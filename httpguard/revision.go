package httpguard

import (
	"context"
	"net/http"
	"time"

	"github.com/rbac-go/rbac"
)

// A client that has changed something often sends its next request to another
// process, which may not have followed the change yet. The response to a
// request during which something changed therefore carries the revision. A
// later request with the revision waits until its process has reached it.
//
// Only requests of known users get a revision, or wait for one. An anonymous
// client could otherwise watch the changes of others: a request to ForgotHandler
// changes something only if there is such an account.

// RevisionHeader is the header that carries a revision, for programs; browsers
// have a cookie. A response to a request of a user that may have changed
// something has the header. A client sends the value with its next request, or
// as metadata of the next [Guard.Call]. The change is then visible, whichever
// process responds (see [rbac.AtLeast]).
const RevisionHeader = "Rbac-Revision"

const (
	// revisionAge is the lifetime of the cookie. After 10 s every process has
	// followed the change or answers nothing, unless MaxStaleness is longer.
	revisionAge = 10 * time.Second
	// A client may send a forged revision. A wait is therefore short, and few
	// requests may wait at once; all others are served without waiting.
	maxRevisionWait    = time.Second
	maxRevisionWaiters = 256
)

func (g *Guard) revisionCookie() string { return g.cfg.CookieName + "-revision" }

// awaitRevision waits until the Authority has reached a revision, for at most
// maxRevisionWait. With or without the wait, the Authority's own rules decide who
// is identified.
//
// A revision that does not come may be forged, or may belong to another service
// on the same host. The cookie is left alone and expires; until then no request
// waits for that revision again.
func (g *Guard) awaitRevision(r *http.Request, rev rbac.Revision) {
	if rev <= g.a.Revision() || uint64(rev) == g.unseenRevision.Load() {
		return
	}
	select {
	case g.revisionWaiters <- struct{}{}:
		defer func() { <-g.revisionWaiters }()
	default:
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), maxRevisionWait)
	defer cancel()
	_, _ = g.a.Identify(rbac.AtLeast(ctx, rev), rbac.Token{})
	if rev > g.a.Revision() && r.Context().Err() == nil {
		g.unseenRevision.Store(uint64(rev))
	}
}

// requestRevision returns the revision in the request's header, or else the
// latest in its cookies. Without a valid revision the result is zero.
func (g *Guard) requestRevision(r *http.Request) (latest rbac.Revision) {
	if values := r.Header[RevisionHeader]; len(values) > 0 {
		return revisionOrZero(values[0])
	}
	for _, c := range r.CookiesNamed(g.revisionCookie()) {
		latest = max(latest, revisionOrZero(c.Value))
	}
	return latest
}

func revisionOrZero(text string) rbac.Revision {
	if text == "" {
		return 0
	}
	rev, err := rbac.ParseRevision(text)
	if err != nil {
		return 0
	}
	return rev
}

// sendRevision adds the current revision to a response.
func (g *Guard) sendRevision(h http.Header) {
	rev := g.a.Revision().String()
	h.Set(RevisionHeader, rev)
	g.setCookie(h, g.revisionCookie(), rev, revisionAge)
}

// mayChange reports whether a request may change something, by its method.
func mayChange(r *http.Request) bool {
	return r.Method != http.MethodGet && r.Method != http.MethodHead && r.Method != http.MethodOptions
}
