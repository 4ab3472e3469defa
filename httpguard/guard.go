package httpguard

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"sync/atomic"

	"github.com/rbac-go/rbac"
)

// Guard protects the handlers of a service with the predicates of an
// Authority. It is immutable and safe for concurrent use.
type Guard struct {
	a     *rbac.Authority
	cfg   Config
	waits chan struct{} // holds one value for each request that waits for a revision
	vain  atomic.Uint64 // the revision that was last waited for in vain
}

// New makes a Guard. It panics if a is nil or cfg can never work, such as with
// a login page on another site.
func New(a *rbac.Authority, cfg Config) *Guard {
	if a == nil {
		panic("httpguard: nil Authority")
	}
	return &Guard{a: a, cfg: cfg.complete(), waits: make(chan struct{}, revisionWaits)}
}

// Handler goes outermost around everything that the Guard is to protect. It
//
//   - refuses requests that a router and a handler could read differently, and
//     brings the others into one form (400; see the package doc);
//   - refuses cross-origin requests that could change something (403);
//   - finds out who the request comes from and puts that Identity into its
//     context, for [rbac.FromContext] and the predicates further in;
//   - takes the ticket off the request, so that no handler forwards it (see Config.KeepTicket);
//   - lets a client that has changed something, by another method than GET, HEAD and OPTIONS, or has got a ticket
//     by SetTicket, see it at once, whichever process serves its next request: a cookie and [RevisionHeader] carry the revision;
//   - keeps caches from storing an answer that sets a cookie, whatever the handler says about caching.
//
// The ResponseWriter that handlers get can flush, hijack and push as far as the server's own can.
//
// It denies nothing by itself: what no Require, Authorize or Mux guards is served to everybody.
// Where the identity could not be found out, the context holds a nil Identity,
// for which no predicate is met; guarded routes then answer 401 or 503.
//
// Around a [Mux] it has the method Routes, too, for tests of the whole service.
func (g *Guard) Handler(next http.Handler) http.Handler {
	mustHandler(next)
	serve := g.handler(next)
	if mux, ok := next.(*Mux); ok {
		return guardedMux{serve, mux}
	}
	return serve
}

// guardedMux is Handler around a Mux whose routes can be seen.
type guardedMux struct {
	http.HandlerFunc
	mux *Mux
}

func (h guardedMux) Routes() []Route { return h.mux.Routes() }

func (g *Guard) handler(next http.Handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r, err := g.admit(r)
		if err != nil {
			g.reject(w, r, http.StatusBadRequest, err)
			return
		}
		in := restored(r) // for the guard's own eyes
		st, err := g.begin(in)
		if err != nil {
			g.reject(w, r, http.StatusBadRequest, err)
			return
		}
		if err := g.crossOrigin(in, st); err != nil {
			g.reject(w, r, http.StatusForbidden, err)
			return
		}
		g.awaitRevision(in)
		g.identify(in, st)
		r = g.withhold(r, st, st.carrying(r.Context()))
		aw := &answerWriter{ResponseWriter: w, g: g, carries: changes(r), before: g.a.Revision()}
		next.ServeHTTP(aw, r)
		aw.seal()
	}
}

// Require wraps handlers so that they run only for requests whose Identity
// meets p. Other requests are answered as [Guard.Deny] says. A nil p admits nobody.
//
// Answers are "Cache-Control: no-store" unless the handler sets another. Behind
// Require without [Guard.Handler] of the same Guard before it everything is answered with 500.
//
// The Identity that is judged is the one in the request's context if this Guard's
// Authority made it, or this Guard's Handler found it: so middleware can put a copy
// there ([rbac.Identity.In]). Where another Guard's Handler, or another Authority, has put its own there, the
// one that this Guard's Handler found counts, and takes its place for the wrapped
// handler. An Identity that the program made itself ([rbac.NewIdentity]) counts only if
// Config.Identify returned it; in middleware it is a mistake, answered with 500.
func (g *Guard) Require(p rbac.Predicate) func(http.Handler) http.Handler {
	return g.RequireFunc(func(*http.Request) (rbac.Predicate, error) { return p, nil })
}

// RequireFunc is Require with a predicate that depends on the request:
//
//	Any(HasPermission("post.edit"), IsUserID(post.AuthorID))
//
// An error from rule is answered as [Guard.Deny] says: ErrNotFound with 404,
// ErrUnavailable with 503, an unknown one with 500. So is a panic, but for
// [http.ErrAbortHandler], which goes on. The rule runs before it is known whether the request
// will be allowed; it should only look, and answer ErrNotFound for everybody or nobody.
func (g *Guard) RequireFunc(rule func(*http.Request) (rbac.Predicate, error)) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		mustHandler(next)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !g.allow(w, r, rule) {
				return
			}
			r = g.own(r)
			delete(w.Header(), "Cache-Control")
			keepFromCaches(w.Header())
			next.ServeHTTP(w, r)
		})
	}
}

// Authorize reports whether the request's Identity meets p. When it does not,
// the request has been answered as [Guard.Deny] says, and the caller must
// return without doing anything. It is for handlers, and for the middleware of routers that are not net/http's.
func (g *Guard) Authorize(w http.ResponseWriter, r *http.Request, p rbac.Predicate) bool {
	if !g.allow(w, r, func(*http.Request) (rbac.Predicate, error) { return p, nil }) {
		return false
	}
	keepFromCaches(w.Header())
	return true
}

// keepFromCaches tells that the answer is for this client, and not to be kept, unless it is said how.
func keepFromCaches(h http.Header) {
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "no-store")
	}
	h.Add("Vary", "Cookie, Authorization")
}

// allow decides, and answers when it decides against.
func (g *Guard) allow(w http.ResponseWriter, r *http.Request, rule func(*http.Request) (rbac.Predicate, error)) bool {
	err := g.judge(r, rule)
	if err == nil {
		return true
	}
	g.Deny(w, r, err)
	return false
}

var errNoHandler = errors.New("httpguard: the request did not pass this Guard's Handler")

func (g *Guard) judge(r *http.Request, rule func(*http.Request) (rbac.Predicate, error)) error {
	st := g.state(r)
	if st == nil {
		return errNoHandler
	}
	if st.err != nil {
		return st.err
	}
	id, err := st.identity(r.Context())
	if err != nil {
		return err
	}
	p, err := g.ask(g.own(r), rule)
	if err != nil {
		return err
	}
	return rbac.Check(id, p)
}

// ask runs a rule of the host's; a panic becomes an error, so that it denies
// like one and not by closing the connection.
func (g *Guard) ask(r *http.Request, rule func(*http.Request) (rbac.Predicate, error)) (p rbac.Predicate, err error) {
	defer g.recovered("rule", &err)
	return rule(r)
}

// recovered is deferred around functions of the host's.
func (g *Guard) recovered(what string, err *error) {
	p := recover()
	switch p {
	case nil:
		return
	case http.ErrAbortHandler:
		panic(p)
	}
	*err = fmt.Errorf("httpguard: %s panicked: %v", what, p)
	g.logger().Error("panic", "in", what, "panic", p, "stack", string(debug.Stack()))
}

func (g *Guard) logger() *slog.Logger {
	if g.cfg.Logger != nil {
		return g.cfg.Logger
	}
	return slog.Default()
}

func mustHandler(h http.Handler) {
	if h == nil {
		panic("httpguard: nil handler")
	}
}
