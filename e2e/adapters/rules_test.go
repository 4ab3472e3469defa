package adapters

import (
	"net/http"
	"slices"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/gofiber/fiber/v3"
	"github.com/gofiber/fiber/v3/middleware/adaptor"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/httpguard"
	"github.com/rbac-go/rbac/rbactest"
)

// The table at the beginning of docs/adapters.md is true.
func TestRulesOfThePage(t *testing.T) {
	rules := map[string]rbac.Predicate{
		"GET /report/{id}":  rbac.HasPermission("report.read"),
		"POST /report/{id}": rbac.HasPermission("report.edit"),
	}
	a := rbactest.World(t, `
		group reader: report.read
		group writer: report.read report.edit
		user bob: reader
		user eve: writer
	`)
	service := chiService(newGuard(a, httpguard.Config{}), rules, func(r chi.Router) {
		r.HandleFunc("/report/{id}", secret)
		r.HandleFunc("/report/{id}/print", secret)
	})
	rbactest.Matrix(t, service, a, `
		                      -    bob  eve
		GET    /report/1        401  200  200
		POST   /report/1        401  403  200
		HEAD   /report/1        401  403  403
		DELETE /report/1        401  403  403
		GET    /report/1/print  401  403  403
	`)
}

// A rule in a scope of the path, with the table of all routes.
func TestChiTenants(t *testing.T) {
	a := rbactest.World(t, `
		group billing: invoice.read
		user bob: billing@tenant:1
	`)
	guard := newGuard(a, httpguard.Config{})
	r := chiTenants(guard, http.HandlerFunc(secret))
	routes, err := chiRoutes(r)
	if err != nil {
		t.Fatal(err)
	}
	rbactest.Matrix(t, guard.Handler(r), a, `
		                         -    bob
		GET  /tenants/1/invoices  401  200
		GET  /tenants/2/invoices  401  403
	`, routes...)
	r.Handle("/files/*", http.HandlerFunc(public))
	routes, err = chiRoutes(r)
	if err != nil || !slices.Contains(routes, httpguard.Route{Pattern: "GET /tenants/{tenant}/invoices"}) ||
		!slices.Contains(routes, httpguard.Route{Pattern: "POST /files/"}) {
		t.Errorf("the routes are %v, %v", routes, err)
	}
}

// The middleware in front of a subrouter sees one route for the whole
// subrouter. Final slashes are not in the pattern.
func TestChiSubrouters(t *testing.T) {
	a := rbactest.World(t, `
		group reader: report.read
		group writer: report.read report.edit
		user bob: reader
		user eve: writer
	`)
	guard := newGuard(a, httpguard.Config{})
	sub := func(r chi.Router) {
		r.Get("/1", secret)
		r.With(guard.Require(rbac.HasPermission("report.edit"))).Get("/1/edit", secret)
	}
	rules := map[string]rbac.Predicate{
		"GET /report/*": mayRead,                         // all of the subrouter
		"GET /note/1":   mayRead,                         // matches no route
		"GET /list":     mayRead, "GET /index/": mayRead, // of /list/ and /index/
	}
	service := chiService(guard, rules, func(r chi.Router) {
		r.Route("/report", sub)
		r.Route("/note", sub)
		r.Get("/list/", secret)
		r.Get("/index/", secret)
	})
	rbactest.Matrix(t, service, a, `
		                    -    bob  eve
		GET  /report/1       401  200  200
		GET  /report/1/edit  401  403  200
		POST /report/1       401  403  403
		GET  /report/2       401  404  404
		GET  /note/1         401  403  403
		GET  /list/          401  200  200
		GET  /index/         401  403  403
	`)
}

// TestMuxInFrontOfFiber shows why the page advises against a mux in front of
// Fiber: the two disagree on the meaning of a path.
func TestMuxInFrontOfFiber(t *testing.T) {
	a := rbactest.World(t, world)
	guard := newGuard(a, httpguard.Config{})
	app := fiber.New()
	app.Get("/report/:id", func(c fiber.Ctx) error { return c.SendString("secret for whoever comes") })
	mux := guard.NewMux()
	mux.Handle("/report/{id}", mayRead, adaptor.FiberApp(app))
	mux.Public("/", adaptor.FiberApp(app))
	if w := get(t, guard.Handler(mux), "/report/1", ""); w.Code != http.StatusUnauthorized {
		t.Errorf("the guarded path is answered with %d", w.Code)
	}
	if w := get(t, guard.Handler(mux), "/REPORT/1", ""); w.Code != http.StatusOK {
		t.Errorf("the other spelling is answered with %d; if fiber has changed, so should the page", w.Code)
	}
}
