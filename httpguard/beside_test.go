package httpguard

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

// Beside a running application, which identifies the users, an empty store does
// not know the names of the rules: Validate lists each, and Not refuses
// visitors. After Declare both are in order. IsUserID needs a user of the store.
func TestBesideAnEmptyStore(t *testing.T) {
	a, err := rbac.Open(t.Context(), memorystore.New(), rbac.Config{Logger: quiet(Config{}).Logger})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	g := New(a, quiet(Config{Identify: byHeader}))
	mux, content := g.NewMux(), &countingHandler{}
	mux.Handle("/all", rbac.Not(rbac.InGroup("banned")), content)
	mux.Handle("/own", rbac.IsUserID(uuid.New()), content)
	mux.Handle("/named", rbac.IsUser("amy"), content)
	status := func(path, who string) int {
		r := httptest.NewRequest("GET", path, nil)
		r.Header.Set("X-Who", who)
		w := httptest.NewRecorder()
		g.Handler(mux).ServeHTTP(w, r)
		return w.Code
	}
	for _, declared := range []bool{false, true} {
		visitor := http.StatusUnauthorized
		if declared {
			if err := a.Declare(t.Context(), rbac.Catalogue{Groups: []rbac.Group{{Name: "banned"}}}); err != nil {
				t.Fatal(err)
			}
			visitor = http.StatusOK
		}
		if err := mux.Validate(); (err == nil) != declared || err != nil && !strings.Contains(err.Error(), "banned") {
			t.Errorf("declared: %v, Validate: %v", declared, err)
		}
		for _, c := range []struct {
			path, who string
			want      int
		}{
			{"/all", "", visitor}, {"/all", "amy", http.StatusOK}, {"/all", "banned", http.StatusForbidden},
			{"/own", "amy", http.StatusForbidden}, {"/named", "amy", http.StatusOK}, {"/named", "bob", http.StatusForbidden},
		} {
			if got := status(c.path, c.who); got != c.want {
				t.Errorf("declared: %v, %s of %q: %d, want %d", declared, c.path, c.who, got, c.want)
			}
		}
	}
}
