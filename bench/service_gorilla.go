package main

import (
	"net/http"
	"sync"

	"github.com/gorilla/securecookie"
	"github.com/gorilla/sessions"
)

const gorillaModule = "github.com/gorilla/sessions"

// loadGorilla loads pages whose session is a signed cookie of gorilla/sessions.
// Maps under a lock decide.
func loadGorilla(w *world, pages []string) (*site, error) {
	loaded, err := loadMaps(w)
	if err != nil {
		return nil, err
	}
	s := &lockedMaps{maps: loaded.(*maps)}
	store := sessions.NewCookieStore(securecookie.GenerateRandomKey(32))
	store.Options.Secure = false // plain HTTP on this machine
	user := func(r *http.Request) string {
		session, err := store.Get(r, "session")
		if err != nil {
			return ""
		}
		name, _ := session.Values["user"].(string)
		return name
	}
	save := func(w http.ResponseWriter, r *http.Request, change func(*sessions.Session)) {
		session, _ := store.Get(r, "session") // a new one if there was none
		change(session)
		if err := session.Save(r, w); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	}
	mux := http.NewServeMux()
	for _, name := range pages {
		mux.Handle("GET /"+name, decide(s, name, user))
	}
	mux.HandleFunc("POST /login", func(w http.ResponseWriter, r *http.Request) {
		save(w, r, func(session *sessions.Session) { session.Values["user"] = r.URL.Query().Get("user") })
	})
	mux.HandleFunc("POST /logout", func(w http.ResponseWriter, r *http.Request) {
		save(w, r, func(session *sessions.Session) { session.Options.MaxAge = -1 })
	})
	return &site{Handler: mux, subject: s}, nil
}

// lockedMaps are plain maps for requests and changes at the same time.
type lockedMaps struct {
	*maps
	mu sync.RWMutex
}

func (m *lockedMaps) check(user, permission string) bool {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.maps.check(user, permission)
}

func (m *lockedMaps) assign(user, group string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.maps.assign(user, group)
}

func (m *lockedMaps) deassign(user, group string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.maps.deassign(user, group)
}
