package postgresstore_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/rbac-go/rbac/internal/postgrestest"
	"github.com/rbac-go/rbac/store"
	postgresstore "github.com/rbac-go/rbac/store_postgres"
)

// No error of Open contains any part of the password, whatever else is wrong
// with the DSN. The passwords in this test are made of the words geheim and
// wort.
func TestPasswordIsInNoError(t *testing.T) {
	service := filepath.Join(t.TempDir(), "services")
	must(t, os.WriteFile(service, []byte("[good]\nhost=/nowhere\npassword=geheim wort\n[bad]\npassword geheim\n"), 0o600))
	socket := ""
	if postgrestest.Found() {
		u, err := url.Parse(postgrestest.DSN(t))
		must(t, err)
		socket = u.Query().Get("host")
	}
	for _, dsn := range []string{
		"password = geheim", // the only mistake: no server listens
		"password = geheim port=x",
		"password=geheim port=x",
		"password = 'geheim wort' port=x",
		`password='geheim\' wort' port=x`,
		`password=geheim\ wort port=x`,
		"password='geheim",
		"password='geheim'wort",
		"password=geheim wort",
		"password=geheim wort host=/nowhere",
		"password=ich geheim=1 user=postgres dbname=postgres host=" + socket,
		"password=ich client_encoding=geheim user=postgres dbname=postgres host=" + socket,
		"password geheim",
		"PASSWORD=geheim wort=x port=x",
		"password=geheim sslmode=wort host=nowhere",
		"password=geheim connect_timeout=wort",
		"password=geheim target_session_attrs=wort",
		"password=geheim min_protocol_version=wort",
		"password=geheim channel_binding=wort",
		"password=geheim require_auth=wort",
		"password=geheim sslcertmode=wort",
		"password=geheim sslrootcert=/wort host=nowhere sslmode=verify-full",
		"password=geheim pool_max_conns=wort",
		"password=geheim pool_max_conns=0",
		"password=geheim pool_max_conn_lifetime=wort",
		"password=geheim default_query_exec_mode=wort",
		"password=geheim host=a,b port=1,2,3",
		"service=good servicefile=" + service,
		"service=good port=x servicefile=" + service,
		"service=bad servicefile=" + service,
		"service=missing password=geheim servicefile=" + service,
		"postgres://amy:geheim@[::1",
		"postgres://amy:geheim@/x?host=/nowhere",
		"postgres://amy:geheim@h:port/x",
		"postgres://amy:ich/geheim@h/x",
		"postgres://amy:12/geheim@h/x",
		"postgres://127.0.0.1:12?geheim@h/x",
		"postgres://amy:geh%eim@h/x",
		"postgres://amy:geheim wort@h/x",
		"postgres://amy:geheim@h/x?password=wort&sslmode=y",
		"postgres://amy@h/x?password=geheim&sslmode=y",
		"postgresql://amy:geheim@h/x?sslmode=y",
		"POSTGRES://amy:geheim@h/x",
		"mysql://amy:geheim@h/x?y=z",
	} {
		hides(t, dsn)
	}
	t.Setenv("PGPASSWORD", "geheim wort")
	for _, dsn := range []string{"host=/nowhere", "port=x", "postgres:///?host=/nowhere", "postgres:///?sslmode=y&host=h"} {
		hides(t, dsn)
	}
}

func hides(t *testing.T, dsn string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	_, err := postgresstore.Open(ctx, dsn, postgresstore.Options{})
	if err == nil || !errors.Is(err, store.ErrInvalid) && !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("Open(%s): %v, want an error", dsn, err)
	}
	for _, text := range []string{fmt.Sprint(err), fmt.Sprintf("%+v", err)} {
		if strings.Contains(text, "geheim") || strings.Contains(text, "wort") {
			t.Errorf("Open(%s): the error has a part of the password: %s", dsn, text)
		}
	}
	if strings.Contains(dsn, "sslcertmode") && !strings.Contains(fmt.Sprint(err), "wrong sslcertmode") || strings.Contains(dsn, "exec_mode") && !strings.Contains(fmt.Sprint(err), "exec_mode") {
		t.Errorf("Open(%s): %v does not say what is wrong", dsn, err)
	}
	if errors.As(err, new(*pgconn.ParseConfigError)) {
		t.Errorf("Open(%s): the error holds the DSN", dsn)
	}
}

// A connection to another machine without TLS is logged once; other connections
// are not.
func TestPlaintextIsLogged(t *testing.T) {
	socket := postgrestest.Start(t, "fsync=off")
	proxy := postgrestest.NewProxy(t, socket)
	far := forward(t, otherAddress(t), socket.Dir())
	for _, c := range []struct {
		dsn      string
		warnings int
	}{
		{socket.DSN(), 0},
		{proxy.DSN(), 0},
		{"postgres://postgres@" + far + "/postgres?sslmode=disable", 1},
		{"postgres://postgres@" + far + "/postgres?sslmode=prefer", 1},
	} {
		var log bytes.Buffer
		s := mustOpen(t, c.dsn, postgresstore.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
		must(t, s.Update(t.Context(), nextRevision))
		_, err := s.ReadHead(t.Context())
		must(t, err)
		if n := strings.Count(log.String(), "not encrypted"); n != c.warnings || strings.Count(log.String(), "\n") != n {
			t.Errorf("%s: %d warnings, want %d:\n%s", c.dsn, n, c.warnings, log.String())
		}
	}
	conn, err := net.Dial("tcp", far)
	must(t, err)
	defer conn.Close()
	if postgresstore.Plaintext(conn) == nil || postgresstore.Plaintext(tls.Client(conn, nil)) != nil || postgresstore.Plaintext(struct{ net.Conn }{conn}) != nil {
		t.Error("a connection without TLS is plaintext; TLS, and what a host has wrapped, are not")
	}
}

// otherAddress returns an address of this machine outside of the loopback
// interface.
func otherAddress(t *testing.T) string {
	addrs, err := net.InterfaceAddrs()
	must(t, err)
	for _, addr := range addrs {
		if n, ok := addr.(*net.IPNet); ok && !n.IP.IsLoopback() && n.IP.To4() != nil {
			return n.IP.String()
		}
	}
	t.Skip("this machine has no address but that of its loopback interface")
	return ""
}

// forward connects an address to the server's socket in a folder, until the
// test ends.
func forward(t *testing.T, ip, dir string) (addr string) {
	l, err := net.Listen("tcp", net.JoinHostPort(ip, "0"))
	must(t, err)
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			from, err := l.Accept()
			if err != nil {
				return
			}
			to, err := net.Dial("unix", filepath.Join(dir, ".s.PGSQL.5432"))
			if err != nil {
				from.Close()
				continue
			}
			for _, pair := range [][2]net.Conn{{from, to}, {to, from}} {
				go func() {
					_, _ = io.Copy(pair[0], pair[1])
					pair[0].Close()
				}()
			}
		}
	}()
	return l.Addr().String()
}
