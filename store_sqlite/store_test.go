package sqlitestore_test

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"testing"

	_ "github.com/mattn/go-sqlite3"
	"github.com/rbac-go/rbac/internal/memdir"
	"github.com/rbac-go/rbac/store"
	"github.com/rbac-go/rbac/store/storetest"
	sqlitestore "github.com/rbac-go/rbac/store_sqlite"
)

// The contract of a store holds. RBAC_LISTED, the length of the listings, is set
// in CI. Only with RBAC_LISTED are all ways to open a store tested.
func TestStore(t *testing.T) {
	for _, kind := range kinds {
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			if kind.long && os.Getenv("RBAC_LISTED") == "" {
				t.Skip("RBAC_LISTED is not set")
			}
			storetest.Run(t, func(t *testing.T) store.Store { return kind.open(t) })
		})
	}
}

// kinds are the ways to open a store.
var kinds = []struct {
	name string
	open func(testing.TB) *sqlitestore.Store
	long bool // the whole suite runs in CI only
}{
	{"Open", openFile, false},
	{"New", newWAL, true},
	{"New with immediate transactions", newImmediate, true},
	{"New without WAL", newDelete, true},
	{"New in memory", newMemory, true},
}

func openFile(t testing.TB) *sqlitestore.Store {
	return mustOpen(t, filepath.Join(memdir.New(t), "rbac.db"))
}

func newWAL(t testing.TB) *sqlitestore.Store {
	return mustNew(t, hostDB(t, filepath.Join(memdir.New(t), "host.db")+"?_journal_mode=WAL"))
}

func newImmediate(t testing.TB) *sqlitestore.Store {
	return mustNew(t, hostDB(t, filepath.Join(memdir.New(t), "host.db")+"?_journal_mode=WAL&_txlock=immediate"))
}

func newDelete(t testing.TB) *sqlitestore.Store {
	return mustNew(t, hostDB(t, filepath.Join(memdir.New(t), "host.db")))
}

func newMemory(t testing.TB) *sqlitestore.Store {
	db := hostDB(t, ":memory:")
	db.SetMaxOpenConns(1)
	return mustNew(t, db)
}

func mustOpen(t testing.TB, path string) *sqlitestore.Store {
	t.Helper()
	s, err := sqlitestore.Open(context.Background(), path, sqlitestore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func mustNew(t testing.TB, db *sql.DB) *sqlitestore.Store {
	t.Helper()
	s, err := sqlitestore.New(context.Background(), db, sqlitestore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func hostDB(t testing.TB, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite3", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}
