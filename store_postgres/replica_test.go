package postgresstore_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/internal/postgrestest"
	postgresstore "github.com/rbac-go/rbac/store_postgres"
)

// asked counts the queries for a ticket, in one step or in a View.
type asked struct{ times atomic.Int64 }

func (a *asked) TraceQueryStart(ctx context.Context, _ *pgx.Conn, q pgx.TraceQueryStartData) context.Context {
	if strings.Contains(q.SQL, "rbac_tickets t") && strings.HasPrefix(q.SQL, "SELECT") {
		a.times.Add(1)
	}
	return ctx
}

func (a *asked) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// countedPool returns a pool that counts the queries for a ticket.
func countedPool(t *testing.T, dsn string) (*pgxpool.Pool, *asked) {
	t.Helper()
	config, err := pgxpool.ParseConfig(dsn)
	must(t, err)
	count := &asked{}
	config.ConnConfig.Tracer = count
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	must(t, err)
	t.Cleanup(pool.Close)
	return pool, count
}

// A replica answers for records at the current head. Everything else is asked
// of the primary.
func TestReplica(t *testing.T) {
	primary, other := postgrestest.Start(t, "fsync=off"), postgrestest.Start(t, "fsync=off")
	mustOpen(t, other.DSN(), postgresstore.Options{}) // the tables of other are empty
	gone := postgrestest.Start(t, "fsync=off")
	for name, c := range map[string]struct {
		replica         *postgrestest.Server
		known           bool
		replica1, first int64 // how often each server is asked for an existing ticket
	}{
		"up to date":                     {primary, true, 1, 0},
		"up to date, and no such ticket": {primary, false, 1, 2},
		"at another head":                {other, true, 1, 1},
		"without an answer":              {gone, true, 0, 1},
	} {
		pool, first := countedPool(t, primary.DSN())
		replica, second := countedPool(t, c.replica.DSN())
		if c.replica == gone {
			replica.Close()
		}
		s, err := postgresstore.New(t.Context(), pool, postgresstore.Options{Replica: replica})
		must(t, err)
		s.SetReplicaWait(longest) // the machine may be busy
		a, err := rbac.Open(t.Context(), s, rbac.Config{Logger: discard})
		must(t, err)
		user := strings.ReplaceAll(name, ",", "")
		must(t, a.Update(rbac.WithActor(t.Context(), "test"), func(tx *rbac.Tx) error {
			_, err := tx.AddUser(rbac.User{Name: user})
			return err
		}))
		token, err := a.Issue(t.Context(), rbac.Login{User: user})
		must(t, err)
		if !c.known {
			token, err = rbac.ParseToken(strings.Repeat("A", len(token.Secret())))
			must(t, err)
		}
		first.times.Store(0)
		id, err := a.Identify(t.Context(), token)
		if c.known && (err != nil || id.User() != user) || !c.known && !errors.Is(err, rbac.ErrNoTicket) {
			t.Errorf("%s: %v, %v", name, id, err)
		}
		if n, m := second.times.Load(), first.times.Load(); n != c.replica1 || m != c.first {
			t.Errorf("%s: the replica is asked %d times and the primary %d; want %d and %d", name, n, m, c.replica1, c.first)
		}
		must(t, a.Close())
		must(t, s.Close())
	}
}
