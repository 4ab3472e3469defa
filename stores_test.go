package rbac_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/internal/memdir"
	"github.com/rbac-go/rbac/internal/postgrestest"
	memorystore "github.com/rbac-go/rbac/store_memory"
	postgresstore "github.com/rbac-go/rbac/store_postgres"
	sqlitestore "github.com/rbac-go/rbac/store_sqlite"
)

var ctx = context.Background()

// cheap is for tests only.
var cheap = rbac.Argon2id{MemoryKiB: 8, Time: 1, Threads: 1}

// goodPassword is long enough for the default policy.
const goodPassword = "correct horse battery"

// someHash is the hash of a password, in a known format.
const someHash = "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHRzYWx0c2FsdA$MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"

// stores are all stores that the tests of the root package run over.
var stores = []struct {
	name   string
	open   func(testing.TB) rbac.Store
	server bool // on a server, which may be missing, and is slower
}{
	{"memory", openMemory, false},
	{"sqlite", openSQLite, false},
	{"postgres", openPostgres, true},
}

func TestMain(m *testing.M) {
	// hundreds of small tests: the garbage of a few costs less than collecting it
	debug.SetGCPercent(400)
	os.Exit(postgrestest.Main(m))
}

func openMemory(testing.TB) rbac.Store { return memorystore.New() }

func openSQLite(t testing.TB) rbac.Store {
	empty, err := emptySQLite()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(memdir.New(t), "rbac.db")
	if err := os.WriteFile(path, empty, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := sqlitestore.Open(ctx, path, sqlitestore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// emptySQLite returns a file with empty tables: making the tables takes longer
// than most tests.
var emptySQLite = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "rbac-test-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "rbac.db")
	s, err := sqlitestore.Open(ctx, path, sqlitestore.Options{})
	if err != nil {
		return nil, err
	}
	if err := s.Close(); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

// pools are the pools of schemas that tests have used. A pool outlives its test:
// new connections, and the statements that they prepare, cost the server more
// than most tests.
var pools struct {
	sync.Mutex
	bySchema map[string]*pgxpool.Pool
}

// openPostgres skips the test if there is no server.
func openPostgres(t testing.TB) rbac.Store {
	dsn, schema := postgrestest.Emptied(t)
	pools.Lock()
	defer pools.Unlock()
	pool := pools.bySchema[schema]
	if pool == nil {
		config, err := pgxpool.ParseConfig(dsn)
		if err != nil {
			t.Fatal(err)
		}
		postgresstore.Prepare(config)
		if pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
			t.Fatal(err)
		}
		if pools.bySchema == nil {
			pools.bySchema = map[string]*pgxpool.Pool{}
		}
		pools.bySchema[schema] = pool
	}
	s, err := postgresstore.New(ctx, pool, postgresstore.Options{Schema: schema})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// eachStore runs f over every store, new and empty, in parallel with the
// remaining tests.
func eachStore(t *testing.T, f func(t *testing.T, h *house)) {
	t.Helper()
	t.Parallel()
	eachStoreAlone(t, f)
}

// eachStoreAlone is eachStore for tests that measure the whole process, such as
// its allocations or its goroutines.
func eachStoreAlone(t *testing.T, f func(t *testing.T, h *house)) {
	t.Helper()
	for i := range stores {
		overStore(t, i, f)
	}
}

// localStores is eachStore for a long proof of a rule that the core decides
// alone: f runs over the stores without a server, which takes a third of the
// time. If RBAC_STORES is all, as in CI, f runs over every store.
func localStores(t *testing.T, f func(t *testing.T, h *house)) {
	t.Helper()
	t.Parallel()
	localStoresAlone(t, f)
}

// localStoresAlone is eachStoreAlone for the rules of localStores.
func localStoresAlone(t *testing.T, f func(t *testing.T, h *house)) {
	t.Helper()
	for i, s := range stores {
		if !s.server || os.Getenv("RBAC_STORES") == "all" {
			overStore(t, i, f)
		}
	}
}

func overStore(t *testing.T, i int, f func(t *testing.T, h *house)) {
	s := stores[i]
	t.Run(s.name, func(t *testing.T) {
		h := newHouse(t, s.open(t))
		h.another = s.open
		f(t, h)
	})
}

// house is a store with a clock and any number of Authorities on it.
type house struct {
	t     testing.TB
	store rbac.Store // the store for open; a test may wrap the store first
	clock *clock

	realTime bool // Authorities have a real clock, as benchmarks need

	another func(testing.TB) rbac.Store // a new store of the same kind
}

// beside returns a house with a new store of the same kind.
func (h *house) beside(t testing.TB) *house {
	n := newHouse(t, h.another(t))
	n.another = h.another
	return n
}

func newHouse(t testing.TB, s rbac.Store) *house {
	t.Cleanup(func() { s.Close() })
	return &house{t: t, store: s, clock: newClock()}
}

// open makes an Authority with the clock of the house, cheap hashes, no log and
// no staleness at all, unless cfg sets a field.
func (h *house) open(cfg rbac.Config) *rbac.Authority {
	h.t.Helper()
	if cfg.Clock == nil && !h.realTime {
		cfg.Clock = h.clock.Now
	}
	distrusts := cfg.MaxStaleness == 0
	if distrusts {
		// no follower in the background: every question looks at the store
		// first
		cfg.MaxStaleness = time.Hour
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	if cfg.Argon2id == (rbac.Argon2id{}) {
		cfg.Argon2id = cheap
	}
	a, err := rbac.Open(ctx, h.store, cfg)
	// on a busy machine, a store on a server may be too slow for the shortest
	// of leases
	for range 100 {
		short := cfg.MaxStaleness <= 50*time.Millisecond && errors.Is(err, rbac.ErrUnavailable)
		if !short && !errors.Is(err, rbac.ErrBusy) {
			break
		}
		a, err = rbac.Open(ctx, h.store, cfg)
	}
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { a.Close() })
	if distrusts {
		a.Distrust()
	}
	return a
}

// do runs an Update that must succeed.
func (h *house) do(a *rbac.Authority, f func(*rbac.Tx) error) {
	h.t.Helper()
	must(h.t, a.Update(ctx, f))
}

// groups adds groups and, under each, its granted permissions; a permission may
// exist already.
func (h *house) groups(a *rbac.Authority, grants map[string][]string) {
	h.t.Helper()
	h.do(a, func(tx *rbac.Tx) error {
		for name, permissions := range grants {
			if _, err := tx.AddGroup(rbac.Group{Name: name}); err != nil {
				return err
			}
			for _, p := range permissions {
				if _, err := tx.Permission(p); err != nil {
					if _, err := tx.AddPermission(rbac.Permission{Name: p}); err != nil {
						return err
					}
				}
				if err := tx.GrantPermission(rbac.Grant{Group: name, Permission: p}); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// user adds a user with a password, unless the password is empty, and assigns
// groups.
func (h *house) user(a *rbac.Authority, name, password string, groups ...string) rbac.User {
	h.t.Helper()
	hash := ""
	if password != "" {
		var err error
		hash, err = a.HashPassword(ctx, password)
		must(h.t, err)
	}
	var u rbac.User
	h.do(a, func(tx *rbac.Tx) (err error) {
		if u, err = tx.AddUser(rbac.User{Name: name}); err != nil {
			return err
		}
		if hash != "" {
			if err := tx.SetPasswordHash(name, hash); err != nil {
				return err
			}
		}
		for _, g := range groups {
			if err := tx.AssignUser(rbac.Membership{User: name, Group: g}); err != nil {
				return err
			}
		}
		return nil
	})
	return u
}

// issue makes a ticket, and must succeed.
func (h *house) issue(a *rbac.Authority, l rbac.Login) rbac.Token {
	h.t.Helper()
	tok, err := a.Issue(ctx, l)
	must(h.t, err)
	return tok
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// clock is a clock that moves on command. It is safe for concurrent use.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock {
	return &clock{now: time.Date(2031, time.March, 3, 9, 0, 0, 0, time.UTC)}
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}
