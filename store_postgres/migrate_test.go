package postgresstore_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/rbac-go/rbac/internal/postgrestest"
	"github.com/rbac-go/rbac/internal/sqlfixture"
	"github.com/rbac-go/rbac/store"
	"github.com/rbac-go/rbac/store/sqlstore"
	postgresstore "github.com/rbac-go/rbac/store_postgres"
)

// Every released version is brought up to date without a loss, even by several
// processes that start at once.
func TestMigrateReleasedVersions(t *testing.T) {
	fixtures, err := filepath.Glob("testdata/v*.sql")
	must(t, err)
	if len(fixtures) == 0 {
		t.Fatal("there is no fixture")
	}
	want := tables(t, openStore(t))
	for _, fixture := range fixtures {
		t.Run(filepath.Base(fixture), func(t *testing.T) {
			script, err := os.ReadFile(fixture)
			must(t, err)
			dsn := postgrestest.InSchema(t)
			postgrestest.Exec(t, dsn, string(script))
			var group sync.WaitGroup
			for range 4 {
				group.Go(func() {
					s, err := postgresstore.Open(t.Context(), dsn, postgresstore.Options{})
					if err != nil {
						t.Error(err)
						return
					}
					defer s.Close()
					sqlfixture.Check(t, s)
				})
			}
			group.Wait()
			s := mustOpen(t, dsn, postgresstore.Options{})
			if got := tables(t, s); got != want {
				t.Errorf("the tables are\n%s\nand new ones\n%s", got, want)
			}
			must(t, s.Update(t.Context(), nextRevision))
		})
	}
}

// With MustExist, Open makes nothing and migrates nothing.
func TestMustExist(t *testing.T) {
	for have, script := range map[int]string{0: "", 1: "testdata/v1.sql"} {
		dsn := postgrestest.InSchema(t)
		if script != "" {
			text, err := os.ReadFile(script)
			must(t, err)
			postgrestest.Exec(t, dsn, string(text))
		}
		for range 2 { // the first call has changed nothing
			_, err := postgresstore.Open(t.Context(), dsn, postgresstore.Options{MustExist: true})
			version, ok := errors.AsType[*sqlstore.VersionError](err)
			if !errors.Is(err, store.ErrUnavailable) || !ok || version.Have != have || version.Want <= have {
				t.Errorf("tables of version %d: %v", have, err)
			}
		}
		mustOpen(t, dsn, postgresstore.Options{}).Close()
		mustOpen(t, dsn, postgresstore.Options{MustExist: true}).Close()
	}
}

// The reserved value that marked an API key as kept becomes a column.
func TestMigrateKeptKeys(t *testing.T) {
	sqlfixture.EachKept(t, func(t *testing.T, mark string) store.Store {
		script, err := os.ReadFile("testdata/v1.sql")
		must(t, err)
		files, err := fs.Glob(postgresstore.Migrations(), "*.sql")
		must(t, err)
		dsn := postgrestest.InSchema(t)
		postgrestest.Exec(t, dsn, string(script))
		for _, file := range files[1:7] { // to the version before
			script, err := fs.ReadFile(postgresstore.Migrations(), file)
			must(t, err)
			postgrestest.Exec(t, dsn, string(script))
		}
		postgrestest.Exec(t, dsn, mark)
		return mustOpen(t, dsn, postgresstore.Options{})
	})
}

// tables describes the tables of a store. Migrated tables of any age must equal
// new tables.
func tables(t *testing.T, s *postgresstore.Store) string {
	t.Helper()
	var b strings.Builder
	for _, query := range []string{
		`SELECT concat_ws(' ', table_name, column_name, data_type, collation_name, is_nullable, column_default)
			FROM information_schema.columns WHERE table_schema = $1 ORDER BY table_name, column_name`,
		"SELECT indexdef FROM pg_indexes WHERE schemaname = $1 ORDER BY indexname",
		`SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid)
			FROM pg_constraint WHERE connamespace = quote_ident($1)::regnamespace ORDER BY conname`,
	} {
		rows, err := s.Pool().Query(t.Context(), query, s.SchemaOf())
		must(t, err)
		for rows.Next() {
			var line string
			must(t, rows.Scan(&line))
			fmt.Fprintln(&b, strings.ReplaceAll(line, s.SchemaOf()+".", ""))
		}
		must(t, rows.Err())
	}
	return b.String()
}

// The tables of an engine without collations, here in a database that orders
// texts by their bytes.
func TestBytewiseTables(t *testing.T) {
	server := postgrestest.Start(t, "fsync=off")
	postgrestest.Exec(t, server.DSN(), "CREATE DATABASE bytewise TEMPLATE template0 LOCALE_PROVIDER libc LOCALE 'C'")
	dsn := strings.Replace(server.DSN(), "/postgres?", "/bytewise?", 1)
	files, err := fs.Glob(postgresstore.Migrations(), "*.sql")
	must(t, err)
	for _, file := range files {
		script, err := fs.ReadFile(postgresstore.Migrations(), file)
		must(t, err)
		spelled := postgresstore.SpellBytewise(string(script))
		if strings.Contains(spelled, "COLLATE") {
			t.Errorf("%s still has a collation", file)
		}
		postgrestest.Exec(t, dsn, spelled)
	}
	s := mustOpen(t, dsn, postgresstore.Options{})
	want := []string{"B", "a", "a b", "b", "ä"}
	must(t, s.Update(t.Context(), func(r store.Records) error {
		for _, name := range []string{"ä", "b", "B", "a b", "a"} {
			if err := r.AddUser(store.UserRecord{User: store.User{ID: uuid.New(), Name: name}}); err != nil {
				return err
			}
		}
		return nil
	}))
	var got []string
	must(t, s.View(t.Context(), func(r store.Records) error {
		for u, err := range r.Users(store.UserFilter{}) {
			if err != nil {
				return err
			}
			got = append(got, u.Name)
		}
		return nil
	}))
	if !slices.Equal(got, want) {
		t.Errorf("users are listed as %q, want %q", got, want)
	}
}
