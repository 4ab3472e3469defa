package httpguard

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/rbac-go/rbac"
)

// ServeMux prefers a pattern with a host to every pattern without one, however
// general its path, and a wildcard that matches /admin to the redirect to /admin/.
// In both ways a public pattern can take paths away from a guarded one. A public
// path within a guarded one is another matter: it is more specific, as it reads.

// outranked returns an error for each guarded pattern that a public one outranks.
func (m *Mux) outranked() (errs []error) {
	for guardedPlace, guarded := range m.paths {
		for method, g := range guarded {
			if g.public {
				continue
			}
			for place, ms := range m.paths {
				if p := ms.publicFor(method); p != nil && m.outranks(place, guardedPlace, method) {
					errs = append(errs, fmt.Errorf("httpguard: pattern %q: %w: it is public and outranks %q, which has a rule: "+
						"give the paths of both a pattern with a rule (%s)", p.pattern, rbac.ErrInvalid, g.pattern, remedy(place, guardedPlace)))
				}
			}
		}
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errs
}

// outranks reports whether the pattern place gets requests that the guarded one would get by its path.
func (m *Mux) outranks(place, guarded, method string) bool {
	host, path := cutHost(place)
	guardedHost, guardedPath := cutHost(guarded)
	if guardedHost == "" && host != "" {
		both, overlap := samplePath(segmentsOf(path), segmentsOf(guardedPath))
		own, _ := samplePath(segmentsOf(path), segmentsOf(path))
		guardedOwn, _ := samplePath(segmentsOf(guardedPath), segmentsOf(guardedPath))
		within := both == own && both != guardedOwn
		return overlap && !within && m.winner(host, both) == place
	}
	root, subtree := strings.CutSuffix(guardedPath, "/")
	if !subtree || root == "" || !strings.Contains(path, "{") || host != guardedHost {
		return false
	}
	segments := segmentsOf(root)
	sample, _ := samplePath(segments, segments)
	return m.winner(host, sample) == place
}

// winner returns the pattern, without method, that serves a path; empty if that is a redirect.
func (m *Mux) winner(host, path string) string {
	h, pattern := m.mux.Handler(&http.Request{Method: http.MethodGet, Host: host, URL: &url.URL{Path: path}})
	if !isOurs(h) {
		return ""
	}
	return pattern
}

// remedy is the pattern that gives what both match the rule that it should have.
func remedy(place, guarded string) string {
	host, _ := cutHost(place)
	guardedHost, path := cutHost(guarded)
	if host == guardedHost {
		path = strings.TrimSuffix(path, "/")
	}
	return fmt.Sprintf("%q", host+path)
}

func cutHost(place string) (host, path string) {
	i := strings.IndexByte(place, '/')
	return place[:i], place[i:]
}

// publicFor returns a public route that serves the method, and for the empty one any public route.
func (ms methods) publicFor(method string) *route {
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

// samplePath returns a path that both patterns match, and no pattern that is more
// specific than both; false if there is none.
func samplePath(a, b []string) (path string, ok bool) {
	var text strings.Builder
	for i := 0; ; i++ {
		switch {
		case i == len(a) && i == len(b):
			return text.String(), true
		case i < len(a) && a[i] == anySegments && i < len(b):
			return text.String() + sampleRest(b[i:]), true
		case i < len(b) && b[i] == anySegments && i < len(a):
			return text.String() + sampleRest(a[i:]), true
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

func sampleRest(segments []string) string {
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
