package main

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/httpguard"
)

// chat holds what its pages and streams need.
type chat struct {
	authority *rbac.Authority
	guard     *httpguard.Guard
	hub       *hub
	now       func() time.Time // the Authority's clock
	beat      time.Duration    // how often a stream says that it lives

	running    context.Context // ends all streams
	endStreams context.CancelFunc
	working    sync.WaitGroup
}

// newChat makes a chat and follows its history. Close it before the Authority.
func newChat(ctx context.Context, a *rbac.Authority) (*chat, error) {
	c := &chat{authority: a, now: time.Now, beat: 15 * time.Second}
	c.guard = httpguard.New(a, httpguard.Config{
		Insecure:      true, // plain HTTP, to this computer only. Unsafe everywhere else.
		LoginTemplate: templates.Lookup("login.html"),
		Denied:        c.denied,
	})
	var err error
	if c.hub, err = newHub(ctx, a); err != nil {
		return nil, err
	}
	c.running, c.endStreams = context.WithCancel(context.Background())
	c.working.Go(func() { c.hub.follow(c.running, pollEvery) })
	return c, nil
}

func (c *chat) close() {
	c.endStreams()
	c.working.Wait()
}

// routes says who may do what: no pattern without a predicate, unless it is Public. The rules of a room
// are those of room.go, in the scope of the room that the path names.
func (c *chat) routes() (*httpguard.Mux, http.Handler) {
	mux := c.guard.NewMux()
	mux.Handle("GET /{$}", rbac.NotAnonymous(), http.HandlerFunc(c.home))
	for _, route := range []struct {
		pattern string
		rule    func(room) rbac.Predicate
		handler http.HandlerFunc
	}{
		{"GET /rooms/{room}", room.mayRead, c.readRoom},
		{"GET /rooms/{room}/events", room.mayRead, c.stream},
		{"POST /rooms/{room}/messages", room.maySpeak, c.say},
		{"POST /rooms/{room}/mute", room.mayModerate, c.moderate(mute)},
		{"POST /rooms/{room}/unmute", room.mayModerate, c.moderate(unmute)},
		{"POST /rooms/{room}/remove", room.mayModerate, c.moderate(remove)},
		{"POST /rooms/{room}/admit", room.mayModerate, c.moderate(c.admit)},
	} {
		mux.HandleRule(route.pattern, in(route.rule), route.handler)
		mux.Describe(route.pattern, route.rule(room{Name: "{room}"}).String())
	}
	disabling := rbac.HasPermission("account.disable")
	mux.Handle("POST /rooms/{room}/disable", disabling, c.moderate(disable))
	mux.Handle("POST /rooms/{room}/enable", disabling, c.moderate(enable))
	mux.Public("/login", c.guard.LoginHandler())
	mux.Public("/logout", c.guard.LogoutHandler())
	mux.Public("GET /style.css", http.FileServerFS(files))
	mux.Public("GET /chat.js", http.FileServerFS(files))
	return mux, headers(quiet(c.guard.Handler(forms(mux))))
}

// headers lets pages load nothing but our style and our script, and be framed by nobody.
func headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "+
			"form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		next.ServeHTTP(w, r)
	})
}

// quiet keeps streams from counting as use of the ticket: a browser opens them by itself, again and again
// where the network is bad. So who does nothing is logged out in time, with the page open.
func quiet(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/events") {
			r = r.WithContext(rbac.WithoutUse(r.Context()))
		}
		next.ServeHTTP(w, r)
	})
}

// forms reads what was sent, so that handlers find it in r.PostForm.
func forms(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
		if err := r.ParseForm(); err != nil {
			status := http.StatusBadRequest
			if errors.As(err, new(*http.MaxBytesError)) {
				status = http.StatusRequestEntityTooLarge
			}
			http.Error(w, "What you sent could not be read: "+err.Error(), status)
			return
		}
		next.ServeHTTP(w, r)
	})
}
