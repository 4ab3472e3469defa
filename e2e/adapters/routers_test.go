package adapters

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/go-chi/chi/v5"
	"github.com/gofiber/fiber/v3"
	"github.com/labstack/echo/v5"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/httpguard"
	"github.com/rbac-go/rbac/rbactest"
)

// routers start the same service with each router, and return the address. The
// service has GET and POST /report/{id}, GET /files/…, which everybody may
// read, and GET /forgotten, which has no rule.
var routers = map[string]func(*testing.T, *httpguard.Guard) string{
	"mux": serveMux, "chi": serveChi, "gin": serveGin, "echo": serveEcho, "fiber": serveFiber,
}

func serveMux(t *testing.T, g *httpguard.Guard) string {
	mux := g.NewMux()
	mux.Public("/login", g.LoginHandler())
	mux.Handle("GET /report/{id}", mayRead, http.HandlerFunc(secret))
	mux.Handle("POST /report/{id}", mayRead, http.HandlerFunc(secret))
	mux.Handle("GET /forgotten", everybody, g.Require(nil)(http.HandlerFunc(secret))) // a Mux takes no nil rule
	mux.Handle("GET /files/", everybody, http.HandlerFunc(public))
	return listen(t, g.Handler(mux))
}

func serveChi(t *testing.T, g *httpguard.Guard) string {
	rules := map[string]rbac.Predicate{"GET /report/{id}": mayRead, "POST /report/{id}": mayRead, "GET /files/*": everybody}
	return listen(t, chiService(g, rules, func(r chi.Router) {
		r.Get("/report/{id}", secret)
		r.Post("/report/{id}", secret)
		r.Get("/forgotten", secret)
		r.Get("/files/*", public)
	}))
}

func serveGin(t *testing.T, g *httpguard.Guard) string {
	gin.SetMode(gin.TestMode)
	rules := map[string]rbac.Predicate{"GET /report/:id": mayRead, "POST /report/:id": mayRead, "GET /files/*path": everybody}
	return listen(t, ginService(g, rules, func(r gin.IRouter) {
		r.GET("/report/:id", gin.WrapF(secret))
		r.POST("/report/:id", gin.WrapF(secret))
		r.GET("/forgotten", gin.WrapF(secret))
		r.GET("/files/*path", gin.WrapF(public))
	}))
}

func serveEcho(t *testing.T, g *httpguard.Guard) string {
	rules := map[string]rbac.Predicate{"GET /report/:id": mayRead, "POST /report/:id": mayRead, "GET /files/*": everybody}
	return listen(t, echoService(g, rules, func(r *echo.Group) {
		r.GET("/report/:id", echo.WrapHandler(http.HandlerFunc(secret)))
		r.POST("/report/:id", echo.WrapHandler(http.HandlerFunc(secret)))
		r.GET("/forgotten", echo.WrapHandler(http.HandlerFunc(secret)))
		r.GET("/files/*", echo.WrapHandler(http.HandlerFunc(public)))
	}))
}

func serveFiber(t *testing.T, g *httpguard.Guard) string {
	secret := func(c fiber.Ctx) error { return c.SendString("secret for " + rbac.FromContext(c).User()) }
	return listenFiber(t, fiberService(g, func(handle func(string, string, rbac.Predicate, fiber.Handler)) {
		handle("GET", "/report/:id", mayRead, secret)
		handle("POST", "/report/:id", mayRead, secret)
		handle("GET", "/forgotten", nil, secret)
		handle("GET", "/files/*", everybody, func(c fiber.Ctx) error { return c.SendString("public") })
	}))
}

// listenFiber serves an app until the test ends.
func listenFiber(t *testing.T, app *fiber.App) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- app.Listener(l, fiber.ListenConfig{DisableStartupMessage: true}) }()
	t.Cleanup(func() {
		if err := app.ShutdownWithContext(t.Context()); err != nil && t.Context().Err() == nil {
			t.Error(err)
		}
		<-done
	})
	return l.Addr().String()
}

func listen(t *testing.T, h http.Handler) string {
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

func secret(w http.ResponseWriter, r *http.Request) {
	fmt.Fprint(w, "secret for ", rbac.FromContext(r.Context()).User())
}

func public(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "public") }

// Each case has a user and a request, and the answer of every router.
func TestRouters(t *testing.T) {
	for _, c := range []struct {
		rule, user, line string
		want             int
		body             string
	}{
		{"who has the permission gets in", "bob", "GET /report/1", 200, "secret for bob"},
		{"and may post", "bob", "POST /report/1", 200, "secret for bob"},
		{"who has another one does not", "amy", "GET /report/1", 403, "report.read"},
		{"nor post", "amy", "POST /report/1", 403, "report.read"},
		{"who is not logged in does not", "", "GET /report/1", 401, "sign in"},
		{"what is for everybody is for nobody in particular, too", "", "GET /files/a/b", 200, "public"},
		{"a route without a rule is for nobody", "", "GET /forgotten", 401, "sign in"},
		{"not for the superuser either", "root", "GET /forgotten", 403, ""},
		{"the login is there", "", "GET /login", 200, ""},
	} {
		eachRouter(t, httpguard.Config{}, func(t *testing.T, a *rbac.Authority, addr string) {
			headers := []string{"Content-Length: 0"}
			if c.user != "" {
				headers = append(headers, "Authorization: "+bearer(t, a, c.user))
			}
			resp, body := dial(t, addr).send(c.line, headers...)
			if resp.StatusCode != c.want || !strings.Contains(body, c.body) {
				t.Errorf("%s: %s by %q is answered with %d and %q, want %d and %q", c.rule, c.line, c.user, resp.StatusCode, body, c.want, c.body)
			}
			if resp.StatusCode != 200 && strings.Contains(body, "secret for") {
				t.Errorf("%s: the secret is in an answer with %d", c.rule, resp.StatusCode)
			}
			if got := resp.Header.Get("Cache-Control"); c.want != 200 && got != "no-store" || strings.Contains(body, "secret for") && got != "no-store" {
				t.Errorf("%s: %s by %q may be cached: %q", c.rule, c.line, c.user, got)
			}
		})
	}
}

func eachRouter(t *testing.T, cfg httpguard.Config, test func(*testing.T, *rbac.Authority, string)) {
	t.Helper()
	for name, serve := range routers {
		t.Run(name, func(t *testing.T) {
			a := rbactest.World(t, world)
			test(t, a, serve(t, newGuard(a, cfg)))
		})
	}
}

// spellings are ways to write the paths of the secrets. Each router may resolve
// a spelling to a route of its choice, but nobody gets the secret.
var spellings = []string{
	"/report/1", "/report/1/", "//report/1", "/report//1", "/./report/1", "/x/../report/1", "/report/x/../1", "/report/1/.", "/report/1/..",
	"/REPORT/1", "/Report/1", "/%72eport/1", "/%52EPORT/1", "/report%2F1", "/report%2f1", "/%2Freport/1", "/report/%31", "/report/1%2F", "/report/%2e%2e/report/1",
	"/files/../report/1", "/files/%2e%2e/report/1", "/files/..%2freport/1", "/files%2f..%2freport/1", "/files/..%5creport/1", `/files/..\report/1`, "/files/.%2e/report/1",
	"/files/..;/report/1", "/report;x=y/1", "/report/1;x", "/report/1%00", "/report/1%20", "/report%20/1", "/report/1?x=/files/a", "/report/1%3f", "/%2572eport/1", "/report%252F1",
	"/forgotten", "/forgotten/", "/FORGOTTEN", "/%66orgotten", "/files/../forgotten", "/files/%2e%2e/forgotten", "//forgotten", "/forgotten?x",
	"http://example.com/report/1", "http://EXAMPLE.com/REPORT/1", "http://evil.example/report/1", "*",
}

// No route is reachable without its guard, however the path is written, and by
// whatever method.
func TestNoRouteIsReachablePastItsGuard(t *testing.T) {
	for _, cfg := range []httpguard.Config{{}, {AllowEncodedSlash: true}} {
		eachRouter(t, cfg, func(t *testing.T, a *rbac.Authority, addr string) {
			token := bearer(t, a, "amy")
			for _, path := range spellings {
				for _, method := range []string{"GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "get", "PROPFIND"} {
					for who, header := range map[string]string{"nobody": "Accept: */*", "amy": "Authorization: " + token} {
						resp, body := dial(t, addr).send(method+" "+path, "Connection: close", "Content-Length: 0", header, "X-HTTP-Method-Override: GET", "X-Original-URL: /report/1", "X-Rewrite-URL: /report/1")
						if strings.Contains(body, "secret for") {
							t.Errorf("%s gets the secret by %s %s", who, method, path)
						}
						if method == "HEAD" && resp.StatusCode == 200 && !strings.Contains(path, "/files") {
							t.Errorf("%s is told that there is something by HEAD %s", who, path)
						}
					}
				}
			}
		})
	}
}

func TestRoutersWithoutStore(t *testing.T) {
	eachRouter(t, httpguard.Config{}, func(t *testing.T, a *rbac.Authority, addr string) {
		token := bearer(t, a, "bob")
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
		for path, want := range map[string]int{"/report/1": 503, "/forgotten": 503, "/files/a": 503, "/login": 200} {
			resp, body := dial(t, addr).send("GET "+path, "Authorization: "+token)
			if resp.StatusCode != want || strings.Contains(body, "secret for") {
				t.Errorf("%s without a store is answered with %d and %q, want %d", path, resp.StatusCode, body, want)
			}
		}
	})
}

// A browser is sent to the login and back, gets in with the cookie, and is
// refused when another site sends the request.
func TestRoutersForBrowsers(t *testing.T) {
	eachRouter(t, httpguard.Config{}, func(t *testing.T, a *rbac.Authority, addr string) {
		c := dial(t, addr)
		resp, _ := c.send("GET /report/1?a=b", "Accept: text/html")
		if got := resp.Header.Get("Location"); resp.StatusCode != 303 || got != "/login?came_from="+url.QueryEscape("/report/1?a=b") {
			t.Fatalf("a browser is answered with %d to %q", resp.StatusCode, got)
		}
		form := url.Values{"user": {"bob"}, "password": {"bob password 123"}, "came_from": {"/report/1?a=b"}}.Encode()
		resp, _ = c.send("POST /login", "Accept: text/html", "Content-Type: application/x-www-form-urlencoded",
			fmt.Sprint("Content-Length: ", len(form)), "Connection: close", "", form)
		cookies := resp.Cookies()
		if resp.StatusCode != 303 || resp.Header.Get("Location") != "/report/1?a=b" || len(cookies) != 2 { // ticket and device
			t.Fatalf("the login is answered with %d to %q and the cookies %v", resp.StatusCode, resp.Header.Get("Location"), cookies)
		}
		cookie := "Cookie: " + cookies[0].Name + "=" + cookies[0].Value
		for _, r := range []struct {
			rule, line, header string
			want               int
		}{
			{"the cookie is good", "GET /report/1", "Accept: text/html", 200},
			{"one's own form is let in", "POST /report/1", "Sec-Fetch-Site: same-origin", 200},
			{"another site's is not", "POST /report/1", "Sec-Fetch-Site: cross-site", 403},
			{"nor in an old browser", "POST /report/1", "Origin: https://evil.example", 403},
		} {
			resp, body := dial(t, addr).send(r.line, cookie, r.header, "Content-Length: 0")
			if resp.StatusCode != r.want || strings.Contains(body, "secret for bob") != (r.want == 200) {
				t.Errorf("%s: %s is answered with %d and %q, want %d", r.rule, r.line, resp.StatusCode, body, r.want)
			}
		}
	})
}
