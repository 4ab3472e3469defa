package sqlitestore_test

import (
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/rbac-go/rbac"
	sqlitestore "github.com/rbac-go/rbac/store_sqlite"
)

// Every version that was released is brought up to date without a loss.
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
			checkFixture(t, s)
			checkSchema(t, path)
		})
	}
}

// checkFixture looks for the records that every fixture holds.
func checkFixture(t *testing.T, s rbac.Store) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 678901000, time.UTC)
	id := func(n byte) uuid.UUID { return uuid.UUID{0: 0xa, 15: n} }
	must(t, s.View(t.Context(), func(r rbac.Records) error {
		same(t, rbac.Head{Revision: 1, Nonce: 1<<64 - 2})(r.Head())
		same(t, rbac.UserRecord{User: rbac.User{ID: id(1), Name: "张三", Email: "Amy@example.com", Subject: "auth0|AbC",
			DisplayName: "Amy", Note: "first", Disabled: true, Created: at},
			EmailKey: "amy@example.com", PasswordHash: "$argon2id$v=19$m=8,t=1,p=1$c2FsdA$aGFzaA"})(r.User(id(1)))
		same(t, []rbac.Section{{Name: "posts", Title: "Posts", Position: 3}})(r.Sections())
		same(t, []rbac.Permission{{ID: id(2), Name: "post.edit", Title: "Edit", Description: "Edit posts", Object: "text", Operation: "change",
			Section: "posts", Position: 2, Created: at}})(r.Permissions())
		same(t, rbac.Group{ID: id(3), Name: "editors", DisplayName: "Editors", Note: "n", Created: at})(r.GroupByName("editors"))
		same(t, []rbac.GrantRecord{{Group: id(3), Permission: "post.*", Note: "g", GrantedBy: "root", GrantedAt: at}})(r.Grants())
		same(t, []rbac.InheritanceRecord{{Senior: id(4), Junior: id(3)}})(r.Inheritances())
		same(t, []rbac.Declaration{{Kind: "group", Key: "editors", ID: id(3), Text: "Editors"}})(r.Declarations())
		same(t, []rbac.SeparationRecord{{Dynamic: true, Name: "cashiers", Cardinality: 2, Groups: []uuid.UUID{id(3), id(4)}}})(r.Separations(true))
		same(t, []rbac.MembershipRecord{{User: id(1), Group: id(3), Scope: "org:42", Note: "m", Until: at,
			AssignedBy: "root", AssignedAt: at}})(r.UserMemberships(id(1)))
		same(t, rbac.TicketRecord{ID: id(5), User: id(1), Hash: rbac.TokenHash{1, 2, 3}, Label: "key", Key: true, Narrowed: true,
			Groups: []uuid.UUID{id(3)}, Created: at, LastSeen: at, Expires: at, Addr: "192.0.2.1", UserAgent: "curl"})(r.Ticket(id(5)))
		same(t, []rbac.TicketValueRecord{{Ticket: id(5), Key: "lang", Value: "中文"}})(r.TicketValues(id(5)))
		same(t, rbac.ThrottleRecord{Key: [32]byte{9}, Failures: 6, Halved: at, Last: at})(r.Throttle([32]byte{9}))
		same(t, rbac.Change{Revision: 1, Nonce: 1<<64 - 2, At: at, Actor: "root", Verified: true, Reason: "why", Action: "AddUser", Subject: "amy",
			Object: "o", Scope: "s", SubjectID: id(1), ObjectID: id(3), After: []byte(`{"Name":"amy"}`)})(first(r.Changes(rbac.ChangeQuery{})))
		return nil
	}))
}

func same[T any](t *testing.T, want T) func(T, error) {
	return func(got T, err error) {
		t.Helper()
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("after the migration there is\n%+v, %v, want\n%+v", got, err, want)
		}
	}
}

func first[T any](seq iter.Seq2[T, error]) (T, error) {
	for v, err := range seq {
		return v, err
	}
	var zero T
	return zero, rbac.ErrNotFound
}

// checkSchema compares the tables with those of a new file: however old a
// database is, it ends up as a new one.
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
	if !errors.Is(err, rbac.ErrUnavailable) || !strings.Contains(err.Error(), "99") || !strings.Contains(err.Error(), "up to 1") {
		t.Errorf("New = %v, want an error that names both versions", err)
	}
}

// A migration that fails leaves nothing behind.
func TestMigrationIsAllOrNothing(t *testing.T) {
	db := hostDB(t, filepath.Join(t.TempDir(), "host.db"))
	_, err := db.Exec("CREATE TABLE rbac_tickets (mine TEXT)")
	must(t, err)
	_, err = sqlitestore.New(t.Context(), db, sqlitestore.Options{})
	if !errors.Is(err, rbac.ErrUnavailable) || !strings.Contains(err.Error(), "001_tables.sql") || !strings.Contains(err.Error(), "rbac_tickets") {
		t.Errorf("New = %v, want an error that names the migration and the table in its way", err)
	}
	var n int
	must(t, db.QueryRow("SELECT count(*) FROM sqlite_master WHERE type = 'table'").Scan(&n))
	if n != 1 {
		t.Errorf("there are %d tables, want only the one that was there", n)
	}
}
