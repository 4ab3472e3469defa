package adapters

import (
	"context"
	"net/http"

	"github.com/gofiber/fiber/v3"
	"github.com/gofiber/fiber/v3/middleware/adaptor"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/httpguard"
)

func fiberService(guard *httpguard.Guard, routes func(handle func(method, path string, p rbac.Predicate, h fiber.Handler))) *fiber.App {
	app := fiber.New()
	app.All("/login", adaptor.HTTPHandler(detached(guard.Handler(guard.LoginHandler()))))
	routes(func(method, path string, p rbac.Predicate, h fiber.Handler) {
		app.Add([]string{method}, path, adaptor.HTTPMiddleware(func(next http.Handler) http.Handler {
			return detached(guard.Handler(guard.Require(p)(next)))
		}), h)
	})
	return app
}

func detached(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(w, r.WithContext(context.WithoutCancel(r.Context())))
	})
}
