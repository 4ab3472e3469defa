package rbactest_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/httpguard"
	"github.com/rbac-go/rbac/rbactest"
)

func ExampleWorld() {
	var t *testing.T // of the test that this stands in

	a := rbactest.World(t, `
		group editor: post.write post.edit
		group chief > editor: budget       # chief inherits editor
		group root: *                      # everything
		user amy: editor
		user bob: chief
		user zoe: editor@org:42            # editor in one scope only
		user eve:
	`)
	rbactest.Allow(t, a, "bob", rbac.HasPermission("post.edit"))
}

func ExampleAllow() {
	var t *testing.T // of the test that this stands in

	a := rbactest.World(t, `
		group editor: post.edit
		user amy: editor
		user bob:
	`)
	edit := rbac.HasPermission("post.edit")
	rbactest.Allow(t, a, "amy", edit)
	rbactest.Deny(t, a, "bob", edit)
	rbactest.Deny(t, a, "", edit) // nobody is logged in
}

func ExampleAs() {
	var t *testing.T         // of the test that this stands in
	var a *rbac.Authority    // of World, or the program's own
	var service http.Handler // behind httpguard

	r := rbactest.As(t, a, "amy", httptest.NewRequest("GET", "/admin/", nil))
	w := httptest.NewRecorder()
	service.ServeHTTP(w, r)
	if w.Code != http.StatusForbidden {
		t.Errorf("amy gets %d", w.Code)
	}
}

func ExampleMatrix() {
	var t *testing.T       // of the test that this stands in
	var a *rbac.Authority  // of World, or the program's own
	var g *httpguard.Guard // the program's
	var mux *httpguard.Mux // the program's, with its routes
	service := g.Handler(mux)

	rbactest.Matrix(t, service, a, `
		              -    amy  bob
		GET /         200  200  200
		GET /admin/   401  403  200
	`, mux.Routes()...)
}
