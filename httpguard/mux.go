package httpguard

import (
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
// has a predicate or is explicitly Public. A request that matches no pattern is
// answered with 404 for everyone, as [Guard.Deny] does. A Mux belongs behind
// [Guard.Handler]; otherwise the Mux answers 500.
//
// Patterns are patterns of ServeMux, and the most specific pattern wins, with
// one difference: the path is matched first, and the method second. "GET
// /admin/" claims the whole subtree, so a more general "/" cannot serve a POST
// below /admin/ without the rule of /admin/. Methods for which the path was not
// registered are answered with 405. Hosts are compared without regard to case,
// port and final dot.
//
// Like the methods of ServeMux, the methods of a Mux panic on a malformed
// pattern and on two conflicting patterns. They panic, too, on a nil predicate,
// rule or handler. A Mux is safe for concurrent use.
type Mux struct {
	g   *Guard
	mux *http.ServeMux

	mu     sync.RWMutex
	paths  map[string]methods // by pattern without method
	routes []Route
	rules  []routeRule // of the routes, in the same order
}

// Route is a line in the table of routes.
type Route struct {
	Pattern string // as registered
	Rule    string // the predicate; "public"; or, for HandleRule, "rule" or the text of Describe
}

// routeRule is the rule of a route.
type routeRule struct {
	predicate rbac.Predicate // nil if public or of a HandleRule
	public    bool
}

// route is a registered pattern.
type route struct {
	pattern string
	public  bool
	guard   func(http.Handler) http.Handler
	handler http.Handler // behind guard
}

// methods holds the routes of one path by method; "" stands for every method
// without a route.
type methods map[string]*route

// rootPattern matches every request that no other pattern matches. A Mux
// registers rootPattern from the beginning, so an unregistered path gets the
// same response as everything else that is not found.
const rootPattern = "/"

// NewMux returns an empty Mux. NewMux panics under GODEBUG=httpmuxgo121=1: in
// that mode ServeMux takes "/files/{id}" literally, and a more general pattern
// would serve requests that "/files/{id}" should guard.
func (g *Guard) NewMux() *Mux {
	probe := http.NewServeMux()
	probe.Handle("/{wildcard}", http.NotFoundHandler())
	if _, pattern := probe.Handler(&http.Request{Method: http.MethodGet, URL: &url.URL{Path: "/x"}}); pattern == "" {
		panic("httpguard: GODEBUG=httpmuxgo121=1 disables patterns: remove the setting")
	}
	m := &Mux{g: g, mux: http.NewServeMux(), paths: map[string]methods{}}
	m.path(rootPattern)
	return m
}

// Handle registers h for pattern. Requests are served if their Identity
// satisfies p.
func (m *Mux) Handle(pattern string, p rbac.Predicate, h http.Handler) {
	if p == nil {
		panic(fmt.Sprintf("httpguard: pattern %q: nil predicate", pattern))
	}
	mustHandler(h)
	m.add(pattern, p.String(), p, m.g.Require(p), h)
}

// HandleRule registers h for pattern. Requests are served if their Identity
// satisfies the predicate that rule returns for the request; see
// [Guard.RequireFunc].
func (m *Mux) HandleRule(pattern string, rule func(*http.Request) (rbac.Predicate, error), h http.Handler) {
	if rule == nil {
		panic(fmt.Sprintf("httpguard: pattern %q: nil rule", pattern))
	}
	mustHandler(h)
	m.add(pattern, "rule", nil, m.g.RequireFunc(rule), h)
}

// Describe sets the text that [Mux.Routes] returns for the rule of a pattern
// registered with HandleRule. Describe panics if the pattern is not registered.
func (m *Mux) Describe(pattern, rule string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	i := slices.IndexFunc(m.routes, func(r Route) bool { return r.Pattern == pattern })
	if i < 0 {
		panic(fmt.Sprintf("httpguard: pattern %q is not registered", pattern))
	}
	m.routes[i].Rule = rule
}

// Public registers h for pattern and serves h to everyone, even while the store
// is unreachable. A response that shows the current user should set its own
// Cache-Control.
func (m *Mux) Public(pattern string, h http.Handler) {
	mustHandler(h)
	m.add(pattern, "public", nil, nil, h)
}

// Routes returns the registered routes in order of registration.
func (m *Mux) Routes() []Route {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return slices.Clone(m.routes)
}

// Predicate returns the predicate of a pattern that was registered with Handle.
// For a Public pattern the predicate is nil, and ok is true. For a pattern of
// HandleRule, whose predicate depends on the request, and for a pattern that is
// not registered, ok is false. Unlike the Rule of a [Route], Predicate does not
// depend on Describe.
func (m *Mux) Predicate(pattern string) (p rbac.Predicate, ok bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	i := slices.IndexFunc(m.routes, func(r Route) bool { return r.Pattern == pattern })
	if i < 0 {
		return nil, false
	}
	return m.rules[i].predicate, m.rules[i].public || m.rules[i].predicate != nil
}

// Validate returns the faults of all registered predicates, such as undeclared
// groups and permissions, which would deny every request. Call Validate at
// start, after [rbac.Authority.Declare]. The predicates of HandleRule are known
// only at request time, and are not checked.
//
// A public pattern that takes requests from a guarded pattern without having a
// more specific path is a fault, too, and ErrInvalid. For example,
// Public("example.com/") takes requests from Handle("/admin/"), since a pattern
// with a host precedes every pattern without a host. Public("/{page}") takes
// the request /admin from Handle("/admin/"). To repair the fault, register a
// pattern for the paths that both match: Handle("example.com/admin/"),
// Handle("/admin").
//
// The error joins an error for each fault; see [rbac.Authority.Validate] for
// the wrapped errors.
func (m *Mux) Validate() error {
	m.mu.RLock()
	defer m.mu.RUnlock()
	errs := m.precedenceFaults()
	for i, rule := range m.rules {
		if rule.predicate == nil {
			continue
		}
		if err := m.g.a.Validate(rule.predicate); err != nil {
			errs = append(errs, fmt.Errorf("httpguard: pattern %q: %w", m.routes[i].Pattern, err))
		}
	}
	return errors.Join(errs...)
}

// add registers a pattern. A nil guard makes the pattern public.
func (m *Mux) add(pattern, rule string, p rbac.Predicate, guard func(http.Handler) http.Handler, h http.Handler) {
	allow := m.g.cfg.pathRules()
	allow.doubleEncoding = true // patterns are written with escapes
	method, hostPath, err := splitPattern(pattern, allow)
	if err == nil && method != "" && !slices.Contains(m.g.cfg.Methods, method) {
		err = fmt.Errorf("method %q can never match", method)
	}
	if err != nil {
		panic(fmt.Sprintf("httpguard: pattern %q: %v", pattern, err))
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	ms := m.path(hostPath)
	if old := ms[method]; old != nil {
		panic(fmt.Sprintf("httpguard: pattern %q conflicts with %q", pattern, old.pattern))
	}
	public := guard == nil
	if public {
		guard = func(h http.Handler) http.Handler { return h }
	}
	guard = passiveGuard(guard, h)
	ms[method] = &route{pattern: pattern, public: public, guard: guard, handler: guard(h)}
	m.routes = append(m.routes, Route{Pattern: pattern, Rule: rule})
	m.rules = append(m.rules, routeRule{p, public})
}

// path returns the routes of a path, and registers the path with the ServeMux
// on first use.
func (m *Mux) path(hostPath string) methods {
	ms := m.paths[hostPath]
	if ms == nil {
		ms = methods{}
		m.mux.Handle(hostPath, methodHandler{m, ms})
		m.paths[hostPath] = ms
	}
	return ms
}

// splitPattern splits the method off a pattern, and returns the host in
// canonical form.
func splitPattern(pattern string, allow pathRules) (method, hostPath string, err error) {
	method, rest, found := strings.Cut(strings.ReplaceAll(pattern, "\t", " "), " ")
	if !found {
		method, rest = "", pattern
	}
	rest = strings.TrimLeft(rest, " ")
	slash := strings.IndexByte(rest, '/')
	if slash < 0 {
		return "", "", fmt.Errorf("the pattern has no path")
	}
	host, path := rest[:slash], rest[slash:]
	if err := checkPath(path, allow); err != nil {
		return "", "", fmt.Errorf("the pattern can never match: %w", err)
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

// route returns the route for a method; without a route, allowed is the value
// of the Allow header. HEAD falls back to GET.
func (ms methods) route(method string) (found *route, allowed string) {
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
