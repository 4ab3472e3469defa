package sqlitestore_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

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

// Changes of clocks that disagreed before the migration are found by their
// times.
func TestMigrateChangesOfSeveralClocks(t *testing.T) {
	path := filepath.Join(t.TempDir(), "old.db")
	script, err := os.ReadFile("testdata/v2.sql")
	must(t, err)
	db := hostDB(t, path)
	_, err = db.Exec(string(script))
	must(t, err)
	for revision, at := range []int64{2: 50, 3: 10, 4: 40, 5: 60} {
		if at > 0 {
			_, err := db.Exec(`INSERT INTO rbac_changes SELECT ?, nonce, seq, ? * 1000000, actor, verified, reason, action, subject, object, scope,
				subject_id, object_id, before_json, after_json, acted_for FROM rbac_changes WHERE revision = 1`, revision, at)
			must(t, err)
		}
	}
	s := mustOpen(t, path)
	for _, q := range []struct {
		filter store.ChangeFilter
		want   string
	}{
		{store.ChangeFilter{Until: time.Unix(41, 0)}, "[3 4]"},
		{store.ChangeFilter{Until: time.Unix(51, 0), Newest: true}, "[4 3 2]"},
		{store.ChangeFilter{Since: time.Unix(5, 0), Until: time.Unix(100, 0)}, "[2 3 4 5]"},
	} {
		must(t, s.View(t.Context(), func(r store.Records) error {
			list, err := store.Collect(r.Changes(q.filter))
			var got []store.Revision
			for _, c := range list {
				got = append(got, c.Revision)
			}
			if fmt.Sprint(got) != q.want {
				t.Errorf("%+v: got %v, want %s", q.filter, got, q.want)
			}
			return err
		}))
	}
}

// The reserved value that marked an API key as kept becomes a column.
func TestMigrateKeptKeys(t *testing.T) {
	sqlfixture.EachKept(t, func(t *testing.T, mark string) store.Store {
		path := filepath.Join(t.TempDir(), "old.db")
		script, err := os.ReadFile("testdata/v6.sql")
		must(t, err)
		_, err = hostDB(t, path).Exec(string(script) + mark)
		must(t, err)
		return mustOpen(t, path)
	})
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
	if !errors.Is(err, store.ErrUnavailable) || !strings.Contains(err.Error(), "99") || !strings.Contains(err.Error(), "up to 7") {
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
