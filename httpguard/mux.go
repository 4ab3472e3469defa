package httpguard

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/rbac-go/rbac"
)

// Mux is an [http.ServeMux] that serves nothing without a rule: every pattern
// comes with a predicate, or is Public because someone wrote so. What no pattern matches is answered
// with 404, as [Guard.Deny] does, for everybody. It belongs behind [Guard.Handler]; without it, it answers 500.
//
// Patterns are those of ServeMux, and the most specific one wins, with one
// difference: a path is found first, and the method second. "GET /admin/" takes the whole subtree away from a
// more general "/", which could otherwise serve a POST below /admin/ without
// its rule; methods that a path was not registered with are answered with 405. Hosts
// are compared without regard to case, port and final dot.
//
// Like ServeMux's, its methods panic on a malformed pattern, on two that
// conflict, and on a nil predicate, rule or handler. It is safe for concurrent use.
type Mux struct {
	g   *Guard
	mux *http.ServeMux

	mu     sync.RWMutex
	paths  map[string]methods // by pattern without method
	routes []Route
	rules  []rbac.Predicate // of the routes, in the same order; nil where the request decides
}

// Route is one line of the table of routes.
type Route struct {
	Pattern string // as it was registered
	Rule    string // the predicate; "public"; or, where it depends on the request, "rule" or what Describe says
}

type route struct {
	pattern string
	public  bool
	guard   func(http.Handler) http.Handler
	handler http.Handler // behind guard
}

// methods are the routes of one path by method; "" is every other one.
type methods map[string]*route

// NewMux makes an empty Mux. It panics under GODEBUG=httpmuxgo121=1, where
// ServeMux takes "/files/{id}" literally and a more general pattern would get what that should guard.
func (g *Guard) NewMux() *Mux {
	probe := http.NewServeMux()
	probe.Handle("/{wildcard}", http.NotFoundHandler())
	if _, pattern := probe.Handler(&http.Request{Method: http.MethodGet, URL: &url.URL{Path: "/x"}}); pattern == "" {
		panic("httpguard: GODEBUG=httpmuxgo121=1 disables patterns")
	}
	m := &Mux{g: g, mux: http.NewServeMux(), paths: map[string]methods{}}
	m.path(root)
	return m
}

// root is the pattern that takes what no other takes. It is there from the beginning,
// so that what nobody registered is answered like everything else that is not found.
const root = "/"

// Handle serves the pattern with h, to whom meets p.
func (m *Mux) Handle(pattern string, p rbac.Predicate, h http.Handler) {
	if p == nil {
		panic(fmt.Sprintf("httpguard: pattern %q: nil predicate", pattern))
	}
	mustHandler(h)
	m.add(pattern, p.String(), p, m.g.Require(p), h)
}

// HandleRule serves the pattern with h, to whom meets the predicate that rule makes for the request; see [Guard.RequireFunc].
func (m *Mux) HandleRule(pattern string, rule func(*http.Request) (rbac.Predicate, error), h http.Handler) {
	if rule == nil {
		panic(fmt.Sprintf("httpguard: pattern %q: nil rule", pattern))
	}
	mustHandler(h)
	m.add(pattern, "rule", nil, m.g.RequireFunc(rule), h)
}

// Describe gives the rule of a pattern, registered with HandleRule, its words in [Mux.Routes].
// It panics if the pattern is not registered.
func (m *Mux) Describe(pattern, rule string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	i := slices.IndexFunc(m.routes, func(r Route) bool { return r.Pattern == pattern })
	if i < 0 {
		panic(fmt.Sprintf("httpguard: pattern %q is not registered", pattern))
	}
	m.routes[i].Rule = rule
}

// Public serves the pattern with h to everybody, also when the store cannot be reached. An
// answer that shows who is logged in should set its own Cache-Control.
func (m *Mux) Public(pattern string, h http.Handler) {
	mustHandler(h)
	m.add(pattern, "public", nil, nil, h)
}

// Routes lists what was registered, in that order.
func (m *Mux) Routes() []Route {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return slices.Clone(m.routes)
}

// Validate returns the faults of all predicates that the patterns were registered with,
// such as groups and permissions that nobody has declared: each would deny whoever comes. Call it at start,
// after [rbac.Authority.Declare]. What HandleRule's rules make is known only when a request is there.
//
// A public pattern that takes requests away from a guarded one without being more specific
// by its path is a fault, too, and ErrInvalid: Public("example.com/") beside
// Handle("/admin/"), since a pattern with a host goes before all without one, and
// Public("/{page}") beside Handle("/admin/"), since it gets /admin. To mend it, give
// the paths of both a pattern of their own: Handle("example.com/admin/"), Handle("/admin").
//
// The error joins one for each fault; see [rbac.Authority.Validate] for what it wraps.
func (m *Mux) Validate() error {
	m.mu.RLock()
	defer m.mu.RUnlock()
	errs := m.outranked()
	for i, p := range m.rules {
		if p == nil {
			continue
		}
		if err := m.g.a.Validate(p); err != nil {
			errs = append(errs, fmt.Errorf("httpguard: pattern %q: %w", m.routes[i].Pattern, err))
		}
	}
	return errors.Join(errs...)
}

// add registers a pattern. A nil guard makes it public.
func (m *Mux) add(pattern, rule string, p rbac.Predicate, guard func(http.Handler) http.Handler, h http.Handler) {
	allow := m.g.cfg.paths()
	allow.doubleEncoding = true // patterns are written with escapes
	method, place, err := splitPattern(pattern, allow)
	if err == nil && method != "" && !slices.Contains(m.g.cfg.Methods, method) {
		err = fmt.Errorf("method %q can never match", method)
	}
	if err != nil {
		panic(fmt.Sprintf("httpguard: pattern %q: %v", pattern, err))
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	ms := m.path(place)
	if old := ms[method]; old != nil {
		panic(fmt.Sprintf("httpguard: pattern %q conflicts with %q", pattern, old.pattern))
	}
	public := guard == nil
	if public {
		guard = func(h http.Handler) http.Handler { return h }
	}
	ms[method] = &route{pattern: pattern, public: public, guard: guard, handler: guard(h)}
	m.routes = append(m.routes, Route{Pattern: pattern, Rule: rule})
	m.rules = append(m.rules, p)
}

// path returns the routes of a path, which is served from now on.
func (m *Mux) path(place string) methods {
	ms := m.paths[place]
	if ms == nil {
		ms = methods{}
		m.mux.Handle(place, methodHandler{m, ms})
		m.paths[place] = ms
	}
	return ms
}

// splitPattern takes the method off, and writes the host as requests have it.
func splitPattern(pattern string, allow pathRules) (method, place string, err error) {
	method, rest, found := strings.Cut(strings.ReplaceAll(pattern, "\t", " "), " ")
	if !found {
		method, rest = "", pattern
	}
	rest = strings.TrimLeft(rest, " ")
	slash := strings.IndexByte(rest, '/')
	if slash < 0 {
		return "", "", fmt.Errorf("no path")
	}
	host, path := rest[:slash], rest[slash:]
	if err := checkPath(path, allow); err != nil {
		return "", "", fmt.Errorf("%w: it can never match", err)
	}
	if host != "" {
		name, ok := canonicalName(host)
		if !ok || strings.HasPrefix(name, "[") {
			return "", "", fmt.Errorf("host %q can never match", host)
		}
		host = name
	}
	return method, host + path, nil
}

// ServeHTTP serves the request with the handler of the most specific pattern, if its rule allows.
func (m *Mux) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case m.g.state(r) == nil:
		m.g.Deny(w, r, errNoHandler)
	case r.Method == http.MethodConnect:
		// ServeMux compares the host of these with its port.
		m.g.wrongMethod(w, r, strings.Join(defaultMethods, ", "))
	case r.URL.RawPath == "" || m.decodedAllowed(w, r):
		m.dispatch(w, r)
	}
}

// methodHandler serves a path of the ServeMux.
type methodHandler struct {
	m  *Mux
	ms methods
}

func (h methodHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.m.serve(w, r, h.ms) }

// dispatch lets the ServeMux find the path. What is no handler of ours is its
// redirect to a path with a final slash, which knows nothing of Config.BasePath.
func (m *Mux) dispatch(w http.ResponseWriter, r *http.Request) {
	if base := m.g.cfg.BasePath; base != "" {
		if h, _ := m.mux.Handler(r); !isOurs(h) {
			w = &rebasedRedirect{w, base}
		}
	}
	m.mux.ServeHTTP(w, r)
}

func isOurs(h http.Handler) bool {
	_, ours := h.(methodHandler)
	return ours
}

// rebasedRedirect writes a redirect to a path of this service as browsers know it.
type rebasedRedirect struct {
	http.ResponseWriter
	base string
}

func (w *rebasedRedirect) WriteHeader(status int) {
	if to := w.Header().Get("Location"); strings.HasPrefix(to, "/") {
		w.Header().Set("Location", w.base+to)
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write drops the page, whose link would be wrong.
func (w *rebasedRedirect) Write(b []byte) (int, error) { return len(b), nil }

type decodedKey struct{ m *Mux }

// decodedAllowed judges a path with an encoded slash by the rule that it would have
// with a plain one, and answers if that is not met: the handler that
// the escaped path leads to reads the other. (Handler has left a RawPath nowhere else.)
func (m *Mux) decodedAllowed(w http.ResponseWriter, r *http.Request) bool {
	allowed := false
	pass := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { allowed = true })
	r = r.WithContext(context.WithValue(r.Context(), decodedKey{m}, pass))
	u := *r.URL
	u.RawPath = ""
	r.URL = &u
	if _, pattern := m.mux.Handler(r); pattern == root && m.empty() {
		return true // nothing is there
	}
	m.dispatch(w, r)
	return allowed
}

// empty reports whether nothing is registered for the root pattern.
func (m *Mux) empty() bool {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return len(m.paths[root]) == 0
}

// serve picks the method, once the path is found.
func (m *Mux) serve(w http.ResponseWriter, r *http.Request, ms methods) {
	m.mu.RLock()
	found, allow := ms.route(r.Method)
	m.mu.RUnlock()
	if found == nil && allow == "" {
		m.g.Deny(w, r, rbac.ErrNotFound)
		return
	}
	if found == nil {
		m.g.wrongMethod(w, r, allow)
		return
	}
	r.Pattern = found.pattern
	if pass, ok := r.Context().Value(decodedKey{m}).(http.HandlerFunc); ok {
		found.guard(pass).ServeHTTP(w, r)
		return
	}
	found.handler.ServeHTTP(w, r)
}

func (ms methods) route(method string) (found *route, allow string) {
	found = ms[method]
	if found == nil && method == http.MethodHead {
		found = ms[http.MethodGet]
	}
	if found == nil {
		found = ms[""]
	}
	if found != nil {
		return found, ""
	}
	names := slices.Sorted(maps.Keys(ms))
	if ms[http.MethodGet] != nil && ms[http.MethodHead] == nil {
		names = append(names, http.MethodHead)
	}
	return nil, strings.Join(names, ", ")
}
