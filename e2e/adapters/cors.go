package adapters

import (
	"net/http"

	"github.com/rs/cors"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/httpguard"
)

// newCORS returns a service for a browser application of another origin, which
// signs in with JSON and sends its token as Authorization: Bearer.
func newCORS(auth *rbac.Authority, report http.Handler) (http.Handler, error) {
	const ui = "https://ui.example.com"
	origins := http.NewCrossOriginProtection()
	if err := origins.AddTrustedOrigin(ui); err != nil {
		return nil, err
	}
	guard := httpguard.New(auth, httpguard.Config{CrossOrigin: origins})
	allowed := cors.New(cors.Options{
		AllowedOrigins: []string{ui},
		AllowedMethods: []string{"GET", "POST", "PUT", "DELETE"},
		AllowedHeaders: []string{"Authorization", "Content-Type"},
	})
	mux := guard.NewMux()
	mux.Public("POST /login", guard.LoginHandler())
	mux.Handle("PUT /report", rbac.HasPermission("report.read"), report)
	return allowed.Handler(guard.Handler(mux)), nil
}
