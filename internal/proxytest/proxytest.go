// Package proxytest runs nginx and Caddy in front of a test's server.
package proxytest

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// patience bounds the wait for a proxy.
const patience = 20 * time.Second

// Address returns an address of this machine at which nobody listens, for a
// proxy, which cannot choose a port by itself.
func Address(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// Start runs a proxy until the test ends, and returns when the proxy listens at
// an address. Kind is nginx or caddyfile: servers is a block of the
// configuration in that language. The proxy keeps its files in dir. Without the
// program, the test fails if the variable CI is set, and is skipped otherwise.
func Start(t *testing.T, kind, dir, listen, servers string) {
	t.Helper()
	program := installed(t, map[string]string{"nginx": "nginx", "caddyfile": "caddy"}[kind])
	path := filepath.Join(dir, kind)
	var config string
	var args []string
	switch kind {
	case "nginx":
		config = fmt.Sprintf(`
daemon off; master_process off; worker_processes 1; pid %[1]s/pid; error_log %[1]s/error.log;
events {}
http {
	access_log off; client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy; fastcgi_temp_path %[1]s/f; uwsgi_temp_path %[1]s/u; scgi_temp_path %[1]s/s;
%[2]s
}
`, dir, servers)
		args = []string{"-c", path, "-p", dir, "-e", filepath.Join(dir, "error.log")}
	case "caddyfile":
		options := "admin off\nauto_https off\ndefault_bind 127.0.0.1\n"
		if _, port, _ := net.SplitHostPort(listen); strings.Contains(servers, "https://") {
			options += "https_port " + port + "\n"
		}
		config = "{\n" + options + "}\n" + servers
		args = []string{"run", "--adapter", "caddyfile", "--config", path}
	}
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, args...)
	cmd.Env = append(os.Environ(), "HOME="+dir, "XDG_DATA_HOME="+dir, "XDG_CONFIG_HOME="+dir)
	run(t, cmd, listen)
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

// run runs a server that listens at an address until the test ends.
func run(t *testing.T, cmd *exec.Cmd, listen string) {
	t.Helper()
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
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
			t.Fatalf("%s ended: %v\n%s", cmd.Path, err, &out)
		default:
		}
	}
	t.Fatalf("%s does not answer", cmd.Path)
}
