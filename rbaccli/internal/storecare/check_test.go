package storecare

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/internal/memdir"
	"github.com/rbac-go/rbac/internal/postgrestest"
	"github.com/rbac-go/rbac/store"
	memorystore "github.com/rbac-go/rbac/store_memory"
	postgresstore "github.com/rbac-go/rbac/store_postgres"
	sqlitestore "github.com/rbac-go/rbac/store_sqlite"
)

var now = time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// fill gives a store records of every kind.
func fill(t *testing.T, s store.Store) {
	t.Helper()
	a, err := rbac.Open(t.Context(), s, rbac.Config{Clock: func() time.Time { return now }, Logger: slog.New(slog.DiscardHandler), MaxStaleness: time.Hour,
		Argon2id: rbac.Argon2id{MemoryKiB: 8, Time: 1, Threads: 1}})
	must(t, err)
	defer a.Close()
	_, err = a.CreateUser(t.Context(), rbac.User{Name: "amy", Email: "amy@example.org"}, "correct horse battery")
	must(t, err)
	must(t, a.Update(t.Context(), func(tx *rbac.Tx) error {
		var errs []error
		do := func(err error) { errs = append(errs, err) }
		for _, g := range []string{"a", "b", "c", "d"} {
			do(second(tx.AddGroup(rbac.Group{Name: g})))
		}
		do(tx.AddSection(rbac.Section{Name: "s"}))
		do(second(tx.AddPermission(rbac.Permission{Name: "p", Section: "s"})))
		do(tx.GrantPermission(rbac.Grant{Group: "a", Permission: "p"}))
		do(tx.GrantPermission(rbac.Grant{Group: "a", Permission: "p.*"}))
		do(tx.AddInheritance(rbac.Inheritance{Senior: "a", Junior: "b"}))
		do(tx.AddInheritance(rbac.Inheritance{Senior: "b", Junior: "c"}))
		do(tx.CreateSSDSet(rbac.SeparationSet{Name: "static", Groups: []string{"b", "d"}, Cardinality: 2}))
		do(tx.CreateDSDSet(rbac.SeparationSet{Name: "dynamic", Groups: []string{"c", "d"}, Cardinality: 2}))
		do(tx.AddDelegation(rbac.Delegation{Group: "a", Assign: []string{"b", "c"}}))
		do(tx.AssignUser(rbac.Membership{User: "amy", Group: "a"}))
		do(tx.AssignUser(rbac.Membership{User: "amy", Group: "d", Scope: "org", Until: now}))
		do(second(tx.IssueLink(rbac.Link{User: "amy", Purpose: rbac.LinkReset})))
		return errors.Join(errs...)
	}))
	for range 2 {
		_, err = a.Login(t.Context(), rbac.Login{User: "amy", Password: "correct horse battery", Groups: []string{"c"}})
		must(t, err)
	}
}

func second[T any](_ T, err error) error { return err }

// lines returns the faults of a store, a line for each.
func lines(t *testing.T, s store.Store) string {
	t.Helper()
	faults, err := Check(t.Context(), s, now)
	must(t, err)
	var all []string
	for _, f := range faults {
		all = append(all, f.String())
	}
	return strings.Join(all, "\n")
}

// A store that only an Authority has written to has no faults.
func TestCheckFindsNothing(t *testing.T) {
	for name, open := range map[string]func(*testing.T) store.Store{
		"memory": func(*testing.T) store.Store { return memorystore.New() },
		"SQLite": func(t *testing.T) store.Store { return openSQLite(t, filepath.Join(memdir.New(t), "rbac.db")) },
		"PostgreSQL": func(t *testing.T) store.Store {
			s, err := postgresstore.Open(t.Context(), postgrestest.InSchema(t), postgresstore.Options{})
			must(t, err)
			return s
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			defer s.Close()
			if got := lines(t, s); got != "" {
				t.Errorf("an empty store: %s", got)
			}
			fill(t, s)
			if got := lines(t, s); got != "" {
				t.Errorf("a full store: %s", got)
			}
			plantRecords(t, s)
			if got := lines(t, s); got != plantedRecords {
				t.Errorf("got\n%s\nwant\n%s", got, plantedRecords)
			}
		})
	}
}

// plantRecords plants faults that every engine takes.
func plantRecords(t *testing.T, s store.Store) {
	must(t, s.Update(context.Background(), func(r store.Records) error {
		var a, c store.Group
		groups, err := r.Groups()
		for _, g := range groups {
			switch g.Name {
			case "a":
				a = g
			case "c":
				c = g
			}
		}
		return errors.Join(err,
			r.AddInheritance(store.Inheritance{Senior: c.ID, Junior: a.ID}),
			r.PutGrant(store.Grant{Group: a.ID, Permission: "gone"}),
			r.DeleteSection("s"),
			r.SetHead(store.Head{Revision: 100, Nonce: 1}))
	}))
}

const plantedRecords = `permission "p": there is no section "s"
grant "gone to a": there is no permission "gone"
inheritance "a": the groups inherit each other: a, b, c
store "separation sets": nobody knows whether users violate a set before the other faults are gone
change log "head": the store is at revision 100, and the last change has revision 3`

func openSQLite(t *testing.T, path string) *sqlitestore.Store {
	t.Helper()
	s, err := sqlitestore.Open(t.Context(), path, sqlitestore.Options{})
	must(t, err)
	return s
}

// Every fault that a program can write into the tables is reported with its
// record.
func TestCheckFindsPlantedFaults(t *testing.T) {
	path := filepath.Join(memdir.New(t), "rbac.db")
	s := openSQLite(t, path)
	defer s.Close()
	fill(t, s)
	db, err := sql.Open("sqlite3", "file:"+path+"?_foreign_keys=0")
	must(t, err)
	defer db.Close()
	id := func(group string) (id string) {
		must(t, db.QueryRow("SELECT id FROM rbac_groups WHERE name = ?", group).Scan(&id))
		return id
	}
	ids := strings.NewReplacer("$a", id("a"), "$b", id("b"), "$c", id("c"), "$d", id("d"), "$none", uuid.Max.String())
	for _, c := range []struct{ name, statement, want string }{
		{"a name in capitals", "UPDATE rbac_users SET name = 'Amy'", `user "Amy": the name is not in canonical form, which is "amy"`},
		{"an impossible name", "UPDATE rbac_users SET name = 'a  b'", `user "a  b": not a user name`},
		{"another key of the address", "UPDATE rbac_users SET email_key = 'x'", `user "amy": the user is not found by the e-mail address`},
		{"a group with a space", "UPDATE rbac_groups SET name = ' b' WHERE name = 'b'", `group " b": leading or trailing space`},
		{"a section with a control character", "UPDATE rbac_sections SET name = 'x' || char(7); UPDATE rbac_permissions SET section = ''", "section \"x\\a\": contains a control character"},
		{"a permission that is a pattern", "UPDATE rbac_permissions SET name = 'p.*' WHERE name = 'p'; UPDATE rbac_grants SET permission = '*' WHERE permission = 'p'", `permission "p.*": has the form of a pattern`},
		{"a missing section", "DELETE FROM rbac_sections", `permission "p": there is no section "s"`},
		{"a missing permission", "DELETE FROM rbac_permissions WHERE name = 'p'", `grant "p to a": there is no permission "p"`},
		{"a bad pattern", "UPDATE rbac_grants SET permission = '.*' WHERE permission = 'p.*'", `grant ".* to a": a pattern is * alone`},
		{"a missing group", "DELETE FROM rbac_groups WHERE name = 'b'", `inheritance "a of $b": there is no group with the id $b`},
		{"a grant of a missing group", "UPDATE rbac_grants SET group_id = '$none' WHERE permission = 'p'", `grant "p to $none": there is no group with the id $none`},
		{"an inheritance of itself", "INSERT INTO rbac_inheritances VALUES ('$d', '$d')", `inheritance "d": the groups inherit each other: d`},
		{"a cycle", "INSERT INTO rbac_inheritances VALUES ('$c', '$a')", `inheritance "a": the groups inherit each other: a, b, c`},
		{"a set of a missing group", "UPDATE rbac_separation_groups SET group_id = '$none' WHERE name = 'static' AND group_id = '$b'", `SSD set "static": there is no group with the id $none`},
		{"a set that cannot be violated", "UPDATE rbac_separations SET cardinality = 3 WHERE name = 'dynamic'", `DSD set "dynamic": the cardinality is 3, and the set has 2 groups`},
		{"a violated set", "UPDATE rbac_memberships SET until = -62135596800000000", `SSD set "static": the user "amy" has 2 groups of the set or more`},
		{"a delegation without groups", "DELETE FROM rbac_delegation_groups", `delegation "a": the delegation has no groups to assign`},
		{"a delegation of a missing group", "UPDATE rbac_delegation_groups SET assign_id = '$none' WHERE assign_id = '$b'", `delegation "a": there is no group with the id $none`},
		{"a membership of a missing user", "UPDATE rbac_memberships SET user_id = '$none' WHERE scope = ''", `membership "$none in a": there is no user with the id $none`},
		{"a membership in a missing group", "UPDATE rbac_memberships SET group_id = '$none' WHERE scope = 'org'", `membership "amy in $none at org": there is no group with the id $none`},
		{"a scope with a control character", "UPDATE rbac_memberships SET scope = char(9) WHERE scope = 'org'", `membership "amy in d at \t": contains a control character`},
		{"tickets of a missing user", "UPDATE rbac_tickets SET user_id = '$none'", `of $none": there is no user with the id $none`},
		{"a ticket of a missing group", "UPDATE rbac_ticket_groups SET group_id = '$none'", `of amy": there is no group with the id $none`},
		{"a link of a missing user", "UPDATE rbac_links SET user_id = '$none'", `link "reset of $none": there is no user with the id $none`},
		{"a login of a missing user", "UPDATE rbac_logins SET user_id = '$none'", `of $none": there is no user with the id $none`},
		{"values of a missing ticket", "INSERT INTO rbac_ticket_values VALUES ('$none', 'k', 'v')", `table "rbac_ticket_values": rows that refer to a missing row of rbac_tickets: 1`},
		{"a missing revision", "DELETE FROM rbac_changes WHERE revision = 2", `change log "revision 2": all entries are missing, up to revision 2`},
		{"missing revisions at the end", "DELETE FROM rbac_changes WHERE revision > 2", `change log "head": the store is at revision 3, and the last change has revision 2`},
		{"an empty log", "DELETE FROM rbac_changes", `change log "head": the store is at revision 3, and the last change has revision 0`},
		{"a missing entry", "DELETE FROM rbac_changes WHERE revision = 3 AND seq = 2", `change log "revision 3": the entry 2 is missing`},
		{"a missing first entry", "DELETE FROM rbac_changes WHERE revision = 3 AND seq = 0", `change log "revision 3": the entry 0 is missing`},
		{"another nonce", "UPDATE rbac_changes SET nonce = nonce + 1 WHERE revision = 3 AND seq = 2", `change log "revision 3": the entries 1 and 2 have different nonces`},
		{"another nonce of the head", "UPDATE rbac_head SET nonce = nonce + 1", `change log "head": the head and the last change have different nonces at revision 3`},
		{"a record that is not JSON", "UPDATE rbac_changes SET after_json = '{' WHERE revision = 3 AND seq = 0", `change log "revision 3": the entry 0 holds a record that is not JSON`},
		{"a lost page", "PRAGMA writable_schema = 1; DELETE FROM sqlite_schema WHERE name = 'rbac_changes_actor'", `database "main": `},
	} {
		t.Run(c.name, func(t *testing.T) {
			// Each fault lives in a copy.
			to := filepath.Join(memdir.New(t), "copy.db")
			must(t, Backup(t.Context(), s, to))
			copied, err := sql.Open("sqlite3", "file:"+to+"?_foreign_keys=0")
			must(t, err)
			_, err = copied.Exec(ids.Replace(c.statement))
			must(t, errors.Join(err, copied.Close()))
			broken := openSQLite(t, to)
			defer broken.Close()
			if got := lines(t, broken); !strings.Contains("\n"+got, "\n"+ids.Replace(c.want)) && !strings.Contains(got, " "+ids.Replace(c.want)) {
				t.Errorf("got\n%s\nwant\n%s", got, ids.Replace(c.want))
			}
		})
	}
}

// The faults of a large broken store are bounded.
func TestCheckIsBounded(t *testing.T) {
	s := memorystore.New()
	must(t, s.Update(t.Context(), func(r store.Records) error {
		for i := range maxFaults + 10 {
			if err := r.AddChange(store.Change{Revision: store.Revision(2*i + 2)}); err != nil {
				return err
			}
		}
		return nil
	}))
	faults, err := Check(t.Context(), s, now)
	must(t, err)
	if len(faults) != maxFaults+1 || faults[maxFaults].Reason != "there are more faults" {
		t.Errorf("%d faults", len(faults))
	}
	if text, err := json.Marshal(faults[0]); err != nil || string(text) != `{"record":"change log","name":"revision 3","reason":"all entries are missing, up to revision 3"}` {
		t.Errorf("the form of a fault: %s, %v", text, err)
	}
}

// Only SQLite is copied into a file.
func TestBackupOfOtherStores(t *testing.T) {
	if err := Backup(t.Context(), memorystore.New(), "x"); !errors.Is(err, rbac.ErrInvalid) {
		t.Errorf("the memory store: %v", err)
	}
}

func TestMain(m *testing.M) { os.Exit(postgrestest.Main(m)) }
