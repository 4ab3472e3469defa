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

// awaitRevision waits for what the client has seen, no longer than it could be worth: whoever
// is identified then is so by the rules of the Authority in any case. It reports false where that did not come.
func (g *Guard) awaitRevision(r *http.Request) bool {
	text := g.shownRevision(r)
	if text == "" {
		return true
	}
	rev, err := rbac.ParseRevision(text)
	if err != nil || rev <= g.a.Revision() {
		return err == nil
	}
	select {
	case g.waits <- struct{}{}:
		defer func() { <-g.waits }()
	default:
		return true
	}
	ctx, cancel := context.WithTimeout(r.Context(), revisionWait)
	defer cancel()
	_, _ = g.a.Identify(rbac.AtLeast(ctx, rev), rbac.Token{})
	return rev <= g.a.Revision()
}

func (g *Guard) shownRevision(r *http.Request) string {
	if values := r.Header[RevisionHeader]; len(values) > 0 {
		return values[0]
	}
	value, _ := cookieNamed(r.Header["Cookie"], g.revisionName)
	return value
}

// carryRevision sends the revision along.
func (g *Guard) carryRevision(h http.Header) {
	rev := g.a.Revision().String()
	h.Set(RevisionHeader, rev)
	g.setRevision(h, rev, int(revisionAge.Seconds()))
}

func (g *Guard) setRevision(h http.Header, text string, maxAge int) {
	setCookie(h, &http.Cookie{Name: g.revisionName, Value: text, Path: g.cfg.cookiePath(),
		MaxAge: maxAge, Secure: !g.cfg.Insecure, HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

// changes reports whether a request may change something.
func changes(r *http.Request) bool {
	return r.Method != http.MethodGet && r.Method != http.MethodHead && r.Method != http.MethodOptions
}

// revisionWriter adds the revision to an answer, if something was changed before it is written.
type revisionWriter struct {
	http.ResponseWriter
	g      *Guard
	before rbac.Revision
	done   bool
}

func (w *revisionWriter) carry() {
	if w.done {
		return
	}
	w.done = true
	if w.g.a.Revision() > w.before {
		w.g.carryRevision(w.Header())
	}
}

func (w *revisionWriter) WriteHeader(status int) {
	if status >= 200 {
		w.carry()
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *revisionWriter) Write(b []byte) (int, error) {
	w.carry()
	return w.ResponseWriter.Write(b)
}

// Flush is what a handler may ask a ResponseWriter for; Unwrap gives the rest to [http.ResponseController].
func (w *revisionWriter) Flush() {
	w.carry()
	_ = http.NewResponseController(w.ResponseWriter).Flush()
}

func (w *revisionWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
