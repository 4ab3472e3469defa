package adapters

import (
	"net/http"

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
