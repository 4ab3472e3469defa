package main

import (
	"net/http"

	"github.com/alexedwards/scs/v2"
	"github.com/casbin/casbin/v3"
)

const scsModule = "github.com/alexedwards/scs/v2"

// loadSCS returns a loader of pages whose session scs keeps in memory. The
// subject that load returns, an enforcer of casbin, decides.
func loadSCS(load func(*world) (subject, error)) func(*world, []string) (*site, error) {
	return func(w *world, pages []string) (*site, error) {
		s, err := load(w)
		if err != nil {
			return nil, err
		}
		sessions := scs.New() // with its store in memory
		mux := http.NewServeMux()
		user := func(r *http.Request) string { return sessions.GetString(r.Context(), "user") }
		for _, name := range pages {
			mux.Handle("GET /"+name, decide(s, name, user))
		}
		mux.HandleFunc("POST /login", func(w http.ResponseWriter, r *http.Request) {
			if err := sessions.RenewToken(r.Context()); err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			sessions.Put(r.Context(), "user", r.URL.Query().Get("user"))
		})
		mux.HandleFunc("POST /logout", func(w http.ResponseWriter, r *http.Request) {
			if err := sessions.Destroy(r.Context()); err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
			}
		})
		return &site{Handler: sessions.LoadAndSave(mux), subject: s}, nil
	}
}

// decide returns a handler as a service without httpguard writes the handler: a
// user in a session with the permission gets the page.
func decide(s subject, permission string, user func(*http.Request) string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch name := user(r); {
		case name == "":
			http.Error(w, "You must sign in first.", http.StatusUnauthorized)
		case !s.check(name, permission):
			http.Error(w, "You may not do this.", http.StatusForbidden)
		default:
			servePage(w, r)
		}
	})
}

// loadCasbinSynced loads an enforcer for requests and changes at the same time.
func loadCasbinSynced(w *world) (subject, error) {
	m, err := casbinModel(cheapFirst)
	if err != nil {
		return nil, err
	}
	e, err := casbin.NewSyncedEnforcer(m)
	return fillCasbin(e, err, w)
}
