package adapters

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/coder/websocket"
	"github.com/gin-gonic/gin"
	"github.com/go-chi/chi/v5"
	"github.com/gofiber/fiber/v3"
	"github.com/gofiber/fiber/v3/middleware/adaptor"
	"github.com/labstack/echo/v5"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/httpguard"
	"github.com/rbac-go/rbac/rbactest"
)

// hostile start a service with each router that has groups of routes and other
// people's handlers below a prefix:
//
//	GET /api/report/{id}  in a group, for readers
//	GET /ours/…           a mounted handler, for readers
//	all /mounted/…        a mounted handler without a rule
//	GET /fault            has a rule that panics
//	GET /crash            has a handler that panics, for readers
//	GET /socket           a WebSocket, for readers
var hostile = map[string]func(*testing.T, *httpguard.Guard, http.Handler) string{
	"mux": hostileMux, "chi": hostileChi, "gin": hostileGin, "echo": hostileEcho, "fiber": hostileFiber,
}

var faulty = rbac.Func("faulty", func(*rbac.Identity) bool { panic("a fault of the rule") })

func crash(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

func hostileMux(t *testing.T, g *httpguard.Guard, socket http.Handler) string {
	mux := g.NewMux()
	api := http.NewServeMux()
	api.HandleFunc("/report/{id}", secret)
	mux.Handle("GET /api/", mayRead, http.StripPrefix("/api", api))
	mux.Handle("GET /ours/", mayRead, http.HandlerFunc(secret))
	mux.Handle("/mounted/", everybody, g.Require(nil)(http.HandlerFunc(secret))) // a Mux takes no nil rule
	mux.Handle("GET /fault", faulty, http.HandlerFunc(secret))
	mux.Handle("GET /crash", mayRead, http.HandlerFunc(crash))
	mux.Handle("GET /socket", mayRead, socket)
	return listen(t, g.Handler(mux))
}

func hostileChi(t *testing.T, g *httpguard.Guard, socket http.Handler) string {
	rules := map[string]rbac.Predicate{"GET /api/*": mayRead, "GET /ours/*": mayRead, "GET /fault": faulty, "GET /crash": mayRead, "GET /socket": mayRead}
	return listen(t, chiService(g, rules, func(r chi.Router) {
		r.Route("/api", func(r chi.Router) { r.Get("/report/{id}", secret) })
		r.Mount("/ours", http.HandlerFunc(secret))
		r.Mount("/mounted", http.HandlerFunc(secret))
		r.Get("/fault", secret)
		r.Get("/crash", crash)
		r.Get("/socket", socket.ServeHTTP)
	}))
}

func hostileGin(t *testing.T, g *httpguard.Guard, socket http.Handler) string {
	gin.SetMode(gin.TestMode)
	rules := map[string]rbac.Predicate{"GET /api/report/:id": mayRead, "GET /ours/*path": mayRead, "GET /fault": faulty, "GET /crash": mayRead, "GET /socket": mayRead}
	return listen(t, ginService(g, rules, func(r gin.IRouter) {
		r.Group("/api").GET("/report/:id", gin.WrapF(secret))
		r.Any("/ours/*path", gin.WrapF(secret))
		r.Any("/mounted/*path", gin.WrapF(secret))
		r.GET("/fault", gin.WrapF(secret))
		r.GET("/crash", gin.WrapF(crash))
		r.GET("/socket", gin.WrapH(socket))
	}))
}

func hostileEcho(t *testing.T, g *httpguard.Guard, socket http.Handler) string {
	rules := map[string]rbac.Predicate{"GET /api/report/:id": mayRead, "GET /ours/*": mayRead, "GET /fault": faulty, "GET /crash": mayRead, "GET /socket": mayRead}
	wrapped := echo.WrapHandler(http.HandlerFunc(secret))
	return listen(t, echoService(g, rules, func(r *echo.Group) {
		r.Group("/api").GET("/report/:id", wrapped)
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"} {
			r.Add(method, "/ours/*", wrapped)
			r.Add(method, "/mounted/*", wrapped)
		}
		r.GET("/fault", wrapped)
		r.GET("/crash", echo.WrapHandler(http.HandlerFunc(crash)))
		r.GET("/socket", echo.WrapHandler(socket))
	}))
}

// hostileFiber has no /crash, which would end the process, and no WebSocket.
func hostileFiber(t *testing.T, g *httpguard.Guard, _ http.Handler) string {
	wrapped := func(c fiber.Ctx) error { return c.SendString("secret for " + rbac.FromContext(c).User()) }
	return listenFiber(t, fiberService(g, func(handle func(string, string, rbac.Predicate, fiber.Handler)) {
		handle("GET", "/api/report/:id", mayRead, wrapped)
		handle("GET", "/ours/*", mayRead, adaptor.HTTPHandler(http.HandlerFunc(secret)))
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"} {
			handle(method, "/mounted/*", nil, wrapped)
		}
		handle("GET", "/fault", faulty, wrapped)
		handle("GET", "/socket", mayRead, wrapped)
	}))
}

// upgrade are the headers of a WebSocket.
var upgrade = []string{"Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="}

// Each request is refused by every router, with one of some statuses, or is
// allowed: with 200.
func TestHostileRequests(t *testing.T) {
	closed := []int{400, 401, 403, 404, 405}
	evil := append([]string{"Origin: https://evil.example"}, upgrade...)
	cases := []struct {
		rule, user, line string
		headers          []string // COOKIE is the user's
		want             []int
	}{
		{"a route in a group", "bob", "GET /api/report/1", nil, []int{200}},
		{"a route in a group", "amy", "GET /api/report/1", nil, []int{403}},
		{"a route in a group", "", "GET /api/report/1", nil, []int{401}},
		{"a path below a group without a route", "amy", "GET /api/other", nil, []int{403, 404}},
		{"HEAD of a guarded route", "amy", "HEAD /api/report/1", nil, closed},
		{"HEAD of a guarded route", "", "HEAD /api/report/1", nil, closed},
		{"OPTIONS of a guarded route", "amy", "OPTIONS /api/report/1", nil, closed},
		{"OPTIONS of a guarded route", "", "OPTIONS /api/report/1", []string{"Origin: https://evil.example", "Access-Control-Request-Method: GET"}, closed},
		{"a mounted handler with a rule", "bob", "GET /ours/secret", nil, []int{200}},
		{"a mounted handler with a rule", "amy", "GET /ours/secret", nil, []int{403}},
		{"another method of the mounted handler", "root", "POST /ours/secret", nil, []int{403, 404, 405}},
		{"a method that a header overrides", "root", "POST /ours/secret", []string{"X-HTTP-Method-Override: GET", "X-HTTP-Method: GET", "X-Method-Override: GET"}, []int{403, 404, 405}},
		{"a method that the query overrides", "root", "POST /ours/secret?_method=GET", nil, []int{403, 404, 405}},
		{"a path that a header overrides", "amy", "GET /unknown", []string{"X-Original-URL: /api/report/1", "X-Rewrite-URL: /ours/x", "X-Forwarded-Prefix: /ours"}, []int{403, 404}},
		{"a mounted handler without a rule", "root", "GET /mounted/secret", nil, []int{403}},
		{"a mounted handler without a rule", "", "GET /mounted/secret", nil, []int{401}},
		{"the prefix itself", "root", "GET /mounted/", nil, []int{403, 404}},
		{"another method below the prefix", "root", "DELETE /mounted/secret", nil, []int{403}},
		{"HEAD below the prefix", "root", "HEAD /mounted/secret", nil, []int{403}},
		{"OPTIONS below the prefix", "root", "OPTIONS /mounted/secret", nil, []int{403}},
		{"out of an open prefix", "amy", "GET /mounted/../ours/secret", nil, []int{400}},
		{"the same, escaped", "amy", "GET /mounted/%2e%2e/ours/secret", nil, []int{400}},
		{"an escaped slash in the prefix", "amy", "GET /ours%2fsecret", nil, []int{400, 404}},
		{"an escaped letter of the prefix", "amy", "GET /%6furs/secret", nil, []int{403, 404}},
		{"the prefix in capitals", "amy", "GET /OURS/secret", nil, []int{403, 404}},
		{"a rule that panics", "root", "GET /fault", nil, []int{403}},
		{"a rule that panics", "", "GET /fault", nil, []int{401}},
		{"a WebSocket of nobody", "", "GET /socket", upgrade, []int{401}},
		{"a WebSocket without the right", "amy", "GET /socket", upgrade, []int{403}},
		{"a WebSocket of another site", "", "GET /socket", append([]string{"COOKIE"}, evil...), []int{403}},
		{"a WebSocket where none is expected", "", "GET /api/report/1", append([]string{"COOKIE"}, evil...), []int{403}},
		{"a WebSocket below a prefix without a rule", "root", "GET /mounted/socket", upgrade, []int{403}},
		{"another protocol of another site", "", "GET /api/report/1", []string{"COOKIE", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA", "Origin: https://evil.example"}, []int{403}},
	}
	eachHostile(t, func(t *testing.T, a *rbac.Authority, addr string) {
		for _, c := range cases {
			headers := []string{"Content-Length: 0"}
			for _, h := range c.headers {
				if h == "COOKIE" {
					h = "Cookie: ticket=" + strings.TrimPrefix(bearer(t, a, "bob"), "Bearer ")
				}
				headers = append(headers, h)
			}
			if c.user != "" {
				headers = append(headers, "Authorization: "+bearer(t, a, c.user))
			}
			resp, body := dial(t, addr).send(c.line, headers...)
			if !slices.Contains(c.want, resp.StatusCode) {
				t.Errorf("%s: %s by %q is answered with %d, want one of %d", c.rule, c.line, c.user, resp.StatusCode, c.want)
			}
			if resp.StatusCode != 200 && (strings.Contains(body, "secret") || resp.Header.Get("Access-Control-Allow-Origin") != "") {
				t.Errorf("%s: %s by %q gets %q and %v", c.rule, c.line, c.user, body, resp.Header)
			}
		}
	})
}

func eachHostile(t *testing.T, test func(*testing.T, *rbac.Authority, string)) {
	t.Helper()
	for name, serve := range hostile {
		t.Run(name, func(t *testing.T) {
			a := rbactest.World(t, world)
			guard := newGuard(a, httpguard.Config{})
			socket := sockets{auth: a, guard: guard, rule: mayRead, within: patience,
				news:    func(context.Context) <-chan string { return nil },
				receive: func(context.Context, []byte) error { return nil }}
			test(t, a, serve(t, guard, socket))
		})
	}
}

// Routers reuse their contexts. After a panic, and in many requests at once,
// nobody is taken for somebody else.
func TestHostileReuse(t *testing.T) {
	eachHostile(t, func(t *testing.T, a *rbac.Authority, addr string) {
		tokens := map[string]string{"bob": bearer(t, a, "bob"), "root": bearer(t, a, "root"), "amy": bearer(t, a, "amy")}
		want := map[string]string{"bob": "200 secret for bob", "root": "200 secret for root", "amy": "403", "": "401"}
		var all sync.WaitGroup
		for n := range 8 {
			all.Go(func() {
				for i, user := range slices.Repeat([]string{"bob", "", "root", "amy", ""}, 20) {
					req, err := http.NewRequest("GET", "http://"+addr+"/api/report/1", nil)
					if err != nil {
						t.Error(err)
						return
					}
					if user != "" {
						req.Header.Set("Authorization", tokens[user])
					}
					if (i+n)%10 == 0 && !strings.HasSuffix(t.Name(), "fiber") {
						crash := req.Clone(t.Context())
						crash.URL.Path = "/crash"
						if resp, err := http.DefaultClient.Do(crash); err == nil {
							resp.Body.Close()
							if resp.StatusCode == 200 {
								t.Errorf("a crash is answered with %d", resp.StatusCode)
							}
						}
					}
					if got := answerOf(req); !strings.HasPrefix(got, want[user]) || want[user] != got && strings.HasPrefix(got, "200") {
						t.Errorf("%q gets %q", user, got)
					}
				}
			})
		}
		all.Wait()
	})
}

func answerOf(req *http.Request) string {
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err.Error()
	}
	defer resp.Body.Close()
	body := make([]byte, 100)
	n, _ := resp.Body.Read(body)
	return fmt.Sprint(resp.StatusCode, " ", string(body[:n]))
}

// A WebSocket begins, and ends with the right, through every router that lets a
// handler take over the connection.
func TestWebSocketThroughRouters(t *testing.T) {
	eachHostile(t, func(t *testing.T, a *rbac.Authority, addr string) {
		if strings.HasSuffix(t.Name(), "fiber") { // takes no handler of net/http for a WebSocket
			if resp, _ := dial(t, addr).send("GET /socket", upgrade...); resp.StatusCode != 401 {
				t.Errorf("nobody is answered with %d", resp.StatusCode)
			}
			return
		}
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		conn, _, err := websocket.Dial(ctx, "http://"+addr+"/socket", &websocket.DialOptions{HTTPHeader: headerOf(t, a, "bob")})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.CloseNow()
		if err := conn.Write(ctx, websocket.MessageText, []byte("hello")); err != nil {
			t.Fatal(err)
		}
		if _, err := a.LogoutUser(ctx, "bob"); err != nil {
			t.Fatal(err)
		}
		if _, got, err := conn.Read(ctx); websocket.CloseStatus(err) != websocket.StatusPolicyViolation {
			t.Errorf("after the logout the client gets %q and %v", got, err)
		}
	})
}
