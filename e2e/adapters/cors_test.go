package adapters

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/rbac-go/rbac/rbactest"
)

// An application of a trusted origin signs in and uses its token. Another
// origin gets neither an answer that its scripts may read nor a login.
func TestPagesOfAnotherOrigin(t *testing.T) {
	a := rbactest.World(t, world)
	service, err := newCORS(a, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	if err != nil {
		t.Fatal(err)
	}
	send := func(origin, method, path, body string, headers ...string) *http.Response {
		t.Helper()
		r := httptest.NewRequest(method, "https://api.example.com"+path, strings.NewReader(body))
		r.Header.Set("Origin", origin)
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Sec-Fetch-Site", "same-site")
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		w := httptest.NewRecorder()
		service.ServeHTTP(w, r)
		return w.Result()
	}
	const login = `{"user":"bob","password":"bob password 123"}`
	preflight := []string{"Access-Control-Request-Method", "PUT", "Access-Control-Request-Headers", "authorization"}

	const ui = "https://ui.example.com"
	resp := send(ui, "OPTIONS", "/report", "", preflight...)
	if resp.StatusCode != http.StatusNoContent || resp.Header.Get("Access-Control-Allow-Origin") != ui || resp.Header.Get("Access-Control-Allow-Headers") != "authorization" {
		t.Errorf("preflight: %s %v", resp.Status, resp.Header)
	}
	if resp.Header.Get("Access-Control-Allow-Credentials") != "" {
		t.Error("credentials are allowed")
	}
	resp = send(ui, "POST", "/login", login)
	var answer struct{ Token string }
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || answer.Token == "" || resp.Header.Get("Access-Control-Allow-Origin") != ui {
		t.Fatalf("login: %s %v %v", resp.Status, resp.Header, err)
	}
	resp = send(ui, "PUT", "/report", "", "Authorization", "Bearer "+answer.Token)
	if resp.StatusCode != http.StatusNoContent || resp.Header.Get("Access-Control-Allow-Origin") != ui {
		t.Errorf("report: %s %v", resp.Status, resp.Header)
	}
	if resp = send(ui, "PUT", "/report", ""); resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("report without a token: %s", resp.Status)
	}

	const evil = "https://evil.example"
	if resp = send(evil, "OPTIONS", "/report", "", preflight...); resp.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("preflight of another origin: %v", resp.Header)
	}
	if resp = send(evil, "POST", "/login", login); resp.StatusCode != http.StatusForbidden {
		t.Errorf("login from another origin: %s", resp.Status)
	}
}
