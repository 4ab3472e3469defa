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

// Server is a PostgreSQL server that belongs to a test. Its socket is in a
// temporary folder that only this user can enter.
type Server struct {
	bin, dir string
	settings []string
	process  *exec.Cmd
	exited   chan struct{} // closed when the process has ended
	log      *bytes.Buffer
}

// Start starts a server with settings like "max_connections=20". The server
// ends with the test. Unlike the shared server, the server is as careful as
// PostgreSQL is without settings.
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

// ErrNotInstalled is the error on a machine without PostgreSQL.
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

// makeDir makes the folder of a server, in memory if there is plenty. The data
// of a few hundred short tests is written faster in memory, and the tests do
// not depend on the disk.
func makeDir() (string, error) { return os.MkdirTemp(memdir.Parent(4<<30), "rbac-postgres-") }

// binaries returns the folder of the newest server.
func binaries() (string, error) {
	if path, err := exec.LookPath("postgres"); err == nil {
		// the server looks for its files in its own folder
		if path, err = filepath.EvalSymlinks(path); err == nil {
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

// initdb copies the data of a server that was never started, because making the
// data takes a second.
func (s *Server) initdb() error {
	template.once.Do(func() { template.dir, template.err = s.template() })
	if template.err != nil {
		return template.err
	}
	// -p keeps the permissions, which the server requires
	cmd := exec.Command("cp", "-R", "-p", template.dir, s.data())
	cmd.SysProcAttr = asNobody()
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}

// template is the data that new servers copy. Main removes the template.
var template struct {
	once sync.Once
	dir  string
	err  error
}

// template gives the databases a text order other than byte order, if possible,
// because nothing may depend on the order.
func (s *Server) template() (dir string, err error) {
	if dir, err = makeDir(); err != nil {
		return "", err
	}
	if err := giveAway(dir); err != nil {
		return dir, err
	}
	args := []string{"--pgdata=" + dir, "--username=" + admin, "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "--wal-segsize=1"}
	// since version 15
	if s.command("initdb", append(args, "--locale-provider=icu", "--icu-locale=en-US")...).Run() == nil {
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
	// mmap: a file, which is removed with the folder
	args := []string{"-D", s.data(), "-k", s.dir, "-c", "listen_addresses=", "-c", "dynamic_shared_memory_type=mmap"}
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

// DSN returns the DSN of an administrator of the server.
func (s *Server) DSN() string { return s.DSNOf(admin, "") }

// DSNOf returns the DSN of a role.
func (s *Server) DSNOf(role, password string) string { return dsnOf(role, password, s.dir) }

// dsnOf returns the DSN of a role on the socket in a folder.
func dsnOf(role, password, dir string) string {
	u := url.URL{Scheme: "postgres", User: url.UserPassword(role, password), Path: "/postgres", RawQuery: url.Values{"host": {dir}}.Encode()}
	return u.String()
}

// Dir returns a folder on the server's disk. The server may write to the
// folder.
func (s *Server) Dir() string { return s.dir }

// Stop ends the server, and with it every transaction, at once.
func (s *Server) Stop(t testing.TB) {
	t.Helper()
	if err := s.process.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	<-s.exited
}

// Launch starts the server again on the same data.
func (s *Server) Launch(t testing.TB) {
	t.Helper()
	if err := s.launch(); err != nil {
		t.Fatal(err)
	}
}

// remove stops the server and removes all its files.
func (s *Server) remove() {
	if s.process != nil && s.process.Process != nil {
		_ = s.resume()                                // a frozen server would not end
		_ = s.process.Process.Signal(syscall.SIGQUIT) // the data is no longer needed
		select {
		case <-s.exited:
		case <-time.After(10 * time.Second):
			_ = s.process.Process.Kill()
			<-s.exited
		}
	}
	_ = os.RemoveAll(s.dir)
}
