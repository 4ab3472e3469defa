package httpguard

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/rbac-go/rbac"
)

// TestPublicOutranksGuarded lists patterns, of which guarded patterns have a
// "!", and a request that is public although its path is guarded, if such a
// request exists.
func TestPublicOutranksGuarded(t *testing.T) {
	for _, c := range []struct{ patterns, request string }{
		{"example.com/ !/admin/", "GET http://example.com/admin/x"},
		{"EXAMPLE.com./ !/admin/", "GET http://example.com/admin/x"},
		{"example.com/ !/admin/ !example.com/admin/", ""},
		{"example.com/ !/admin/ !other.example/admin/", "GET http://example.com/admin/x"},
		{"example.com/ !/report", "GET http://example.com/report"},
		{"example.com/ !/report !example.com/report", ""},
		{"example.com/ !/posts/{id}/edit", "GET http://example.com/posts/1/edit"},
		{"example.com/{page} !/report", "GET http://example.com/report"},
		{"example.com/{page...} !/admin/", "GET http://example.com/admin/x"},
		{"example.com/admin/ !/admin/", "GET http://example.com/admin/x"},
		{"example.com/admin/ !/admin/{rest...}", "GET http://example.com/admin/x"},
		{"example.com/static/ !/{tenant}/admin/", "GET http://example.com/static/admin/x"},
		{"example.com/static/ !/{tenant}/admin/ !example.com/static/admin/", ""},
		{"example.com/{$} !/{$}", "GET http://example.com/"},
		{"example.com/ !/{$}", "GET http://example.com/"},
		{"example.com/{$} !/admin/", ""},
		{"example.com/static/ !/admin/", ""},
		{"example.com/admin/login !/admin/", ""},
		{"example.com/admin/{$} !/admin/", ""},
		{"/admin/login !/admin/", ""},
		{"/ !/admin/", ""},
		{"/ !example.com/", ""},
		{"example.com/ !/", "GET http://example.com/x"},
		{"/{page} !/admin/", "GET /admin"},
		{"/{page} !/admin/ !/admin", ""},
		{"/{a}/{b} !/{a}/admin/", "GET /x/admin"},
		{"/a/{rest...} !/a/admin/", ""},
		{"/admin !/admin/", ""},
		{"GET:example.com/ !POST:/admin/", ""},
		{"GET:example.com/ !GET:/admin/", "GET http://example.com/admin/x"},
		{"GET:example.com/ !HEAD:/admin/", "HEAD http://example.com/admin/x"},
		{"GET:example.com/ !/admin/", "GET http://example.com/admin/x"},
		{"example.com/ !POST:/admin/", "POST http://example.com/admin/x"},
		{"example.com/ !POST:example.com/ !POST:/admin/", ""},
	} {
		g := guardByHeader(Config{})
		m := g.NewMux()
		for _, pattern := range strings.Fields(c.patterns) {
			pattern, guarded := strings.CutPrefix(strings.ReplaceAll(pattern, ":", " "), "!")
			if guarded {
				m.HandleRule(pattern, func(*http.Request) (rbac.Predicate, error) { return rbac.NotAnonymous(), nil }, &countingHandler{})
			} else {
				m.Public(pattern, &countingHandler{})
			}
		}
		err := m.Validate()
		if found := errors.Is(err, rbac.ErrInvalid); found != (c.request != "") {
			t.Errorf("%s: %v; want a fault: %v", c.patterns, err, c.request != "")
		}
		if c.request == "" {
			continue
		}
		public, _, _ := strings.Cut(c.patterns, " ")
		if text := fmt.Sprint(err); !strings.Contains(text, strings.ReplaceAll(public, ":", " ")) {
			t.Errorf("%s: the error does not name %s: %s", c.patterns, public, text)
		}
		if got := serve(g.Handler(m), request(t, c.request)).StatusCode; got != 200 {
			t.Errorf("%s: %s is answered with %d, so it is not public", c.patterns, c.request, got)
		}
	}
}
