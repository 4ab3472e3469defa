package adapters

import (
	"net/http"

	"github.com/labstack/echo/v5"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/httpguard"
)

func echoService(guard *httpguard.Guard, rules map[string]rbac.Predicate, routes func(*echo.Group)) http.Handler {
	e := echo.New()
	e.Any("/login", echo.WrapHandler(guard.LoginHandler()))
	routes(e.Group("", func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c *echo.Context) error {
			if !guard.Authorize(c.Response(), c.Request(), rules[c.Request().Method+" "+c.Path()]) {
				return nil // Authorize has answered
			}
			return next(c)
		}
	}))
	return guard.Handler(e)
}
