package adapters

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/httpguard"
	"github.com/rbac-go/rbac/rbactest"
)

const (
	issuer   = "https://login.example"
	audience = "reports"
)

// newIssuer returns an identity provider, which is only a key for these tests.
func newIssuer(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func sign(t *testing.T, method jwt.SigningMethod, key any, claims jwt.MapClaims) string {
	t.Helper()
	text, err := jwt.NewWithClaims(method, claims).SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// claimsOf returns the issuer's claims about a user who has just logged in,
// with the changes. A nil change removes a claim.
func claimsOf(subject string, changes jwt.MapClaims) jwt.MapClaims {
	now := time.Now()
	c := jwt.MapClaims{"iss": issuer, "aud": audience, "sub": subject, "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(), "auth_time": now.Unix()}
	maps.Copy(c, changes)
	maps.DeleteFunc(c, func(_ string, v any) bool { return v == nil })
	return c
}

// jwtService serves /report to users who may read reports, /payment to those
// users shortly after a login, and /home to everybody.
func jwtService(t *testing.T, key *ecdsa.PrivateKey) (*rbac.Authority, http.Handler) {
	t.Helper()
	a := rbactest.World(t, world)
	err := a.Update(t.Context(), func(tx *rbac.Tx) error {
		for _, u := range []rbac.User{{Name: "Kim", Subject: "auth0|AbC"}, {Name: "gone", Subject: "gone", Disabled: true}, {Name: "none"}} {
			if _, err := tx.AddUser(u); err != nil {
				return err
			}
			if err := tx.AssignUser(rbac.Membership{User: u.Name, Group: "reader"}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	public := func(*jwt.Token) (any, error) { return &key.PublicKey, nil }
	guard := newGuard(a, httpguard.Config{Identify: identifyJWT(a, newJWTParser(issuer, audience), public)})
	mux := guard.NewMux()
	mux.Handle("/report", mayRead, http.HandlerFunc(secret))
	mux.Handle("/payment", rbac.All(mayRead, rbac.AuthenticatedWithin(15*time.Minute)), http.HandlerFunc(secret))
	mux.Handle("/home", everybody, http.HandlerFunc(secret))
	return a, guard.Handler(mux)
}

func get(t *testing.T, h http.Handler, path, authorization string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest("GET", path, nil)
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// Each case has the changed claims of a token, and the status of the answer to
// /report.
func TestJWT(t *testing.T) {
	key, other := newIssuer(t), newIssuer(t)
	ago := func(d time.Duration) int64 { return time.Now().Add(-d).Unix() }
	for _, c := range []struct {
		rule    string
		subject string
		changes jwt.MapClaims
		want    int
	}{
		{"a user", "auth0|AbC", nil, 200},
		{"one of several audiences", "auth0|AbC", jwt.MapClaims{"aud": []string{"other", audience}}, 200},
		{"subjects are exact", "auth0|abc", nil, 401},
		{"a user nobody knows here", "auth0|xyz", nil, 401},
		{"the name of a user is no subject", "bob", nil, 401},
		{"a disabled user", "gone", nil, 401},
		{"no subject", "", jwt.MapClaims{"sub": nil}, 401},
		{"an empty subject, as users without one have", "", nil, 401},
		{"a subject that could be nobody's", "a\x00b", nil, 401},
		{"a subject that is no text", "", jwt.MapClaims{"sub": 7}, 401},
		{"expired", "auth0|AbC", jwt.MapClaims{"exp": ago(time.Second)}, 401},
		{"without an end", "auth0|AbC", jwt.MapClaims{"exp": nil}, 401},
		{"not yet", "auth0|AbC", jwt.MapClaims{"nbf": ago(-time.Hour)}, 401},
		{"for somebody else", "auth0|AbC", jwt.MapClaims{"aud": "payroll"}, 401},
		{"for nobody", "auth0|AbC", jwt.MapClaims{"aud": nil}, 401},
		{"from somebody else", "auth0|AbC", jwt.MapClaims{"iss": "https://evil.example"}, 401},
		{"from nobody", "auth0|AbC", jwt.MapClaims{"iss": nil}, 401},
	} {
		_, h := jwtService(t, key)
		token := sign(t, jwt.SigningMethodES256, key, claimsOf(c.subject, c.changes))
		w := get(t, h, "/report", "Bearer "+token)
		if w.Code != c.want || strings.Contains(w.Body.String(), "secret for kim") != (c.want == 200) {
			t.Errorf("%s: %d and %q, want %d", c.rule, w.Code, w.Body, c.want)
		}
	}
	_, h := jwtService(t, key)
	good := sign(t, jwt.SigningMethodES256, key, claimsOf("auth0|AbC", nil))
	for _, scheme := range []string{"Bearer ", "bearer "} { // in any case (RFC 9110 §11.1)
		if w := get(t, h, "/report", scheme+good); w.Code != 200 {
			t.Fatalf("%s and the good token is answered with %d", scheme, w.Code)
		}
	}
	for rule, authorization := range map[string]string{
		"another key":                "Bearer " + sign(t, jwt.SigningMethodES256, other, claimsOf("auth0|AbC", nil)),
		"no signature":               "Bearer " + sign(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, claimsOf("auth0|AbC", nil)),
		"the public key as a secret": "Bearer " + sign(t, jwt.SigningMethodHS256, publicBytes(t, key), claimsOf("auth0|AbC", nil)),
		"another algorithm":          "Bearer " + sign(t, jwt.SigningMethodRS256, rsaKey(t), claimsOf("auth0|AbC", nil)),
		"a signature cut off":        "Bearer " + good[:strings.LastIndexByte(good, '.')+1],
		"a changed payload":          "Bearer " + swapPayload(good, sign(t, jwt.SigningMethodES256, other, claimsOf("gone", nil))),
		"not a token":                "Bearer x.y.z",
		"two tokens in one":          "Bearer " + good + "," + good,
		"another scheme":             "JWT " + good,
		"no scheme":                  good,
		"nothing":                    "",
	} {
		if w := get(t, h, "/report", authorization); w.Code != 401 && w.Code != 400 || strings.Contains(w.Body.String(), "secret") {
			t.Errorf("%s: %d and %q", rule, w.Code, w.Body)
		}
	}
}

func publicBytes(t *testing.T, key *ecdsa.PrivateKey) []byte {
	t.Helper()
	b, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func rsaKey(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func swapPayload(token, from string) string {
	a, b := strings.Split(token, "."), strings.Split(from, ".")
	return a[0] + "." + b[1] + "." + a[2]
}

// An invalid token is refused even by pages for anonymous visitors. Without a
// token, the visitor is let in.
func TestJWTIsNoAnonymous(t *testing.T) {
	key := newIssuer(t)
	_, h := jwtService(t, key)
	for authorization, want := range map[string]int{
		"": 200,
		"Bearer " + sign(t, jwt.SigningMethodES256, key, claimsOf("auth0|AbC", nil)):                            200,
		"Bearer " + sign(t, jwt.SigningMethodES256, key, claimsOf("auth0|AbC", jwt.MapClaims{"exp": int64(1)})): 401,
		"Bearer " + sign(t, jwt.SigningMethodES256, key, claimsOf("nobody", nil)):                               401,
	} {
		if w := get(t, h, "/home", authorization); w.Code != want {
			t.Errorf("/home with %q is answered with %d, want %d", authorization, w.Code, want)
		}
	}
}

func TestJWTWithoutStore(t *testing.T) {
	key := newIssuer(t)
	a, h := jwtService(t, key)
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	for subject, want := range map[string]int{"auth0|AbC": 503, "nobody": 503} {
		token := sign(t, jwt.SigningMethodES256, key, claimsOf(subject, nil))
		if w := get(t, h, "/report", "Bearer "+token); w.Code != want {
			t.Errorf("%s without a store is answered with %d, want %d", subject, w.Code, want)
		}
	}
}

// A token cannot be revoked, but the user can be disabled at once.
func TestJWTAtOnce(t *testing.T) {
	key := newIssuer(t)
	a, h := jwtService(t, key)
	token := "Bearer " + sign(t, jwt.SigningMethodES256, key, claimsOf("auth0|AbC", nil))
	if w := get(t, h, "/report", token); w.Code != 200 {
		t.Fatalf("before: %d", w.Code)
	}
	err := a.Update(t.Context(), func(tx *rbac.Tx) error {
		u, err := tx.UserBySubject("auth0|AbC")
		if err != nil {
			return err
		}
		u.Disabled = true
		return tx.ModifyUser(u)
	})
	if err != nil {
		t.Fatal(err)
	}
	if w := get(t, h, "/report", token); w.Code != 401 {
		t.Errorf("after: %d", w.Code)
	}
}

// Each case has the time of the login according to the issuer, the time by the
// clock of the world, and the status of the answer to /payment.
func TestJWTFreshLogin(t *testing.T) {
	key := newIssuer(t)
	now := time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC) // the clock of the world
	for _, c := range []struct {
		rule      string
		at        any
		want      int
		challenge string
	}{
		{"just now", now.Unix(), 200, ""},
		{"ten minutes ago", now.Add(-10 * time.Minute).Unix(), 200, ""},
		{"an hour ago", now.Add(-time.Hour).Unix(), 401, `max_age="900"`},
		{"in the future", now.Add(time.Hour).Unix(), 401, `max_age="900"`},
		{"unknown", nil, 403, ""},
		{"not a time", "yesterday", 401, "invalid_token"},
	} {
		_, h := jwtService(t, key)
		w := get(t, h, "/payment", "Bearer "+sign(t, jwt.SigningMethodES256, key, claimsOf("auth0|AbC", jwt.MapClaims{"auth_time": c.at})))
		if w.Code != c.want || !strings.Contains(fmt.Sprint(w.Header()["Www-Authenticate"]), c.challenge) {
			t.Errorf("%s: %d with %v, want %d with %s", c.rule, w.Code, w.Header()["Www-Authenticate"], c.want, c.challenge)
		}
	}
}
