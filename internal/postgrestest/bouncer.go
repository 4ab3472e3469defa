package postgrestest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Bouncer starts PgBouncer in front of the server, for some roles, and returns
// a function that returns the DSN of a role. PgBouncer pools by "transaction" or
// by "session". By transaction, each transaction of a client may run on another
// of the ten connections to the server. PgBouncer ends with the test.
func (s *Server) Bouncer(t testing.TB, mode string, roles ...string) (dsn func(role string) string) {
	t.Helper()
	size := 10
	if mode == "session" {
		size = 50 // each connection of a client has one of its own
	}
	bin, err := pgbouncer()
	if err != nil {
		t.Skip(err)
	}
	dir := filepath.Join(s.dir, "bouncer")
	config := fmt.Sprintf(`[databases]
* = host=%s
[pgbouncer]
unix_socket_dir = %s
listen_port = 5432
auth_type = trust
auth_file = %s/users
pool_mode = %s
default_pool_size = %d
max_client_conn = 500
`, s.dir, dir, dir, mode, size)
	users := ""
	for _, role := range roles {
		users += fmt.Sprintf("%q \"\"\n", role)
	}
	err = errors.Join(os.Mkdir(dir, 0o755), os.WriteFile(filepath.Join(dir, "users"), []byte(users), 0o644),
		os.WriteFile(filepath.Join(dir, "ini"), []byte(config), 0o644), giveAway(dir))
	if err != nil {
		t.Fatal(err)
	}
	cmd, exited := exec.Command(bin, filepath.Join(dir, "ini")), make(chan struct{})
	cmd.SysProcAttr = asNobody()
	log := &strings.Builder{}
	cmd.Stdout, cmd.Stderr = log, log
	if err := run(cmd, exited); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-exited
	})
	dsn = func(role string) string { return dsnOf(role, "", dir) }
	for {
		conn, err := pgx.Connect(t.Context(), dsn(roles[0]))
		if err == nil {
			_ = conn.Close(t.Context())
			return dsn
		}
		select {
		case <-exited:
			t.Fatalf("pgbouncer ended: %s", log)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func pgbouncer() (string, error) {
	for _, name := range []string{"pgbouncer", "/usr/sbin/pgbouncer"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("no PgBouncer (Debian's package is called pgbouncer)")
}
