package postgresstore_test

import (
	"context"
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/rbac-go/rbac/internal/postgrestest"
	postgresstore "github.com/rbac-go/rbac/store_postgres"
)

// A DSN names two servers, and the first accepts connections but never answers:
// the head is read from the second.
func TestSilentServerLeavesTime(t *testing.T) {
	server := postgrestest.Start(t, "fsync=off")
	dsn, err := url.Parse(server.DSN())
	must(t, err)
	silent, query := t.TempDir(), dsn.Query()
	query.Set("host", silent+","+query.Get("host"))
	query.Set("connect_timeout", "60")
	dsn.RawQuery = query.Encode()
	s := mustOpen(t, dsn.String(), postgresstore.Options{}) // before the servers listen
	l, err := net.Listen("unix", filepath.Join(silent, ".s.PGSQL.5432"))
	must(t, err)
	defer l.Close()
	ctx, cancel := context.WithTimeout(t.Context(), longest)
	defer cancel()
	if _, err := s.ReadHead(ctx); err != nil {
		t.Error(err)
	}
}

// After a panic of a host's hook, the store still answers.
func TestPanicOfHookKeepsNothing(t *testing.T) {
	var broken atomic.Bool
	s := newOnPool(t, hostPool(t, func(c *pgxpool.Config) {
		c.AfterConnect = func(context.Context, *pgx.Conn) error {
			if broken.Load() {
				panic("a hook of the host's")
			}
			return nil
		}
	}))
	ctx, cancel := context.WithTimeout(t.Context(), longest)
	defer cancel()
	broken.Store(true)
	func() {
		defer func() { _ = recover() }()
		_, err := s.ReadHead(ctx)
		t.Error("the hook was not called:", err)
	}()
	broken.Store(false)
	if _, err := s.ReadHead(ctx); err != nil {
		t.Error(err)
	}
}

// refuser makes a query for the start time of the server fail, after a number
// of such queries.
type refuser struct{ left atomic.Int32 }

func (r *refuser) TraceQueryStart(ctx context.Context, _ *pgx.Conn, q pgx.TraceQueryStartData) context.Context {
	if strings.Contains(q.SQL, "pg_postmaster_start_time") && r.left.Add(-1) == 0 {
		ended, cancel := context.WithCancel(ctx)
		cancel()
		return ended
	}
	return ctx
}

func (*refuser) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// A confirmation that fails half way, and a later confirmation by the same
// server, keep the connections of the pool.
func TestSameServerIsNotLeft(t *testing.T) {
	server := postgrestest.Start(t, "fsync=off")
	config, err := pgxpool.ParseConfig(server.DSN())
	must(t, err)
	second := &refuser{}
	config.ConnConfig.Tracer, config.MaxConns = second, 1
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	must(t, err)
	t.Cleanup(pool.Close)
	s := newOnPool(t, pool)
	pid := func() (n int) {
		must(t, pool.QueryRow(t.Context(), "SELECT pg_backend_pid()").Scan(&n))
		return n
	}
	before := pid()
	waits(t, server.DSN(), "nobody")
	second.left.Store(2)
	done := make(chan error, 1)
	go func() { _, err := confirmed(t.Context(), s); done <- err }()
	waitFor(t, s, "SELECT ("+stuck+") = 1")
	waits(t, server.DSN(), "")
	if err := <-done; err == nil {
		t.Fatal("the second question was answered")
	}
	if _, err := confirmed(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	if after := pid(); after != before {
		t.Error("the pool was emptied")
	}
}
