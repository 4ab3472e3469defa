package sqlitestore_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rbac-go/rbac/internal/sqlfixture"
	"github.com/rbac-go/rbac/store"
	sqlitestore "github.com/rbac-go/rbac/store_sqlite"
)

// Every released version is brought up to date without a loss.
func TestMigrateReleasedVersions(t *testing.T) {
	fixtures, err := filepath.Glob("testdata/v*.sql")
	must(t, err)
	files, err := fs.Glob(sqlitestore.Migrations(), "*.sql")
	must(t, err)
	if len(fixtures) != len(files) {
		t.Errorf("there are %d fixtures for %d versions", len(fixtures), len(files))
	}
	for _, fixture := range fixtures {
		t.Run(filepath.Base(fixture), func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "old.db")
			script, err := os.ReadFile(fixture)
			must(t, err)
			_, err = hostDB(t, path).Exec(string(script))
			must(t, err)
			s := mustOpen(t, path)
			sqlfixture.Check(t, s)
			checkSchema(t, path)
		})
	}
}

// checkSchema compares the tables with those of a new file. A migrated database
// of any age must equal a new database.
func checkSchema(t *testing.T, path string) {
	t.Helper()
	fresh := filepath.Join(t.TempDir(), "new.db")
	mustOpen(t, fresh)
	got, want := schema(t, path), schema(t, fresh)
	if got != want {
		t.Errorf("the tables are\n%s\nand those of a new file\n%s", got, want)
	}
}

func schema(t *testing.T, path string) string {
	t.Helper()
	rows, err := hostDB(t, path).Query("SELECT coalesce(sql, name) FROM sqlite_master ORDER BY name")
	must(t, err)
	defer rows.Close()
	var b strings.Builder
	for rows.Next() {
		var text string
		must(t, rows.Scan(&text))
		fmt.Fprintln(&b, text)
	}
	must(t, rows.Err())
	return b.String()
}

// A host may run the files with a tool of its own.
func TestMigrationsByHost(t *testing.T) {
	db := hostDB(t, filepath.Join(t.TempDir(), "host.db"))
	files, err := fs.Glob(sqlitestore.Migrations(), "*.sql")
	must(t, err)
	for _, file := range files {
		script, err := fs.ReadFile(sqlitestore.Migrations(), file)
		must(t, err)
		_, err = db.Exec(string(script))
		must(t, err)
	}
	bump(t, mustNew(t, db))
}

func TestNewRefusesNewerVersion(t *testing.T) {
	db := hostDB(t, filepath.Join(t.TempDir(), "host.db"))
	mustNew(t, db)
	_, err := db.Exec("INSERT INTO rbac_schema (version) VALUES (99)")
	must(t, err)
	_, err = sqlitestore.New(t.Context(), db, sqlitestore.Options{})
	if !errors.Is(err, store.ErrUnavailable) || !strings.Contains(err.Error(), "99") || !strings.Contains(err.Error(), "up to 3") {
		t.Errorf("New = %v, want an error that names both versions", err)
	}
}

// A migration that fails leaves nothing behind.
func TestMigrationIsAllOrNothing(t *testing.T) {
	db := hostDB(t, filepath.Join(t.TempDir(), "host.db"))
	_, err := db.Exec("CREATE TABLE rbac_tickets (mine TEXT)")
	must(t, err)
	_, err = sqlitestore.New(t.Context(), db, sqlitestore.Options{})
	if !errors.Is(err, store.ErrUnavailable) || !strings.Contains(err.Error(), "001_tables.sql") || !strings.Contains(err.Error(), "rbac_tickets") {
		t.Errorf("New = %v, want an error that names the migration and the table in its way", err)
	}
	var n int
	must(t, db.QueryRow("SELECT count(*) FROM sqlite_master WHERE type = 'table'").Scan(&n))
	if n != 1 {
		t.Errorf("there are %d tables, want only the one that was there", n)
	}
}
