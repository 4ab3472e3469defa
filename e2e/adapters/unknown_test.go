package adapters

import (
	"testing"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/httpguard"
)

// A path without a route is refused like a route without a rule where the
// middleware runs for all paths, which is so with gin and echo. A Mux, chi and Fiber
// answer that there is no such path.
func TestUnknownPaths(t *testing.T) {
	want := map[string][2]int{"mux": {404, 404}, "gin": {401, 403}, "echo": {401, 403}, "chi": {404, 404}, "fiber": {404, 404}}
	eachRouter(t, httpguard.Config{}, func(t *testing.T, a *rbac.Authority, addr string) {
		router := t.Name()[len("TestUnknownPaths/"):]
		for n, headers := range [][]string{nil, {"Authorization: " + bearer(t, a, "bob")}} {
			if resp, _ := dial(t, addr).send("GET /unknown", headers...); resp.StatusCode != want[router][n] {
				t.Errorf("%s answers an unknown path with %d, want %d", router, resp.StatusCode, want[router][n])
			}
		}
	})
}
