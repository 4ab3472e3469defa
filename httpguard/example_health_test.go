package httpguard_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/httpguard"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

// A check of readiness stands beside the guarded service, so that a probe needs
// neither a ticket nor the name of the site.
func ExampleHealth() {
	auth, err := rbac.Open(context.Background(), memorystore.New(), rbac.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		panic(err)
	}
	guard := httpguard.New(auth, httpguard.Config{})
	service := guard.NewMux()

	root := http.NewServeMux()
	root.Handle("/readyz", httpguard.Health(auth))
	root.Handle("/", guard.Handler(service))

	probe := func() {
		w := httptest.NewRecorder()
		root.ServeHTTP(w, httptest.NewRequest("GET", "/readyz", nil))
		fmt.Print(w.Code, " ", w.Body)
	}
	probe()
	auth.Close()
	probe()
	// Output:
	// 200 ok
	// 503 store unavailable
}
