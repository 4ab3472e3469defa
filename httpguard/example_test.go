package httpguard_test

import (
	"context"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"time"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/httpguard"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

func Example() {
	ctx := context.Background()
	quiet := slog.New(slog.DiscardHandler)
	a, err := rbac.Open(ctx, memorystore.New(), rbac.Config{Logger: quiet})
	if err != nil {
		log.Fatal(err)
	}
	defer a.Close()
	err = a.Update(rbac.WithActor(ctx, "setup"), func(tx *rbac.Tx) error {
		if _, err := tx.AddUser(rbac.User{Name: "amy"}); err != nil {
			return err
		}
		if _, err := tx.AddGroup(rbac.Group{Name: "managers"}); err != nil {
			return err
		}
		return tx.AssignUser(rbac.Membership{User: "amy", Group: "managers"})
	})
	if err != nil {
		log.Fatal(err)
	}

	g := httpguard.New(a, httpguard.Config{Logger: quiet})
	mux := g.NewMux()
	mux.Public("/login", g.LoginHandler())
	mux.Public("/{$}", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "welcome") }))
	mux.Handle("/admin/", rbac.InGroup("managers"), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "hello %s", rbac.FromContext(r.Context()).User())
	}))
	service := g.Handler(mux)

	for _, route := range mux.Routes() {
		fmt.Printf("%-8s %s\n", route.Pattern, route.Rule)
	}

	amy, err := a.Issue(ctx, rbac.Login{User: "amy"}) // or Login, with a password
	if err != nil {
		log.Fatal(err)
	}
	ask := func(path, header, value string) {
		r := httptest.NewRequest("GET", path, nil)
		r.Header.Set(header, value)
		w := httptest.NewRecorder()
		service.ServeHTTP(w, r)
		fmt.Printf("%d %s %q\n", w.Code, path, w.Header().Get("Location"))
	}
	ask("/", "Accept", "text/html")
	ask("/admin/?tab=users", "Accept", "text/html")
	ask("/admin/", "Accept", "application/json")
	ask("/admin/", "Authorization", "Bearer "+amy.Secret())
	// Output:
	// /login   public
	// /{$}     public
	// /admin/  in_group("managers")
	// 200 / ""
	// 303 /admin/?tab=users "/login?came_from=%2Fadmin%2F%3Ftab%3Dusers"
	// 401 /admin/ ""
	// 200 /admin/ ""
}

// A function of the program puts a condition before those of many routes.
func ExampleMux_Handle() {
	a, err := rbac.Open(context.Background(), memorystore.New(), rbac.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		log.Fatal(err)
	}
	defer a.Close()
	mux := httpguard.New(a, httpguard.Config{}).NewMux()
	stock := http.NotFoundHandler()

	staff := func(p rbac.Predicate) rbac.Predicate { return rbac.All(rbac.InGroup("staff"), p) }
	mux.Handle("GET /stock", staff(rbac.HasPermission("stock.read")), stock)
	mux.Handle("POST /stock", staff(rbac.HasPermission("stock.write")), stock)

	for _, route := range mux.Routes() {
		fmt.Println(route.Rule)
	}
	// Output:
	// all(in_group("staff"), has_permission("stock.read"))
	// all(in_group("staff"), has_permission("stock.write"))
}

// A page asks for news every five minutes. The requests do not keep the session
// of a user who has left alive: after an hour without any other request, the
// session has ended, and the page learns so.
func ExampleGuard_Passive() {
	ctx := context.Background()
	var minutes atomic.Int64
	clock := func() time.Time {
		return time.Date(2030, 1, 1, 12, int(minutes.Load()), 0, 0, time.UTC)
	}
	quiet := slog.New(slog.DiscardHandler)
	a, err := rbac.Open(ctx, memorystore.New(), rbac.Config{Logger: quiet, Clock: clock})
	if err != nil {
		log.Fatal(err)
	}
	defer a.Close()
	if _, err := a.CreateUser(ctx, rbac.User{Name: "amy"}, "correct horse battery"); err != nil {
		log.Fatal(err)
	}
	guard := httpguard.New(a, httpguard.Config{Logger: quiet})

	mux := guard.NewMux()
	news := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "nothing new") })
	mux.Handle("GET /news", rbac.NotAnonymous(), guard.Passive(news))
	service := guard.Handler(mux)

	amy, err := a.Issue(ctx, rbac.Login{User: "amy"})
	if err != nil {
		log.Fatal(err)
	}
	ask := func() int {
		r := httptest.NewRequest("GET", "/news", nil)
		r.Header.Set("Authorization", "Bearer "+amy.Secret())
		w := httptest.NewRecorder()
		service.ServeHTTP(w, r)
		return w.Code
	}
	for range 12 {
		minutes.Add(5)
		if status := ask(); status != http.StatusOK {
			fmt.Println(status, "too early")
		}
	}
	minutes.Add(5)
	fmt.Println(ask())
	// Output: 401
}
