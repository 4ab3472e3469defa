package adapters

import (
	"net/http"
	"strings"

	"github.com/go-chi/chi/v5"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/httpguard"
)

func chiService(guard *httpguard.Guard, rules map[string]rbac.Predicate, routes func(chi.Router)) http.Handler {
	r := chi.NewRouter()
	r.Handle("/login", guard.LoginHandler())
	r.Group(func(r chi.Router) { // inside a group the middleware knows the route
		r.Use(guard.RequireFunc(func(r *http.Request) (rbac.Predicate, error) {
			return rules[r.Method+" "+chi.RouteContext(r.Context()).RoutePattern()], nil
		}))
		routes(r)
	})
	return guard.Handler(r)
}

func chiTenants(guard *httpguard.Guard, invoices http.Handler) chi.Router {
	inTenant := func(p rbac.Predicate) func(http.Handler) http.Handler {
		return guard.RequireFunc(func(r *http.Request) (rbac.Predicate, error) {
			return rbac.In("tenant:"+chi.URLParam(r, "tenant"), p), nil
		})
	}
	r := chi.NewRouter()
	r.With(inTenant(rbac.HasPermission("invoice.read"))).Method("GET", "/tenants/{tenant}/invoices", invoices)
	return r
}

func chiRoutes(r chi.Routes) (routes []httpguard.Route, err error) {
	err = chi.Walk(r, func(method, pattern string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		routes = append(routes, httpguard.Route{Pattern: method + " " + strings.TrimSuffix(pattern, "*")})
		return nil
	})
	return routes, err
}
