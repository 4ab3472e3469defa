package httpguard

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/rbac-go/rbac"
)

// ServeHTTP serves the request with the handler of the most specific pattern,
// if the pattern's rule allows.
func (m *Mux) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case m.g.state(r) == nil:
		m.g.Deny(w, r, errNoHandler)
	case r.Method == http.MethodConnect:
		// For CONNECT, ServeMux compares hosts with their ports.
		m.g.methodNotAllowed(w, r, strings.Join(defaultMethods, ", "))
	case r.URL.RawPath == "" || m.decodedPathAllowed(w, r):
		m.dispatch(w, r)
	}
}

// Route returns the route whose rule decides about a request: the method, the
// host and the path of r count, in the canonical form of [Guard.Handler]. Use
// Route on a page that explains rights; Route does not decide about r. The
// result is false if no route serves the request, as with 404, 405, the
// redirect to a path with a final slash and requests that the Guard refuses, or
// if two rules decide, as for a path with an encoded slash.
func (m *Mux) Route(r *http.Request) (Route, bool) {
	r, err := m.g.canonicalRequest(r)
	if err != nil || r.Method == http.MethodConnect || r.URL.RawPath != "" {
		return Route{}, false
	}
	h, _ := m.mux.Handler(r)
	handler, ok := h.(methodHandler)
	if !ok {
		return Route{}, false
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	found, _ := handler.ms.route(r.Method)
	if found == nil {
		return Route{}, false
	}
	return m.routes[slices.IndexFunc(m.routes, func(r Route) bool { return r.Pattern == found.pattern })], true
}

// methodHandler serves a path of the ServeMux.
type methodHandler struct {
	m  *Mux
	ms methods
}

func (h methodHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.m.serve(w, r, h.ms) }

// dispatch lets the ServeMux match the path. The ServeMux has one handler of
// its own, a redirect to the path with a final slash. That redirect ignores
// Config.BasePath, and needs rewriting.
func (m *Mux) dispatch(w http.ResponseWriter, r *http.Request) {
	if base := m.g.cfg.BasePath; base != "" {
		if h, _ := m.mux.Handler(r); !isMethodHandler(h) {
			w = &basePathRedirect{w, base}
		}
	}
	m.mux.ServeHTTP(w, r)
}

func isMethodHandler(h http.Handler) bool {
	_, ok := h.(methodHandler)
	return ok
}

// basePathRedirect adds the base path to the target of a redirect.
type basePathRedirect struct {
	http.ResponseWriter
	base string
}

func (w *basePathRedirect) WriteHeader(status int) {
	if to := w.Header().Get("Location"); strings.HasPrefix(to, "/") {
		w.Header().Set("Location", w.base+to)
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write drops the page, whose link lacks the base path.
func (w *basePathRedirect) Write(b []byte) (int, error) { return len(b), nil }

// decodedPathKey marks a request that is judged by its decoded path. The value
// is the handler to run if the rule allows.
type decodedPathKey struct{ m *Mux }

// decodedPathAllowed judges a path with an encoded slash by the rule for the
// decoded path: the handler for the escaped path may read the decoded path. On
// false, decodedPathAllowed has sent the response. Behind Handler only paths
// with an encoded slash have a RawPath.
func (m *Mux) decodedPathAllowed(w http.ResponseWriter, r *http.Request) bool {
	allowed := false
	pass := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { allowed = true })
	r = r.WithContext(context.WithValue(r.Context(), decodedPathKey{m}, pass))
	u := *r.URL
	u.RawPath = ""
	r.URL = &u
	if _, pattern := m.mux.Handler(r); pattern == rootPattern && m.rootIsEmpty() {
		return true // the decoded path leads nowhere
	}
	m.dispatch(w, r)
	return allowed
}

// rootIsEmpty reports whether the host has registered nothing for rootPattern.
func (m *Mux) rootIsEmpty() bool {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return len(m.paths[rootPattern]) == 0
}

// serve selects the route by method, once the path is matched.
func (m *Mux) serve(w http.ResponseWriter, r *http.Request, ms methods) {
	m.mu.RLock()
	found, allowed := ms.route(r.Method)
	m.mu.RUnlock()
	if found == nil && allowed == "" {
		m.g.Deny(w, r, rbac.ErrNotFound)
		return
	}
	if found == nil {
		m.g.methodNotAllowed(w, r, allowed)
		return
	}
	r.Pattern = found.pattern
	if pass, ok := r.Context().Value(decodedPathKey{m}).(http.HandlerFunc); ok {
		found.guard(pass).ServeHTTP(w, r)
		return
	}
	found.handler.ServeHTTP(w, r)
}
