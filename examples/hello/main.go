// Command hello is the program of the README: a service that guards one route.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"time"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/httpguard"
	sqlitestore "github.com/rbac-go/rbac/store_sqlite"
)

func main() {
	ctx := context.Background()
	store := must(sqlitestore.Open(ctx, "hello.db", sqlitestore.Options{}))
	auth := must(rbac.Open(ctx, store, rbac.Config{}))
	check(auth.Declare(ctx, rbac.Catalogue{
		Permissions: []rbac.Permission{{Name: "report.read"}},
		Groups:      []rbac.Group{{Name: "analysts"}},
		Grants:      []rbac.Grant{{Group: "analysts", Permission: "report.read"}},
	}))
	check(addAmy(ctx, auth))

	guard := httpguard.New(auth, httpguard.Config{Insecure: true}) // plain HTTP: for development only
	mux := guard.NewMux()
	mux.Handle("/report", rbac.HasPermission("report.read"), http.HandlerFunc(report))
	mux.Public("/login", guard.LoginHandler())
	mux.Public("/logout", guard.LogoutHandler())
	server := &http.Server{
		Addr:              "127.0.0.1:8081",
		Handler:           guard.Handler(mux),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       2 * time.Minute,
	}
	log.Fatal(server.ListenAndServe())
}

func report(w http.ResponseWriter, r *http.Request) {
	fmt.Fprintf(w, "Hello %s, this is the report.\n", rbac.FromContext(r.Context()).User())
}

func addAmy(ctx context.Context, auth *rbac.Authority) error {
	_, err := auth.CreateUser(ctx, rbac.User{Name: "amy"}, "correct horse battery staple", "analysts")
	if errors.Is(err, rbac.ErrExists) {
		return nil // from an earlier run
	}
	return err
}

func must[T any](v T, err error) T {
	check(err)
	return v
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
