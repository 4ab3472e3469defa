package adapters

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/rbac-go/rbac/httpguard"
)

// A WebSocket begins, is used and ends through nginx, with the configuration of
// docs/adapters.md, and through Caddy, with that of docs/deployment.md.
func TestWebSocketBehindProxies(t *testing.T) {
	for _, c := range []struct {
		kind, page, file, arguments string
	}{
		{"nginx", "adapters.md", `daemon off; master_process off; pid DIR/pid; error_log DIR/error.log;
events {}
http {
	access_log off; client_body_temp_path DIR/b; proxy_temp_path DIR/p; fastcgi_temp_path DIR/f; uwsgi_temp_path DIR/u; scgi_temp_path DIR/s;
	server {
		listen FRONT;
BLOCK
	}
}`, "-c FILE -p DIR -e DIR/error.log"},
		{"caddyfile", "deployment.md", "{\n\tadmin off\n\tauto_https off\n}\nBLOCK", "run --adapter caddyfile --config FILE"},
	} {
		t.Run(c.kind, func(t *testing.T) {
			program := installed(t, strings.TrimSuffix(c.kind, "file"))
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			front := l.Addr().String()
			l.Close() // for the proxy, which cannot choose a port by itself
			h := openHall(t, httpguard.Config{Site: "http://" + front}, nil)

			text, err := os.ReadFile("../../docs/" + c.page)
			if err != nil {
				t.Fatal(err)
			}
			block := regexp.MustCompile("(?s)```" + c.kind + "\n(.*?)```").FindStringSubmatch(string(text))
			if block == nil {
				t.Fatalf("%s has no configuration of %s", c.page, c.kind)
			}
			dir := t.TempDir()
			file := filepath.Join(dir, c.kind)
			put := strings.NewReplacer("BLOCK", block[1], "DIR", dir, "FILE", file, "FRONT", front)
			config := strings.NewReplacer("127.0.0.1:8080", strings.TrimPrefix(h.server.URL, "http://"), "app.example.com {", "http://"+front+" {").
				Replace(put.Replace(c.file))
			if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
				t.Fatal(err)
			}
			start(t, exec.Command(program, strings.Fields(put.Replace(c.arguments))...), dir, front)

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

// installed returns the path of a program, which is the Debian package of the
// same name.
func installed(t *testing.T, program string) string {
	t.Helper()
	for _, name := range []string{program, "/usr/sbin/" + program} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("CI") != "" {
		t.Fatalf("there is no %s", program)
	}
	t.Skipf("there is no %s here: install the Debian package", program)
	return ""
}

// start runs a server that listens at an address until the test ends.
func start(t *testing.T, cmd *exec.Cmd, home, listen string) {
	t.Helper()
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.Env = append(os.Environ(), "HOME="+home, "XDG_DATA_HOME="+home, "XDG_CONFIG_HOME="+home)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		<-ended
	})
	for begin := time.Now(); time.Since(begin) < patience; time.Sleep(20 * time.Millisecond) {
		if c, err := net.Dial("tcp", listen); err == nil {
			c.Close()
			return
		}
		select {
		case err := <-ended:
			ended <- err
			t.Fatal(fmt.Sprint(cmd.Path, " ended: ", err, "\n", &out))
		default:
		}
	}
	t.Fatalf("%s does not answer", cmd.Path)
}
