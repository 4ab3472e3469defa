package postgresstore_test

import (
	"context"
	"net"
	"net/url"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/rbac-go/rbac/internal/postgrestest"
	postgresstore "github.com/rbac-go/rbac/store_postgres"
)

// A DSN names two servers, and the first takes connections and says nothing: the head is read from the second.
func TestSilentServerLeavesTime(t *testing.T) {
	server := postgrestest.Start(t, "fsync=off")
	dsn, err := url.Parse(server.DSN())
	must(t, err)
	silent, query := t.TempDir(), dsn.Query()
	query.Set("host", silent+","+query.Get("host"))
	query.Set("connect_timeout", "60")
	dsn.RawQuery = query.Encode()
	s := mustOpen(t, dsn.String(), postgresstore.Options{}) // while nobody is there
	l, err := net.Listen("unix", filepath.Join(silent, ".s.PGSQL.5432"))
	must(t, err)
	defer l.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if _, err := s.ReadHead(ctx); err != nil {
		t.Error(err)
	}
}

// A host that survives the panic of its hook is answered again.
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
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
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
