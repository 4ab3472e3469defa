package main

import (
	"net/http"
	"strings"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/console"
	"github.com/rbac-go/rbac/httpguard"
)

// catalogue is what the program declares at each start.
var catalogue = rbac.Catalogue{
	Sections: []rbac.Section{{Name: "notes", Title: "Notes"}},
	Permissions: []rbac.Permission{
		{Name: "note.read", Title: "Read notes", Section: "notes"},
		{Name: "note.write", Title: "Write notes", Section: "notes"},
	},
	Groups: []rbac.Group{{Name: "readers"}, {Name: "writers"}, {Name: "leads"}},
	Grants: []rbac.Grant{
		{Group: "readers", Permission: "note.read"},
		{Group: "writers", Permission: "note.write"},
	},
	Inheritances: []rbac.Inheritance{{Senior: "writers", Junior: "readers"}},
	Delegations:  []rbac.Delegation{{Group: "leads", Assign: []string{"readers", "writers"}, Users: true}},
}

// newGuard returns the Guard of the service at a site.
func newGuard(auth *rbac.Authority, site string) *httpguard.Guard {
	return httpguard.New(auth, httpguard.Config{
		Site:       site,
		Home:       "/admin/",
		CookieName: "notes",                          // another service on this host keeps its own
		Insecure:   strings.HasPrefix(site, "http:"), // plain HTTP: for development only
	})
}

// newService returns the handler of the service, and its routes for the tests.
func newService(auth *rbac.Authority, guard *httpguard.Guard, n *notes) (http.Handler, *httpguard.Mux, error) {
	mux := guard.NewMux()
	mux.Public("/login", guard.LoginHandler())
	mux.Public("/logout", guard.LogoutHandler())
	mux.Public("/password", guard.PasswordHandler())
	mux.Public("/readyz", httpguard.Health(auth))
	mux.HandleRule("GET /orgs/{org}/notes", inOrg("note.read"), http.HandlerFunc(n.list))
	mux.HandleRule("POST /orgs/{org}/notes", inOrg("note.write"), http.HandlerFunc(n.add))
	admin, err := console.New(guard, auth, console.Config{Name: "Notes", Logout: "/logout", Catalogue: &catalogue, Mux: mux})
	if err != nil {
		return nil, nil, err
	}
	mux.Handle("/admin/", rbac.NotAnonymous(), admin)
	return guard.Handler(mux), mux, mux.Validate()
}

// inOrg is the rule of a route of an organisation: a permission, by a membership
// in the organisation or everywhere.
func inOrg(permission string) func(*http.Request) (rbac.Predicate, error) {
	return func(r *http.Request) (rbac.Predicate, error) {
		return rbac.In("org:"+r.PathValue("org"), rbac.HasPermission(permission)), nil
	}
}
