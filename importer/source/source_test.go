package source_test

import (
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/importer/source"
)

// A source is opened for reading, whatever characters its path has, and is never
// created.
func TestOpen(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "50% a?b#c.db")
	plain := filepath.Join(dir, "plain.db")
	made, err := sql.Open("sqlite3", plain)
	if err == nil {
		_, err = made.Exec("CREATE TABLE t (x integer); INSERT INTO t VALUES (7)")
	}
	if err := errors.Join(err, made.Close(), os.Rename(plain, path)); err != nil {
		t.Fatal(err)
	}
	db, err := source.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var x int
	if err := db.QueryRow("SELECT x FROM t").Scan(&x); err != nil || x != 7 {
		t.Errorf("read %d, %v", x, err)
	}
	if _, err := db.Exec("DELETE FROM t"); err == nil {
		t.Error("the source was changed")
	}
	missing := filepath.Join(dir, "missing.db")
	for dsn, want := range map[string]error{missing: rbac.ErrNotFound, dir: rbac.ErrNotFound, "mysql://u@h/d": rbac.ErrInvalid, "": rbac.ErrNotFound} {
		if _, err := source.Open(dsn); !errors.Is(err, want) {
			t.Errorf("%q: %v", dsn, err)
		}
	}
	for _, dsn := range []string{"host=h password=s3cret user=u", "postgres:/u:s3cret@h/db", "postgresql:u:s3cret@h"} {
		if _, err := source.Open(dsn); !errors.Is(err, rbac.ErrInvalid) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%q: %v", dsn, err)
		}
	}
	if _, err := os.Stat(missing); err == nil {
		t.Error("a file was created")
	}
}
