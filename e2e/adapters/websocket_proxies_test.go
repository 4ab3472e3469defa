package adapters

import (
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"github.com/rbac-go/rbac/httpguard"
	"github.com/rbac-go/rbac/internal/proxytest"
)

// A WebSocket begins, is used and ends through nginx, with the configuration of
// docs/adapters.md, and through Caddy, with that of docs/deployment.md.
func TestWebSocketBehindProxies(t *testing.T) {
	for _, c := range []struct{ kind, page, servers string }{
		{"nginx", "adapters.md", "server {\nlisten FRONT;\nBLOCK\n}"},
		{"caddyfile", "deployment.md", "BLOCK"},
	} {
		t.Run(c.kind, func(t *testing.T) {
			front := proxytest.Address(t)
			h := openHall(t, httpguard.Config{Site: "http://" + front}, nil)
			text, err := os.ReadFile("../../docs/" + c.page)
			if err != nil {
				t.Fatal(err)
			}
			block := regexp.MustCompile("(?s)```" + c.kind + "\n(.*?)```").FindStringSubmatch(string(text))
			if block == nil {
				t.Fatalf("%s has no configuration of %s", c.page, c.kind)
			}
			servers := strings.NewReplacer("BLOCK", block[1], "FRONT", front).Replace(c.servers)
			proxytest.Start(t, c.kind, t.TempDir(), front, strings.NewReplacer("127.0.0.1:8080", strings.TrimPrefix(h.server.URL, "http://"),
				"app.example.com {", "http://"+front+" {").Replace(servers))

			cookie := "ticket=" + strings.TrimPrefix(bearer(t, h.auth, "bob"), "Bearer ")
			for origin, want := range map[string]int{"http://" + front: 101, "https://evil.example": 403} {
				header := http.Header{"Cookie": {cookie}, "Origin": {origin}}
				conn, resp, err := websocket.Dial(t.Context(), "http://"+front+"/socket", &websocket.DialOptions{HTTPHeader: header})
				if resp == nil || resp.StatusCode != want {
					t.Fatalf("from %s: %v, want %d", origin, err, want)
				}
				if err != nil {
					continue
				}
				h.exchange(conn)
				if err := ends["logged out"](h, h.auth); err != nil {
					t.Fatal(err)
				}
				h.ends("logged out", conn, websocket.StatusPolicyViolation)
				cookie = "ticket=" + strings.TrimPrefix(bearer(t, h.auth, "bob"), "Bearer ")
			}
		})
	}
}
