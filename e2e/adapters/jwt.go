package adapters

import (
	"net/http"
	"strings"

	"github.com/golang-jwt/jwt/v5"

	"github.com/rbac-go/rbac"
)

func identifyJWT(auth *rbac.Authority, parser *jwt.Parser, key jwt.Keyfunc) func(*http.Request) (*rbac.Identity, error) {
	return func(r *http.Request) (*rbac.Identity, error) {
		var claims struct {
			jwt.RegisteredClaims
			AuthTime jwt.NumericDate `json:"auth_time"`
		}
		scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		if _, err := parser.ParseWithClaims(token, &claims, key); err != nil || !strings.EqualFold(scheme, "Bearer") {
			return nil, nil // an unknown Bearer is refused; without a Bearer the request is anonymous
		}
		id, err := auth.IdentityBySubject(r.Context(), claims.Subject)
		return id.WithAuthenticatedAt(claims.AuthTime.Time), err
	}
}

func newJWTParser(issuer, audience string) *jwt.Parser {
	return jwt.NewParser(jwt.WithValidMethods([]string{"ES256"}), jwt.WithIssuer(issuer), jwt.WithAudience(audience), jwt.WithExpirationRequired())
}
