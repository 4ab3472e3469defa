package postgrestest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rbac-go/rbac/internal/memdir"
)

// Server is a PostgreSQL server of a test's own, on a socket in a temporary folder that only this user can enter.
type Server struct {
	bin, dir string
	settings []string
	process  *exec.Cmd
	exited   chan struct{} // closed when the process has ended
	log      *bytes.Buffer
}

// Start starts a server with settings like "max_connections=20", which ends with the test. Unlike
// the shared one it is as careful as PostgreSQL is without settings.
func Start(t testing.TB, settings ...string) *Server {
	t.Helper()
	s, err := start(settings...)
	if errors.Is(err, ErrNotInstalled) {
		t.Skipf("no PostgreSQL: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.remove)
	return s
}

// ErrNotInstalled is the error of a machine without PostgreSQL.
var ErrNotInstalled = errors.New("initdb and postgres are neither in the PATH nor under /usr/lib/postgresql (Debian's package is called postgresql)")

func start(settings ...string) (*Server, error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	dir, err := makeDir()
	if err != nil {
		return nil, err
	}
	return startIn(dir, bin, settings)
}

func startIn(dir, bin string, settings []string) (*Server, error) {
	s := &Server{bin: bin, dir: dir, settings: settings}
	if err := errors.Join(giveAway(dir), s.initdb(), s.launch()); err != nil {
		s.remove()
		return nil, err
	}
	return s, nil
}

// makeDir makes the folder of a server, in memory if there is plenty: the data of a
// few hundred short tests is written faster, and what they prove does not depend on
// the disk.
func makeDir() (string, error) { return os.MkdirTemp(memdir.Parent(4<<30), "rbac-postgres-") }

// binaries finds the folder of the newest server.
func binaries() (string, error) {
	if path, err := exec.LookPath("postgres"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil { // it looks for its files beside itself
			return filepath.Dir(path), nil
		}
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if err != nil || len(found) == 0 {
		return "", ErrNotInstalled
	}
	version := func(path string) int {
		n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
		return n
	}
	return filepath.Dir(slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) })), nil
}

func (s *Server) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(s.bin, name), args...)
	cmd.Dir = s.dir
	cmd.SysProcAttr = asNobody()
	return cmd
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

// initdb copies the data of a server that was never started, since making it takes a second.
func (s *Server) initdb() error {
	template.once.Do(func() { template.dir, template.err = s.template() })
	if template.err != nil {
		return template.err
	}
	cmd := exec.Command("cp", "-R", "-p", template.dir, s.data()) // keeps the permissions, on which the server insists
	cmd.SysProcAttr = asNobody()
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}

// template is the data that new servers are copies of. Main removes it.
var template struct {
	once sync.Once
	dir  string
	err  error
}

// template gives the databases an order of texts that is not that of their bytes, if it can: nothing may depend on it.
func (s *Server) template() (dir string, err error) {
	if dir, err = makeDir(); err != nil {
		return "", err
	}
	if err := giveAway(dir); err != nil {
		return dir, err
	}
	args := []string{"--pgdata=" + dir, "--username=" + admin, "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "--wal-segsize=1"}
	if s.command("initdb", append(args, "--locale-provider=icu", "--icu-locale=en-US")...).Run() == nil { // since version 15
		return dir, nil
	}
	out, err := s.command("initdb", args...).CombinedOutput()
	if err != nil {
		return dir, fmt.Errorf("initdb: %w: %s", err, out)
	}
	return dir, nil
}

const admin = "postgres"

func (s *Server) launch() error {
	args := []string{"-D", s.data(), "-k", s.dir, "-c", "listen_addresses=", "-c", "dynamic_shared_memory_type=mmap"} // a file, which goes with the folder
	for _, setting := range s.settings {
		args = append(args, "-c", setting)
	}
	s.process, s.log, s.exited = s.command("postgres", args...), &bytes.Buffer{}, make(chan struct{})
	s.process.Stdout, s.process.Stderr = s.log, s.log
	if err := run(s.process, s.exited); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, s.DSN())
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-s.exited:
			return fmt.Errorf("postgres ended: %s", s.log)
		case <-ctx.Done():
			return fmt.Errorf("postgres does not answer: %w", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// DSN is that of an administrator of the server.
func (s *Server) DSN() string { return s.DSNOf(admin, "") }

// DSNOf is that of a role.
func (s *Server) DSNOf(role, password string) string { return dsnOf(role, password, s.dir) }

// dsnOf is that of a role on the socket in a folder.
func dsnOf(role, password, dir string) string {
	u := url.URL{Scheme: "postgres", User: url.UserPassword(role, password), Path: "/postgres", RawQuery: url.Values{"host": {dir}}.Encode()}
	return u.String()
}

// Dir is a folder on the server's disk, which it may write.
func (s *Server) Dir() string { return s.dir }

// Stop ends the server at once, and with it every transaction.
func (s *Server) Stop(t testing.TB) {
	t.Helper()
	if err := s.process.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	<-s.exited
}

// Launch starts it again on the same data.
func (s *Server) Launch(t testing.TB) {
	t.Helper()
	if err := s.launch(); err != nil {
		t.Fatal(err)
	}
}

// remove leaves nothing behind.
func (s *Server) remove() {
	if s.process != nil && s.process.Process != nil {
		_ = s.resume()                                // a frozen one would not end
		_ = s.process.Process.Signal(syscall.SIGQUIT) // nobody needs its data
		select {
		case <-s.exited:
		case <-time.After(10 * time.Second):
			_ = s.process.Process.Kill()
			<-s.exited
		}
	}
	_ = os.RemoveAll(s.dir)
}
