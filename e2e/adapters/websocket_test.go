package adapters

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/httpguard"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

// patience is how long a test waits on a busy machine.
const patience = 20 * time.Second

// hall is a service with a WebSocket for readers. Texts to news reach one
// client; texts of clients come out of heard, with the name of the user.
type hall struct {
	t       *testing.T
	auth    *rbac.Authority
	store   *memorystore.Store
	news    chan string
	heard   chan string
	running sync.WaitGroup // WebSockets
	server  *httptest.Server
	stop    context.CancelFunc
	after   atomic.Int64 // how far the clock has been put forward
	sockets sockets
}

func (h *hall) now() time.Time {
	return time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC).Add(time.Duration(h.after.Load()))
}

// open opens one more Authority on the store of the hall.
func (h *hall) open() *rbac.Authority {
	a, err := rbac.Open(h.t.Context(), h.store, rbac.Config{
		Logger: slog.New(slog.DiscardHandler), Clock: h.now, IdleLimit: time.Hour, MaxStaleness: time.Second,
		Argon2id: rbac.Argon2id{MemoryKiB: 8, Time: 1, Threads: 1}, // unsafe outside tests
	})
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { a.Close() })
	return a
}

// openHall starts the service. The user bob may read reports, and amy may not.
func openHall(t *testing.T, cfg httpguard.Config, change func(*sockets)) *hall {
	t.Helper()
	h := &hall{t: t, store: memorystore.New(), news: make(chan string), heard: make(chan string, 10)}
	h.auth = h.open()
	err := h.auth.Declare(t.Context(), rbac.Catalogue{
		Permissions: []rbac.Permission{{Name: "report.read"}},
		Groups:      []rbac.Group{{Name: "reader"}},
		Grants:      []rbac.Grant{{Group: "reader", Permission: "report.read"}},
	})
	_, amy := h.auth.CreateUser(t.Context(), rbac.User{Name: "amy"}, "seven dry umbrellas")
	_, bob := h.auth.CreateUser(t.Context(), rbac.User{Name: "bob", Subject: "subject of bob"}, "seven dry umbrellas", "reader")
	if err := errors.Join(err, amy, bob); err != nil {
		t.Fatal(err)
	}
	guard := newGuard(h.auth, cfg)
	h.sockets = sockets{
		auth: h.auth, guard: guard, rule: mayRead, within: patience,
		news: func(context.Context) <-chan string { return h.news },
		receive: func(ctx context.Context, message []byte) error {
			h.heard <- rbac.FromContext(ctx).User() + ": " + string(message)
			return nil
		},
	}
	if change != nil {
		change(&h.sockets)
	}
	h.server = httptest.NewUnstartedServer(guard.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.running.Add(1)
		defer h.running.Done()
		h.sockets.ServeHTTP(w, r)
	})))
	h.server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError) // of panics
	var running context.Context
	running, h.stop = context.WithCancel(context.Background())
	h.server.Config.BaseContext = func(net.Listener) context.Context { return running }
	h.server.Start()
	t.Cleanup(h.server.Close)
	t.Cleanup(h.stop) // first
	return h
}

// connect opens the WebSocket of a user.
func (h *hall) connect(user string, header ...string) *websocket.Conn {
	h.t.Helper()
	c, resp, err := websocket.Dial(h.t.Context(), h.server.URL, &websocket.DialOptions{HTTPHeader: headerOf(h.t, h.auth, user, header...)})
	if err != nil {
		h.t.Fatalf("%v %v", err, resp)
	}
	h.t.Cleanup(func() { c.CloseNow() })
	return c
}

func headerOf(t *testing.T, a *rbac.Authority, user string, header ...string) http.Header {
	out := http.Header{}
	addHeader(out, t, a, user, header...)
	return out
}

// exchange sends a message in each direction.
func (h *hall) exchange(c *websocket.Conn) {
	h.t.Helper()
	if err := c.Write(h.t.Context(), websocket.MessageText, []byte("hello")); err != nil {
		h.t.Fatal(err)
	}
	if got := <-h.heard; got != "bob: hello" {
		h.t.Fatalf("the service has heard %q", got)
	}
	h.news <- "news"
	if _, got, err := c.Read(h.t.Context()); err != nil || string(got) != "news" {
		h.t.Fatalf("the client has got %q (%v)", got, err)
	}
}

// ends expects that the service closes the WebSocket with a code, sends nothing
// more, and leaves nothing running.
func (h *hall) ends(rule string, c *websocket.Conn, want websocket.StatusCode) {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(h.t.Context(), patience)
	defer cancel()
	_, got, err := c.Read(ctx)
	if websocket.CloseStatus(err) != want {
		h.t.Errorf("%s: the client gets %q, and ends with %v, want the code %d", rule, got, err, want)
	}
	h.isEmpty()
}

// isEmpty waits until no WebSocket is left.
func (h *hall) isEmpty() {
	h.t.Helper()
	empty := make(chan struct{})
	go func() { h.running.Wait(); close(empty) }()
	select {
	case <-empty:
	case <-time.After(patience):
		h.t.Fatal("a WebSocket goes on")
	}
}

// A WebSocket begins only for a user with the right, and never for a page of
// another site.
func TestWebSocketBegins(t *testing.T) {
	h := openHall(t, httpguard.Config{}, nil)
	site := openHall(t, httpguard.Config{Site: "http://app.example.com"}, nil)
	cookie := func(h *hall, user string) string {
		return "ticket=" + strings.TrimPrefix(bearer(t, h.auth, user), "Bearer ")
	}
	for _, c := range []struct {
		rule   string
		h      *hall
		user   string // with a Bearer token
		header []string
		want   int
	}{
		{"with the right", h, "bob", nil, 101},
		{"without the right", h, "amy", nil, 403},
		{"nobody", h, "", nil, 401},
		{"a ticket that is none", h, "", []string{"Authorization", "Bearer x"}, 401},
		{"by cookie, from a program", h, "", []string{"Cookie", cookie(h, "bob")}, 101},
		{"by cookie, from the service's page", h, "", []string{"Cookie", cookie(h, "bob"), "Origin", h.server.URL}, 101},
		{"by cookie, from another site", h, "", []string{"Cookie", cookie(h, "bob"), "Origin", "https://evil.example"}, 403},
		{"by cookie, from another port", h, "", []string{"Cookie", cookie(h, "bob"), "Origin", "http://127.0.0.1:1"}, 403},
		{"by cookie, from a file or a sandbox", h, "", []string{"Cookie", cookie(h, "bob"), "Origin", "null"}, 403},
		{"by cookie, and the browser says cross-site", h, "", []string{"Cookie", cookie(h, "bob"), "Sec-Fetch-Site", "cross-site"}, 403},
		{"by cookie, and the browser says same-site", h, "", []string{"Cookie", cookie(h, "bob"), "Sec-Fetch-Site", "same-site"}, 403},
		{"behind a proxy that changes the Host", site, "", []string{"Cookie", cookie(site, "bob"), "Origin", "http://app.example.com"}, 101},
		{"behind that proxy, from another site", site, "", []string{"Cookie", cookie(site, "bob"), "Origin", "https://evil.example"}, 403},
	} {
		conn, resp, err := websocket.Dial(t.Context(), c.h.server.URL, &websocket.DialOptions{HTTPHeader: headerOf(t, c.h.auth, c.user, c.header...)})
		if err == nil {
			c.h.exchange(conn)
			conn.CloseNow()
		}
		if resp == nil || resp.StatusCode != c.want || (err == nil) != (c.want == 101) {
			t.Errorf("%s: %v, want %d", c.rule, err, c.want)
		}
	}
	h.isEmpty()
	site.isEmpty()
}

// A WebSocket without the Guard's Handler is a fault, and not a WebSocket whose
// Origin nobody has checked.
func TestWebSocketWithoutHandler(t *testing.T) {
	h := openHall(t, httpguard.Config{}, nil)
	bare := httptest.NewServer(h.sockets)
	defer bare.Close()
	_, resp, err := websocket.Dial(t.Context(), bare.URL, &websocket.DialOptions{HTTPHeader: headerOf(t, h.auth, "bob")})
	if err == nil || resp.StatusCode != 500 {
		t.Errorf("the WebSocket begins with %v", resp)
	}
}

// ends are ways in which bob loses the right to be here.
var ends = map[string]func(*hall, *rbac.Authority) error{
	"logged out": func(h *hall, a *rbac.Authority) error { _, err := a.LogoutUser(h.t.Context(), "bob"); return err },
	"disabled": func(h *hall, a *rbac.Authority) error {
		return a.Update(h.t.Context(), func(tx *rbac.Tx) error {
			u, err := tx.User("bob")
			u.Disabled = true
			return errors.Join(err, tx.ModifyUser(u))
		})
	},
	"the membership is taken": func(h *hall, a *rbac.Authority) error {
		return a.Update(h.t.Context(), func(tx *rbac.Tx) error {
			return tx.DeassignUser(rbac.Membership{User: "bob", Group: "reader"})
		})
	},
	"the permission is revoked": func(h *hall, a *rbac.Authority) error {
		return a.Update(h.t.Context(), func(tx *rbac.Tx) error {
			return tx.RevokePermission(rbac.Grant{Group: "reader", Permission: "report.read"})
		})
	},
	"idle": func(h *hall, _ *rbac.Authority) error { h.after.Add(int64(62 * time.Minute)); return nil },
}

// A WebSocket on which nobody says anything ends with the ticket and with the
// right, whichever process ends them.
func TestWebSocketEnds(t *testing.T) {
	for rule, end := range ends {
		for where, elsewhere := range map[string]bool{"here": false, "in another process": true} {
			t.Run(rule+" "+where, func(t *testing.T) {
				h := openHall(t, httpguard.Config{}, nil)
				c, a := h.connect("bob"), h.auth
				h.exchange(c)
				if elsewhere {
					a = h.open()
				}
				if err := end(h, a); err != nil {
					t.Fatal(err)
				}
				h.ends(rule, c, websocket.StatusPolicyViolation)
			})
		}
	}
	h := openHall(t, httpguard.Config{}, nil)
	c := h.connect("bob")
	if err := h.auth.Close(); err != nil {
		t.Fatal(err)
	}
	h.ends("nobody can decide", c, websocket.StatusTryAgainLater)
}

// No message passes after the right has ended, even where nothing watches: the
// user of a host's own login has no ticket.
func TestWebSocketJudgesEachMessage(t *testing.T) {
	for rule, end := range ends {
		if rule == "logged out" || rule == "idle" {
			continue // are about a ticket
		}
		for _, direction := range []string{"from the client", "to the client"} {
			var h *hall
			h = openHall(t, httpguard.Config{Identify: func(r *http.Request) (*rbac.Identity, error) {
				return h.auth.IdentityBySubject(r.Context(), r.Header.Get("X-Subject"))
			}}, nil)
			c := h.connect("", "X-Subject", "subject of bob")
			h.exchange(c)
			if err := end(h, h.auth); err != nil {
				t.Fatal(err)
			}
			if direction == "from the client" {
				if err := c.Write(t.Context(), websocket.MessageText, []byte("too late")); err != nil {
					t.Fatal(err)
				}
			} else {
				h.news <- "too late"
			}
			h.ends(rule+", "+direction, c, websocket.StatusPolicyViolation)
			select {
			case got := <-h.heard:
				t.Errorf("%s: the service has heard %q", rule, got)
			default:
			}
		}
	}
}

// Messages of the client are uses of the ticket. News are not: the user may have
// left.
func TestWebSocketAndIdleTickets(t *testing.T) {
	h := openHall(t, httpguard.Config{}, nil)
	c := h.connect("bob")
	for range 6 {
		h.after.Add(int64(20 * time.Minute))
		h.exchange(c)
	}
	for range 2 {
		h.after.Add(int64(20 * time.Minute))
		h.news <- "news"
		if _, _, err := c.Read(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	h.after.Add(int64(22 * time.Minute))
	h.ends("an hour after the last message of the client", c, websocket.StatusPolicyViolation)
}

// A fault of the service, a client that does not read and a client that is gone
// leave no goroutine behind.
func TestWebSocketLeavesNothing(t *testing.T) {
	before := runtime.NumGoroutine()
	for rule, f := range map[string]func(*testing.T){
		"a panic": func(t *testing.T) {
			h := openHall(t, httpguard.Config{}, func(s *sockets) {
				s.receive = func(context.Context, []byte) error { panic("a fault of the service") }
			})
			c := h.connect("bob")
			if err := c.Write(t.Context(), websocket.MessageText, []byte("hello")); err != nil {
				t.Fatal(err)
			}
			if _, got, err := c.Read(t.Context()); err == nil {
				t.Errorf("the client gets %q", got)
			}
			h.isEmpty()
		},
		"an error": func(t *testing.T) {
			h := openHall(t, httpguard.Config{}, func(s *sockets) {
				s.receive = func(context.Context, []byte) error { return errors.New("not this") }
			})
			c := h.connect("bob")
			if err := c.Write(t.Context(), websocket.MessageText, []byte("hello")); err != nil {
				t.Fatal(err)
			}
			h.ends("an error", c, websocket.StatusInternalError)
		},
		"a message that is too long": func(t *testing.T) {
			h := openHall(t, httpguard.Config{}, nil)
			c := h.connect("bob")
			_ = c.Write(t.Context(), websocket.MessageText, make([]byte, 1<<20)) // may fail: the service closes
			h.isEmpty()
		},
		"a client that does not read": func(t *testing.T) {
			much := make(chan string)
			h := openHall(t, httpguard.Config{}, func(s *sockets) {
				s.within = 200 * time.Millisecond
				s.news = func(ctx context.Context) <-chan string { return much }
			})
			h.connect("bob")
			done := make(chan struct{})
			defer close(done)
			go func() {
				for text := strings.Repeat("x", 1<<20); ; {
					select {
					case much <- text:
					case <-done:
						return
					}
				}
			}()
			h.isEmpty()
		},
		"a client that does not answer pings": func(t *testing.T) {
			h := openHall(t, httpguard.Config{}, func(s *sockets) { s.within = 50 * time.Millisecond })
			h.connect("bob") // a client answers while it reads
			h.isEmpty()
		},
		"a client that is gone": func(t *testing.T) {
			h := openHall(t, httpguard.Config{}, nil)
			h.connect("bob").CloseNow()
			h.isEmpty()
		},
		"a service that ends": func(t *testing.T) {
			h := openHall(t, httpguard.Config{}, nil)
			c := h.connect("bob")
			h.exchange(c)
			h.stop()
			if _, got, err := c.Read(t.Context()); err == nil {
				t.Errorf("the client gets %q", got)
			}
			h.isEmpty()
		},
	} {
		t.Run(rule, f)
	}
	for begin := time.Now(); runtime.NumGoroutine() > before; time.Sleep(10 * time.Millisecond) {
		if time.Since(begin) > patience {
			stacks := make([]byte, 1<<20)
			t.Fatalf("%d goroutines, and %d before:\n%s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
		}
	}
}
