package main

import (
	"net/http"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/httpguard"
)

// loadGuard returns a loader of pages behind httpguard, with an Authority that
// load opens.
func loadGuard(load func(*world) (subject, error)) func(*world, []string) (*site, error) {
	return func(w *world, pages []string) (*site, error) {
		s, err := load(w)
		if err != nil {
			return nil, err
		}
		a := s.(*authority)
		guard := httpguard.New(a.Authority, httpguard.Config{Insecure: true, Logger: discard}) // plain HTTP on this machine
		mux := guard.NewMux()
		for _, name := range pages {
			mux.Handle("GET /"+name, rbac.HasPermission(name), http.HandlerFunc(servePage))
		}
		mux.Public("POST /login", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			token, err := a.Issue(r.Context(), rbac.Login{User: r.URL.Query().Get("user")})
			if err != nil {
				guard.Deny(w, r, err)
				return
			}
			guard.SetTicket(w, r, token)
		}))
		mux.Public("/logout", guard.LogoutHandler())
		return &site{Handler: guard.Handler(mux), subject: s}, nil
	}
}
