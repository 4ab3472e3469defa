package adapters

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/httpguard"
)

func ginService(guard *httpguard.Guard, rules map[string]rbac.Predicate, routes func(gin.IRouter)) http.Handler {
	r := gin.New()
	r.Any("/login", gin.WrapH(guard.LoginHandler()))
	r.Use(func(c *gin.Context) { // for every route below, and for unknown paths
		if !guard.Authorize(c.Writer, c.Request, rules[c.Request.Method+" "+c.FullPath()]) {
			c.Abort()
		}
	})
	routes(r)
	return guard.Handler(r)
}
