package main

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/examples/internal/web"
	"github.com/rbac-go/rbac/httpguard"
)

// chat has the values that its pages and streams need.
type chat struct {
	authority *rbac.Authority
	guard     *httpguard.Guard
	hub       *hub
	now       func() time.Time // the Authority's clock
	beat      time.Duration    // between two signs of life of a stream

	running    context.Context // ends all streams
	endStreams context.CancelFunc
	working    sync.WaitGroup
}

// newChat returns a chat that follows its history. Close the chat before the
// Authority.
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

// routes decides who may do what: every pattern has a predicate or is Public.
// The rules of a room are in room.go, and count in the scope of the room that
// the path names.
//
// Streams are passive: a browser opens them by itself, and again after each
// network fault. A user who does nothing is therefore logged out in time, with
// the page open.
func (c *chat) routes() (*httpguard.Mux, http.Handler) {
	mux := c.guard.NewMux()
	mux.Handle("GET /{$}", rbac.NotAnonymous(), http.HandlerFunc(c.home))
	for _, route := range []struct {
		pattern string
		rule    func(room) rbac.Predicate
		handler http.Handler
	}{
		{"GET /rooms/{room}", room.mayRead, http.HandlerFunc(c.readRoom)},
		{"GET /rooms/{room}/events", room.mayRead, c.guard.Passive(http.HandlerFunc(c.stream))},
		{"POST /rooms/{room}/messages", room.maySpeak, http.HandlerFunc(c.say)},
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
	return mux, web.Headers(contentPolicy, c.guard.Handler(web.Forms(64<<10, mux)))
}

// contentPolicy lets pages load nothing but our style and our script, and be
// framed by nobody.
const contentPolicy = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; " +
	"form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
