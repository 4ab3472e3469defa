package httpguard

import (
	"context"
	"net/http"
	"time"

	"github.com/rbac-go/rbac"
)

// A client that has changed something often asks next what another process answers, which would show
// the change only when it has followed it. So the answer to a request during which something was changed carries
// the revision, and a request that shows it waits until its process has seen that.

// RevisionHeader is the header that carries a revision, for programs; browsers have a cookie. The answer to a request that may
// have changed something has it, and who sends it with the next request, or as metadata of the next
// [Guard.Call], is answered with the change seen, whichever process answers (see [rbac.AtLeast]).
const RevisionHeader = "Rbac-Revision"

const (
	revisionAge   = 10 * time.Second // by then every process has seen it, or answers nothing, unless MaxStaleness is longer
	revisionWait  = time.Second      // the client may have made it up
	revisionWaits = 256              // requests at once, for the same reason; the others are served as they would be without
)

func (g *Guard) revisionName() string { return g.cfg.CookieName + "-revision" }

// awaitRevision waits for what the client has seen, no longer than it could be worth: whoever
// is identified then is so by the rules of the Authority in any case.
//
// A revision that does not come may be made up, or another service's on the same
// host. Its cookie is left alone and ends by itself; until then nobody waits for it again.
func (g *Guard) awaitRevision(r *http.Request) {
	rev := g.shownRevision(r)
	if rev <= g.a.Revision() || uint64(rev) == g.vain.Load() {
		return
	}
	select {
	case g.waits <- struct{}{}:
		defer func() { <-g.waits }()
	default:
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), revisionWait)
	defer cancel()
	_, _ = g.a.Identify(rbac.AtLeast(ctx, rev), rbac.Token{})
	if rev > g.a.Revision() && r.Context().Err() == nil {
		g.vain.Store(uint64(rev))
	}
}

// shownRevision returns the revision that the request shows, zero if it shows none:
// the one in the header, or else the latest in a cookie.
func (g *Guard) shownRevision(r *http.Request) (latest rbac.Revision) {
	if values := r.Header[RevisionHeader]; len(values) > 0 {
		return parsedRevision(values[0])
	}
	for _, c := range r.CookiesNamed(g.revisionName()) {
		latest = max(latest, parsedRevision(c.Value))
	}
	return latest
}

func parsedRevision(text string) rbac.Revision {
	if text == "" {
		return 0
	}
	rev, err := rbac.ParseRevision(text)
	if err != nil {
		return 0
	}
	return rev
}

// carryRevision sends the revision along.
func (g *Guard) carryRevision(h http.Header) {
	rev := g.a.Revision().String()
	h.Set(RevisionHeader, rev)
	g.setCookie(h, g.revisionName(), rev, revisionAge)
}

// changes reports whether a request may change something.
func changes(r *http.Request) bool {
	return r.Method != http.MethodGet && r.Method != http.MethodHead && r.Method != http.MethodOptions
}
