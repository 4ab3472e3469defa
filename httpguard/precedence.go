package httpguard

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/rbac-go/rbac"
)

// ServeMux prefers a pattern with a host to every pattern without a host,
// however general its path. ServeMux also prefers a wildcard that matches
// /admin to the redirect to /admin/. In both cases a public pattern can take
// requests from a guarded pattern. A public path below a guarded path is
// different: the more specific path visibly precedes.

// precedenceFaults returns an error for each public pattern that takes requests
// from a guarded pattern.
func (m *Mux) precedenceFaults() (errs []error) {
	for guardedPath, guarded := range m.paths {
		for method, g := range guarded {
			if g.public {
				continue
			}
			for publicPath, ms := range m.paths {
				if p := ms.publicRoute(method); p != nil && m.takesPrecedence(publicPath, guardedPath) {
					errs = append(errs, fmt.Errorf("httpguard: pattern %q: %w: it is public and takes requests from %q, which has a rule: "+
						"register a pattern with a rule for the paths that both match (%s)", p.pattern, rbac.ErrInvalid, g.pattern, sharedPattern(publicPath, guardedPath)))
				}
			}
		}
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errs
}

// publicRoute returns a public route that serves the method. The empty method
// selects any public route.
func (ms methods) publicRoute(method string) *route {
	if method != "" {
		if r, _ := ms.route(method); r != nil && r.public {
			return r
		}
		return nil
	}
	for _, r := range ms {
		if r.public {
			return r
		}
	}
	return nil
}

// takesPrecedence reports whether the public pattern serves requests that, by
// their path, belong to the guarded pattern.
func (m *Mux) takesPrecedence(public, guarded string) bool {
	host, path := splitHost(public)
	guardedHost, guardedPath := splitHost(guarded)
	if guardedHost == "" && host != "" {
		both, overlap := samplePath(segmentsOf(path), segmentsOf(guardedPath))
		own, _ := samplePath(segmentsOf(path), segmentsOf(path))
		guardedOwn, _ := samplePath(segmentsOf(guardedPath), segmentsOf(guardedPath))
		below := both == own && both != guardedOwn
		return overlap && !below && m.servingPattern(host, both) == public
	}
	folder, subtree := strings.CutSuffix(guardedPath, "/")
	if !subtree || folder == "" || !strings.Contains(path, "{") || host != guardedHost {
		return false
	}
	segments := segmentsOf(folder)
	sample, _ := samplePath(segments, segments)
	return m.servingPattern(host, sample) == public
}

// servingPattern returns the pattern, without method, that serves a path. For a
// redirect the result is empty.
func (m *Mux) servingPattern(host, path string) string {
	h, pattern := m.mux.Handler(&http.Request{Method: http.MethodGet, Host: host, URL: &url.URL{Path: path}})
	if !isMethodHandler(h) {
		return ""
	}
	return pattern
}

// sharedPattern returns the pattern, quoted, that the host should register with
// a rule.
func sharedPattern(public, guarded string) string {
	host, _ := splitHost(public)
	guardedHost, path := splitHost(guarded)
	if host == guardedHost {
		path = strings.TrimSuffix(path, "/")
	}
	return fmt.Sprintf("%q", host+path)
}

func splitHost(hostPath string) (host, path string) {
	i := strings.IndexByte(hostPath, '/')
	return hostPath[:i], hostPath[i:]
}

// Segments of a pattern that match more than one path.
const (
	anySegment  = "{}"    // {name}
	anySegments = "{...}" // {name...}, or a final slash
)

func segmentsOf(path string) []string {
	segments := strings.Split(path[1:], "/")
	for i, s := range segments {
		last := i == len(segments)-1
		switch {
		case s == "{$}":
			segments[i] = ""
		case last && s == "", strings.HasPrefix(s, "{") && strings.HasSuffix(s, "...}"):
			segments[i] = anySegments
		case strings.HasPrefix(s, "{"):
			segments[i] = anySegment
		default:
			if text, err := url.PathUnescape(s); err == nil {
				segments[i] = text
			}
		}
	}
	return segments
}

// samplePath returns a path that matches both patterns, and no pattern that is
// more specific than both. Without a common path samplePath reports false.
func samplePath(a, b []string) (path string, ok bool) {
	var text strings.Builder
	for i := 0; ; i++ {
		switch {
		case i == len(a) && i == len(b):
			return text.String(), true
		case i < len(a) && a[i] == anySegments && i < len(b):
			return text.String() + sampleSegments(b[i:]), true
		case i < len(b) && b[i] == anySegments && i < len(a):
			return text.String() + sampleSegments(a[i:]), true
		case i >= len(a) || i >= len(b):
			return "", false
		}
		s := a[i]
		if s == anySegment {
			s = b[i]
		}
		if s != b[i] && b[i] != anySegment || s == "" && a[i] != b[i] {
			return "", false
		}
		text.WriteString("/" + sampleSegment(s))
	}
}

func sampleSegments(segments []string) string {
	var text strings.Builder
	for _, s := range segments {
		text.WriteString("/" + sampleSegment(s))
	}
	return text.String()
}

func sampleSegment(s string) string {
	switch s {
	case anySegment:
		return "any-segment"
	case anySegments:
		return "any/segments"
	}
	return s
}
