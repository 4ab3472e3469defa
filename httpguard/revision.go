package httpguard

import (
	"context"
	"net/http"
	"time"

	"github.com/rbac-go/rbac"
)

// A browser that has changed something is often sent on to a page that another process serves, which would show
// the change only when it has followed it. So the answer to a request during which something was changed carries
// the revision in a cookie, and a request with the cookie waits until its process has seen that.

const (
	revisionAge  = 10 * time.Second // by then every process has seen it, or answers nothing
	revisionWait = time.Second      // the client may have made it up
)

func (g *Guard) revisionCookie() string { return g.cfg.CookieName + "-revision" }

// awaitRevision waits for what the client has seen, no longer than it could be worth: whoever
// is identified then is so by the rules of the Authority in any case.
func (g *Guard) awaitRevision(r *http.Request) {
	c, err := r.Cookie(g.revisionCookie())
	if err != nil {
		return
	}
	rev, err := rbac.ParseRevision(c.Value)
	if err != nil || rev <= g.a.Revision() {
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), revisionWait)
	defer cancel()
	_, _ = g.a.Identify(rbac.AtLeast(ctx, rev), rbac.Token{})
}

// changes reports whether a request may change something.
func changes(r *http.Request) bool {
	return r.Method != http.MethodGet && r.Method != http.MethodHead && r.Method != http.MethodOptions
}

// revisionWriter adds the cookie to an answer, if something was changed before it is written.
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
	if rev := w.g.a.Revision(); rev > w.before {
		http.SetCookie(w.ResponseWriter, &http.Cookie{Name: w.g.revisionCookie(), Value: rev.String(), Path: "/",
			MaxAge: int(revisionAge.Seconds()), Secure: !w.g.cfg.Insecure, HttpOnly: true, SameSite: http.SameSiteLaxMode})
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
