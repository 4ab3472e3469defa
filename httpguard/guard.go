package httpguard

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/rbac-go/rbac"
)

// Guard protects the handlers of a service with the predicates of an Authority.
// A Guard is immutable and safe for concurrent use.
type Guard struct {
	a   *rbac.Authority
	cfg Config

	revisionWaiters chan struct{}             // one value for each request that waits for a revision
	unseenRevision  atomic.Uint64             // the last revision for which a wait timed out
	sendsLinks      atomic.Bool               // there is a ForgotHandler
	warnedNoAddr    atomic.Pointer[time.Time] // when warnNoAddr logged last
}

// New returns a Guard. New panics if a is nil, or if cfg can never work, for
// example with a login page on another site.
func New(a *rbac.Authority, cfg Config) *Guard {
	if a == nil {
		panic("httpguard: nil Authority")
	}
	return &Guard{a: a, cfg: cfg.withDefaults(), revisionWaiters: make(chan struct{}, maxRevisionWaiters)}
}

// Handler goes outermost around everything that the Guard protects. Handler
//
//   - refuses requests that a router and a handler could read differently, and
//     brings all others into canonical form (400; see the package doc);
//   - refuses cross-origin requests that could change something (403);
//   - identifies the client, and puts the Identity into the context, for
//     [rbac.FromContext] and the predicates further in; when the response
//     begins, the request counts as a use of its ticket (see [Guard.Passive]);
//   - removes the ticket from the request, so no handler forwards the ticket
//     (see Config.KeepTicket);
//   - lets a client see its own changes at once, whichever process serves the
//     next request: after a change by another method than GET, HEAD and
//     OPTIONS, and after SetTicket, a cookie and [RevisionHeader] carry the
//     revision;
//   - keeps caches from storing a response that sets a cookie, whatever
//     Cache-Control the handler sets.
//
// The ResponseWriter that handlers get can flush, hijack and push as far as the
// server's own ResponseWriter can.
//
// Handler denies nothing by itself: anything that no Require, Authorize or Mux
// guards is served to everyone. If the client could not be identified, the
// context holds a nil Identity, which satisfies no predicate; guarded routes
// then respond with 401 or 503.
//
// If next is a [Mux], the result also has the method Routes, for tests of the
// whole service.
func (g *Guard) Handler(next http.Handler) http.Handler {
	mustHandler(next)
	serve := g.handler(next)
	if mux, ok := next.(*Mux); ok {
		return guardedMux{serve, mux}
	}
	return serve
}

// guardedMux is Handler around a Mux, with the routes of the Mux.
type guardedMux struct {
	http.HandlerFunc
	mux *Mux
}

func (h guardedMux) Routes() []Route { return h.mux.Routes() }

func (g *Guard) handler(next http.Handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r, err := g.canonicalRequest(r)
		if err != nil {
			g.refuseRequest(w, r, http.StatusBadRequest, err)
			return
		}
		full := restored(r) // with the ticket, for the Guard alone
		st, err := g.newState(full)
		if err != nil {
			g.refuseRequest(w, r, http.StatusBadRequest, err)
			return
		}
		if err := g.checkOrigin(full, st); err != nil {
			g.refuseRequest(w, r, http.StatusForbidden, err)
			return
		}
		g.identifyLatest(full, st)
		defer st.countUse() // at the latest, and after a panic, too
		r = g.withhold(r, st, st.newContext(r.Context()))
		rw := &responseWriter{ResponseWriter: w, g: g, mayChange: mayChange(r), st: st, before: g.a.Revision()}
		next.ServeHTTP(rw, r)
		rw.finishHeader()
	}
}

// Require returns middleware that runs a handler only for requests whose
// Identity satisfies p. Other requests get the response of [Guard.Deny]. A nil
// p allows nobody.
//
// Responses are "Cache-Control: no-store" unless the handler sets another
// value. Require responds with 500 to every request that has not passed the
// [Guard.Handler] of the same Guard.
//
// Require judges the Identity in the request's context if this Guard's
// Authority made the Identity, or if this Guard's Handler put the Identity
// there: middleware may substitute a copy ([rbac.Identity.In]). Behind the
// Handler of another Guard, or with an Identity of another Authority in the
// context, the Identity found by this Guard's Handler counts, and the wrapped
// handler gets it. An Identity made by the program ([rbac.NewIdentity]) counts
// only if Config.Identify returned it. In middleware such an Identity is a
// mistake, answered with 500.
func (g *Guard) Require(p rbac.Predicate) func(http.Handler) http.Handler {
	return g.RequireFunc(func(*http.Request) (rbac.Predicate, error) { return p, nil })
}

// RequireFunc is Require with a predicate that depends on the request:
//
//	Any(HasPermission("post.edit"), IsUserID(post.AuthorID))
//
// An error from rule gets the response of [Guard.Deny]: 404 for ErrNotFound,
// 503 for ErrUnavailable, 500 for an unknown error. A panic is answered with
// 500, except for [http.ErrAbortHandler], which propagates. The rule runs
// before the decision: a rule should only read, and return ErrNotFound for
// everyone or for nobody.
func (g *Guard) RequireFunc(rule func(*http.Request) (rbac.Predicate, error)) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		mustHandler(next)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !g.allow(w, r, rule) {
				return
			}
			r = g.withOwnIdentity(r)
			delete(w.Header(), "Cache-Control")
			preventCaching(w.Header())
			next.ServeHTTP(w, r)
		})
	}
}

// Authorize reports whether the request's Identity satisfies p. On false,
// Authorize has already sent the response of [Guard.Deny], and the caller must
// return without doing anything. Authorize is for handlers, and for the
// middleware of routers outside net/http.
func (g *Guard) Authorize(w http.ResponseWriter, r *http.Request, p rbac.Predicate) bool {
	if !g.allow(w, r, func(*http.Request) (rbac.Predicate, error) { return p, nil }) {
		return false
	}
	preventCaching(w.Header())
	return true
}

// preventCaching marks a response as private to the client: no cache stores the
// response unless the handler has set another Cache-Control.
func preventCaching(h http.Header) {
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "no-store")
	}
	h.Add("Vary", "Cookie, Authorization")
}

// allow judges a request, and sends the response of a denial.
func (g *Guard) allow(w http.ResponseWriter, r *http.Request, rule func(*http.Request) (rbac.Predicate, error)) bool {
	err := g.judge(r, rule)
	if err == nil {
		return true
	}
	g.Deny(w, r, err)
	return false
}

var errNoHandler = errors.New("httpguard: the request did not pass this Guard's Handler: wrap the router in Guard.Handler")

func (g *Guard) judge(r *http.Request, rule func(*http.Request) (rbac.Predicate, error)) error {
	st := g.state(r)
	if st == nil {
		return errNoHandler
	}
	if st.err != nil {
		return st.err
	}
	id, err := st.judgedIdentity(r.Context())
	if err != nil {
		return err
	}
	p, err := g.callRule(g.withOwnIdentity(r), rule)
	if err != nil {
		return err
	}
	return rbac.Check(id, p)
}

// callRule calls a rule of the host. A panic becomes an error: the Guard denies
// the request, rather than closing the connection.
func (g *Guard) callRule(r *http.Request, rule func(*http.Request) (rbac.Predicate, error)) (p rbac.Predicate, err error) {
	defer g.recoverPanic("rule", &err)
	return rule(r)
}

// recoverPanic turns a panic in a function of the host into an error. Defer
// recoverPanic directly.
func (g *Guard) recoverPanic(function string, err *error) {
	p := recover()
	switch p {
	case nil:
		return
	case http.ErrAbortHandler:
		panic(p)
	}
	*err = fmt.Errorf("httpguard: %s panicked: %v", function, p)
	g.logger().Error("panic", "in", function, "panic", p, "stack", string(debug.Stack()))
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
