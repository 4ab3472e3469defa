// Package drivers runs the conformance suite with a driver that needs no cgo. It is
// a module of its own, so that those who import rbac do not inherit the driver:
//
//	cd store_sqlite/testdata/drivers && CGO_ENABLED=0 go test ./...
package drivers

import (
	"context"
	"database/sql"
	"path/filepath"
	"testing"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/store/storetest"
	sqlitestore "github.com/rbac-go/rbac/store_sqlite"
	_ "modernc.org/sqlite"
)

func TestStore(t *testing.T) {
	for _, c := range []struct{ name, params string }{
		{"plain", ""},
		{"WAL", "?_pragma=journal_mode(wal)"},
		{"WAL and immediate", "?_pragma=journal_mode(wal)&_txlock=immediate"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			storetest.Run(t, func(t *testing.T) rbac.Store {
				db, err := sql.Open("sqlite", "file:"+filepath.Join(t.TempDir(), "host.db")+c.params)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { db.Close() })
				s, err := sqlitestore.New(context.Background(), db, sqlitestore.Options{})
				if err != nil {
					t.Fatal(err)
				}
				return s
			})
		})
	}
}
