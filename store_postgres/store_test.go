package postgresstore_test

import (
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/rbac-go/rbac/internal/postgrestest"
	"github.com/rbac-go/rbac/store"
	"github.com/rbac-go/rbac/store/storetest"
	postgresstore "github.com/rbac-go/rbac/store_postgres"
)

func TestMain(m *testing.M) { os.Exit(postgrestest.Main(m)) }

// The contract of a store holds, also among hostile schemas: no statement of
// any call, old or new, depends on the search_path.
//
// RBAC_LISTED, the length of the listings, is set in CI. With RBAC_LISTED, a
// pool without prepared statements, through PgBouncer, is tested as well.
func TestStore(t *testing.T) {
	t.Parallel()
	t.Run("Open", func(t *testing.T) {
		t.Parallel()
		h := newHostile(t)
		h.contract(t, func(t *testing.T, schema string) *postgresstore.Store {
			return mustOpen(t, h.service(first), postgresstore.Options{Schema: schema})
		})
	})
	t.Run("New without prepared statements", func(t *testing.T) {
		t.Parallel()
		if os.Getenv("RBAC_LISTED") == "" {
			t.Skip("RBAC_LISTED is not set")
		}
		h := newHostile(t)
		dsn := h.Bouncer(t, "transaction", "service")("service")
		h.contract(t, func(t *testing.T, schema string) *postgresstore.Store {
			return h.onPool(t, dsn, pgx.QueryExecModeExec, schema)
		})
	})
}

// contract runs the rules of the contract side by side, each in a schema of its
// own.
func (h *hostile) contract(t *testing.T, open func(t *testing.T, schema string) *postgresstore.Store) {
	t.Helper()
	var n atomic.Int64
	t.Run("contract", func(t *testing.T) {
		storetest.Run(t, func(t *testing.T) store.Store {
			t.Parallel()
			return open(t, fmt.Sprint("store", n.Add(1)))
		})
	})
	h.unsprung(t)
}

func openStore(t testing.TB) *postgresstore.Store {
	t.Helper()
	return mustOpen(t, postgrestest.DSN(t), postgresstore.Options{Schema: postgrestest.Schema(t)})
}

func newStore(t testing.TB, mode pgx.QueryExecMode) *postgresstore.Store {
	t.Helper()
	pool := hostPool(t, func(c *pgxpool.Config) { c.ConnConfig.DefaultQueryExecMode = mode })
	s, err := postgresstore.New(t.Context(), pool, postgresstore.Options{Schema: postgrestest.Schema(t)})
	must(t, err)
	t.Cleanup(func() { s.Close() })
	return s
}

func mustOpen(t testing.TB, dsn string, opts postgresstore.Options) *postgresstore.Store {
	t.Helper()
	s, err := postgresstore.Open(t.Context(), dsn, opts)
	must(t, err)
	t.Cleanup(func() { s.Close() })
	return s
}

// hostPool returns a pool as a host configures it.
func hostPool(t testing.TB, set func(*pgxpool.Config)) *pgxpool.Pool {
	t.Helper()
	config, err := pgxpool.ParseConfig(postgrestest.DSN(t))
	must(t, err)
	set(config)
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	must(t, err)
	t.Cleanup(pool.Close)
	return pool
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

var discard = slog.New(slog.DiscardHandler)
