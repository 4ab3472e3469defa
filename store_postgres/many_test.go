package postgresstore_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/internal/postgrestest"
	"github.com/rbac-go/rbac/internal/processtest"
	postgresstore "github.com/rbac-go/rbac/store_postgres"
)

// fill makes users in five groups each, a tenth as many groups up to 10,000,
// five times as many permissions, and twenty grants for each group. fill
// bypasses the store, and takes a minute for a million users.
const fill = `
INSERT INTO rbac_groups SELECT md5('g' || g)::uuid, 'group' || g, '', '', 0 FROM generate_series(1, %[2]d) g;
INSERT INTO rbac_permissions SELECT md5('p' || p)::uuid, 'right' || p, '', '', '', 0, '', '', 0 FROM generate_series(1, 5 * %[2]d) p;
INSERT INTO rbac_grants SELECT DISTINCT md5('g' || g)::uuid, 'right' || (g * 37 + n * 211) %% (5 * %[2]d) + 1, '', 'admin', 0 FROM generate_series(1, %[2]d) g, generate_series(1, 20) n;
INSERT INTO rbac_users SELECT md5('u' || u)::uuid, 'user' || u, 'user' || u || '@example.org', 'user' || u || '@example.org', '', 'User ' || u, '', false, '', 0, 0
	FROM generate_series(1, %[1]d) u;
INSERT INTO rbac_memberships SELECT DISTINCT md5('u' || u)::uuid, md5('g' || (u * 7 + n * 13) %% %[2]d + 1)::uuid, '', '', -62135596800000000, 'admin', 0, 'user' || u
	FROM generate_series(1, %[1]d) u, generate_series(1, 5) n;
ANALYZE`

// The figures of docs/consistency.md. Everything works with many users as with
// few. RBAC_USERS sets the number of users.
func TestManyUsers(t *testing.T) {
	t.Parallel()
	users := processtest.NumberFrom(t, "RBAC_USERS", 2000)
	server := postgrestest.Start(t, "max_connections=200", "shared_buffers=1GB", "max_wal_size=4GB")
	dsn := server.DSN() + "&pool_max_conns=40"
	open := func() *rbac.Authority {
		began := time.Now()
		a, err := rbac.Open(t.Context(), mustOpen(t, dsn, postgresstore.Options{}), rbac.Config{Logger: discard})
		must(t, err)
		t.Cleanup(func() { a.Close() })
		t.Logf("opened, with the whole policy, in %v", time.Since(began).Round(time.Millisecond))
		return a
	}
	s := mustOpen(t, dsn, postgresstore.Options{})
	began := time.Now()
	conn, err := s.Pool().Acquire(t.Context())
	must(t, err)
	_, err = conn.Conn().PgConn().Exec(t.Context(), fmt.Sprintf(fill, users, min(users/10, 10_000))).ReadAll()
	conn.Release()
	must(t, err)
	t.Logf("%d users filled in in %v", users, time.Since(began).Round(time.Second))
	a, b := open(), open()
	m := &many{T: t, users: users, a: a, b: b}
	m.size(dsn)
	tokens := m.logins()
	m.misses(open(), tokens)
	m.heard("a membership", func(ctx context.Context, user string, add bool) error {
		return a.Update(ctx, func(tx *rbac.Tx) error {
			if add {
				return tx.AssignUser(rbac.Membership{User: user, Group: "heard"})
			}
			return tx.DeassignUser(rbac.Membership{User: user, Group: "heard"})
		})
	})
	m.heard("a grant", func(ctx context.Context, _ string, add bool) error {
		return a.Update(ctx, func(tx *rbac.Tx) error {
			if add {
				return tx.GrantPermission(rbac.Grant{Group: "all", Permission: "heard.right"})
			}
			return tx.RevokePermission(rbac.Grant{Group: "all", Permission: "heard.right"})
		})
	})
}

type many struct {
	*testing.T
	users int
	a, b  *rbac.Authority
}

func (m *many) user(i int) string { return fmt.Sprint("user", i*7919%m.users+1) }

func (m *many) size(dsn string) {
	s := mustOpen(m, dsn, postgresstore.Options{})
	var bytes int64
	must(m, s.Pool().QueryRow(m.Context(), "SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relname LIKE 'rbac%' AND relkind = 'r'").Scan(&bytes))
	m.Logf("on disk: %d MB, %d bytes a user with 5 memberships, indexes and policy included", bytes>>20, bytes/int64(m.users))
}

// logins measures tickets per second without hashing, by several concurrent
// writers.
func (m *many) logins() (tokens []rbac.Token) {
	each := min(m.users/8, 4000)
	for _, writers := range []int{1, 8, 32} {
		var mu sync.Mutex
		var all sync.WaitGroup
		began, before := time.Now(), len(tokens)
		for w := range writers {
			all.Go(func() {
				for i := w; i < each; i += writers {
					tok, err := m.a.Issue(m.Context(), rbac.Login{User: m.user(before + i)})
					if err != nil {
						m.Errorf("login: %v", err)
						return
					}
					mu.Lock()
					tokens = append(tokens, tok)
					mu.Unlock()
				}
			})
		}
		all.Wait()
		m.Logf("logins without hashing, %d at once: %.0f/s", writers, float64(each)/time.Since(began).Seconds())
	}
	return tokens
}

// misses measures the cost of a ticket that is not cached, and then of a cached
// ticket.
func (m *many) misses(fresh *rbac.Authority, tokens []rbac.Token) {
	for _, what := range []string{"in no cache", "cached"} {
		var took []time.Duration
		for _, tok := range tokens {
			began := time.Now()
			id, err := fresh.Identify(m.Context(), tok)
			took = append(took, time.Since(began))
			if err != nil || id.IsAnonymous() {
				m.Fatalf("a ticket %s: %v, %v", what, id, err)
			}
		}
		m.quantiles("Identify, "+what, took)
	}
	var mem runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&mem)
	m.Logf("heap of three Authorities: %d MB", mem.HeapAlloc>>20)
}

// heard measures the time from the confirmation of a revocation until another
// Authority denies.
func (m *many) heard(what string, change func(ctx context.Context, user string, add bool) error) {
	ctx := rbac.WithActor(m.Context(), "admin")
	user := m.user(1)
	err := m.a.Update(ctx, func(tx *rbac.Tx) error {
		_, err1 := tx.AddPermission(rbac.Permission{Name: "heard.right"})
		_, err2 := tx.AddGroup(rbac.Group{Name: "heard"})
		_, err3 := tx.AddGroup(rbac.Group{Name: "all"})
		return errors.Join(err1, err2, err3, tx.GrantPermission(rbac.Grant{Group: "heard", Permission: "heard.right"}), tx.AssignUser(rbac.Membership{User: user, Group: "all"}))
	})
	if err != nil && !errors.Is(err, rbac.ErrExists) {
		m.Fatal(err)
	}
	tok, err := m.a.Issue(ctx, rbac.Login{User: user})
	must(m, err)
	may := rbac.HasPermission("heard.right")
	rounds := 40
	if m.users < 10_000 {
		rounds = 4
	}
	var took []time.Duration
	for range rounds {
		must(m, change(ctx, user, true))
		must(m, m.b.Judge(rbac.AtLeast(ctx, m.a.Revision()), tok, may))
		must(m, change(ctx, user, false))
		began := time.Now()
		for {
			err := m.b.Judge(ctx, tok, may)
			if errors.Is(err, rbac.ErrDenied) {
				break
			}
			must(m, err)
			if time.Since(began) > longest {
				m.Fatalf("%s was revoked and is not gone", what)
			}
			runtime.Gosched()
		}
		took = append(took, time.Since(began))
	}
	m.quantiles(what+" revoked, seen by the other", took)
}

func (m *many) quantiles(what string, took []time.Duration) {
	slices.Sort(took)
	m.Logf("%s: p50 %v, p99 %v, most %v, of %d", what, took[len(took)/2].Round(time.Microsecond), took[len(took)*99/100].Round(time.Microsecond), took[len(took)-1].Round(time.Microsecond), len(took))
}
