// Package drivers runs the conformance suite with the two drivers that need no
// cgo, in one program. The package is in a separate module, so that importers
// of rbac do not inherit the drivers:
//
//	cd store_sqlite/testdata/drivers && CGO_ENABLED=0 go test ./...
package drivers

import (
	"context"
	"database/sql"
	"path/filepath"
	"testing"

	_ "github.com/ncruces/go-sqlite3/driver" // "sqlite3"
	"github.com/rbac-go/rbac/store"
	"github.com/rbac-go/rbac/store/sqlstore/sqlite"
	"github.com/rbac-go/rbac/store/storetest"
	_ "modernc.org/sqlite" // "sqlite"
)

func TestStore(t *testing.T) {
	for _, c := range []struct{ name, driver, params string }{
		{"modernc", "sqlite", ""},
		{"modernc with WAL", "sqlite", "?_pragma=journal_mode(wal)"},
		{"modernc with WAL and immediate", "sqlite", "?_pragma=journal_mode(wal)&_txlock=immediate"},
		{"ncruces", "sqlite3", ""},
		{"ncruces with WAL", "sqlite3", "?_pragma=journal_mode(wal)"},
		{"ncruces with WAL and immediate", "sqlite3", "?_pragma=journal_mode(wal)&_txlock=immediate"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			storetest.Run(t, func(t *testing.T) store.Store {
				db, err := sql.Open(c.driver, "file:"+filepath.Join(t.TempDir(), "host.db")+c.params)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { db.Close() })
				s, err := sqlite.New(context.Background(), db, sqlite.Options{})
				if err != nil {
					t.Fatal(err)
				}
				return s
			})
		})
	}
}
