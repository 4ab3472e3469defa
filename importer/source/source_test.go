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

// No error repeats a DSN, since the bounds of a password are unknown in it.
func TestErrorsRepeatNoDSN(t *testing.T) {
	for _, dsn := range []string{
		"host=h password=s3cret user=u", "password = s3cret", "postgres:/u:s3cret@h/db", "postgres:u:s3cret@h", "POSTGRES://u:s3cret@h/d",
		"host=h password=s3cret://", "jdbc:postgresql://h/d?password=s3cret", "u:s3cret@tcp(h)/d", "mysql:s3cret",
		"postgres://u:12/s3cret@h/d", "postgres://u:12#s3cret@h/d", "postgres://u:12?s3cret@h/d", "postgres://u:s3cret%zz@h/d",
		"postgres://u:s3cret x@h/d", "postgres://u@h:s3cret/d", "postgres://u@h/d?password=s3cret&sslmode=bogus", "postgresql://u@h/d?pass%77ord=s3cret&sslmode=bogus",
	} {
		db, err := source.Open(dsn)
		if db != nil || !errors.Is(err, rbac.ErrInvalid) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v", dsn, err)
		}
	}
	for _, dsn := range []string{"postgres://u:s3cret@127.0.0.1:1/d", "postgres:///d?host=/nowhere&user=u&password=s3cret"} {
		db, err := source.Open(dsn)
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Ping(); err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v", dsn, err)
		}
		db.Close()
	}
	// A path is repeated, and a file may have the name of a DSN.
	if _, err := source.Open("missing/s.db"); err == nil || !strings.Contains(err.Error(), "missing/s.db") {
		t.Errorf("a missing file: %v", err)
	}
	path := filepath.Join(t.TempDir(), "host=h.db")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := source.Open(path)
	if err == nil {
		err = errors.Join(db.Ping(), db.Close())
	}
	if err != nil {
		t.Error(err)
	}
}

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
