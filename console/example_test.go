package console_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http/httptest"
	"os"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/console"
	"github.com/rbac-go/rbac/httpguard"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

// mount adds the console to the routes of a service.
func mount(mux *httpguard.Mux, guard *httpguard.Guard, auth *rbac.Authority) error {
	h, err := console.New(guard, auth, console.Config{Name: "Blog administration"})
	if err != nil {
		return err
	}
	mux.Handle("/admin/", rbac.NotAnonymous(), h)
	return nil
}

// A console for those who may administer, and for nobody else.
func Example() {
	ctx := rbac.WithActor(context.Background(), "setup")
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	auth, err := rbac.Open(ctx, memorystore.New(), rbac.Config{Logger: quiet})
	if err != nil {
		panic(err)
	}
	defer auth.Close()
	guard := httpguard.New(auth, httpguard.Config{Logger: quiet, Site: "https://app.example.com"})
	mux := guard.NewMux()
	if err := mount(mux, guard, auth); err != nil {
		panic(err)
	}
	w := httptest.NewRecorder()
	guard.Handler(mux).ServeHTTP(w, httptest.NewRequest("GET", "https://app.example.com/admin/", nil))
	fmt.Println(w.Code)
	// Output: 401
}

// The console in the colours of the host.
func ExampleConfig() {
	cfg := console.Config{Theme: ":root { --accent: #7a1f5c }"}
	fmt.Println(cfg.Theme)
	// Output: :root { --accent: #7a1f5c }
}

// A console that also speaks German, by the file texts/de.txt of the host.
func ExampleConfig_texts() {
	cfg := console.Config{Texts: os.DirFS("texts")}
	_ = cfg // for console.New
}

// A console with a button that signs the person out by the host's handler.
func ExampleConfig_logout() {
	cfg := console.Config{Logout: "/logout"}
	_ = cfg // for console.New
}
