// Package beside uses a driver without cgo together with the driver of package
// sqlitestore. The drivers have different names, so a program may have both.
package beside

import (
	"database/sql"
	"path/filepath"
	"testing"

	"github.com/rbac-go/rbac"
	sqlitestore "github.com/rbac-go/rbac/store_sqlite"
	_ "modernc.org/sqlite"
)

func TestNew(t *testing.T) {
	db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "host.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	s, err := sqlitestore.New(t.Context(), db, sqlitestore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	a, err := rbac.Open(t.Context(), s, rbac.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	err = a.Update(t.Context(), func(tx *rbac.Tx) error {
		if _, ok := sqlitestore.Tx(tx); !ok {
			t.Error("the transaction must be the host's, too")
		}
		_, err := tx.AddUser(rbac.User{Name: "amy"})
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
