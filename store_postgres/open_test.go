package postgresstore_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/rbac-go/rbac/internal/postgrestest"
	"github.com/rbac-go/rbac/store"
	postgresstore "github.com/rbac-go/rbac/store_postgres"
)

// Many processes that start at once make the tables once.
func TestConcurrentStart(t *testing.T) {
	dsn, schema := postgrestest.DSN(t), postgrestest.Schema(t)
	var group sync.WaitGroup
	for range 12 {
		group.Go(func() {
			s, err := postgresstore.Open(t.Context(), dsn, postgresstore.Options{Schema: schema})
			if err != nil {
				t.Error(err)
				return
			}
			defer s.Close()
			if err := s.Update(t.Context(), nextRevision); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	s := mustOpen(t, dsn, postgresstore.Options{Schema: schema})
	must(t, s.View(t.Context(), func(r store.Records) error {
		h, err := r.Head(store.NoLock)
		if h.Revision != 12 {
			t.Errorf("revision %d, want 12: each process has its tables", h.Revision)
		}
		return err
	}))
}

func TestSchema(t *testing.T) {
	t.Parallel()
	for _, name := range []string{`Weird "schema" with 'quotes'; ?`, "public2", strings.Repeat("é", 31), `back\slash`, `\'`, " rbac_x (rbac_y", "$1", "a.b"} {
		t.Cleanup(func() {
			postgrestest.Exec(t, postgrestest.DSN(t), "DROP SCHEMA IF EXISTS "+pgx.Identifier{name}.Sanitize()+" CASCADE")
		})
		for i := range 2 {
			// Names are kept even if the server interprets backslashes in
			// texts.
			pool := hostPool(t, setting("standard_conforming_strings", []string{"on", "off"}[i]))
			s, err := postgresstore.New(t.Context(), pool, postgresstore.Options{Schema: name})
			must(t, err)
			must(t, s.Update(t.Context(), func(r store.Records) error {
				return r.PutSection(store.Section{Name: fmt.Sprint("section ", i)})
			}))
			_, err = s.ReadHead(t.Context())
			must(t, err)
			must(t, s.Close())
		}
	}
	one, other := openStore(t), openStore(t)
	must(t, one.Update(t.Context(), nextRevision))
	if h, err := other.ReadHead(t.Context()); err != nil || h.Revision != 0 {
		t.Errorf("an Update in one schema shows in another: %v, %v", h, err)
	}
}

// Without Options.Schema the tables are in the first schema of the search_path,
// and stay there whatever search_path applies to a statement.
func TestSchemaOfSearchPath(t *testing.T) {
	dsn := postgrestest.InSchema(t)
	s := mustOpen(t, dsn, postgresstore.Options{})
	if !strings.HasSuffix(dsn, "search_path="+s.SchemaOf()) {
		t.Errorf("the tables are in %q, with the DSN %s", s.SchemaOf(), dsn)
	}
	must(t, s.Update(t.Context(), func(r store.Records) error {
		if _, err := host(t, r).Exec(t.Context(), "SET LOCAL search_path TO pg_catalog"); err != nil {
			return err
		}
		return nextRevision(r)
	}))
	if h, err := s.ReadHead(t.Context()); err != nil || h.Revision != 1 {
		t.Errorf("the head is %v, %v, want revision 1", h, err)
	}
}

// A tool or an administrator of the host may run the migrations. The role of
// the program then only needs the right to use the tables.
func TestMigrationsOfHost(t *testing.T) {
	server := postgrestest.Start(t, "fsync=off")
	postgrestest.Exec(t, server.DSN(), "CREATE SCHEMA site; CREATE ROLE program LOGIN; GRANT USAGE ON SCHEMA site TO program")
	files, err := fs.Glob(postgresstore.Migrations(), "*.sql")
	must(t, err)
	for _, file := range files {
		script, err := fs.ReadFile(postgresstore.Migrations(), file)
		must(t, err)
		postgrestest.Exec(t, server.DSN()+"&search_path=site", string(script))
	}
	opts := postgresstore.Options{Schema: "site"}
	if _, err := postgresstore.Open(t.Context(), server.DSNOf("program", ""), opts); !errors.Is(err, store.ErrUnavailable) || !strings.Contains(fmt.Sprint(err), "permission denied for table rbac_schema") {
		t.Errorf("without a right to the tables: %v", err)
	}
	postgrestest.Exec(t, server.DSN(), "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA site TO program")
	must(t, mustOpen(t, server.DSNOf("program", ""), opts).Update(t.Context(), nextRevision))

	_, err = postgresstore.Open(t.Context(), server.DSNOf("program", ""), postgresstore.Options{Schema: "mine"})
	if !errors.Is(err, store.ErrUnavailable) || !strings.Contains(fmt.Sprint(err), "permission denied for database") {
		t.Errorf("without a right to make a schema: %v", err)
	}
	postgrestest.Exec(t, server.DSN(), "INSERT INTO site.rbac_schema (version) VALUES (1000)")
	_, err = postgresstore.Open(t.Context(), server.DSNOf("program", ""), opts)
	if !errors.Is(err, store.ErrUnavailable) || !strings.Contains(fmt.Sprint(err), "newer version") {
		t.Errorf("with tables of a newer version: %v", err)
	}
}

func TestOpenRefuses(t *testing.T) {
	server := postgrestest.Start(t, "fsync=off")
	postgrestest.Exec(t, server.DSN(), "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
	latin := strings.Replace(server.DSN(), "/postgres?", "/latin?", 1)
	for _, c := range []struct {
		name, dsn, schema string
		kind              error
		says              string
	}{
		{"no DSN", "postgres://a:geheim@[::1", "", store.ErrInvalid, "dsn"},
		{"nobody there", "host=/nowhere password=geheim", "", store.ErrUnavailable, "/nowhere"},
		{"no such database", strings.Replace(server.DSN(), "/postgres?", "/missing?", 1), "", store.ErrUnavailable, `database "missing" does not exist`},
		{"no such role", server.DSNOf("nobody", "geheim"), "", store.ErrUnavailable, `role "nobody" does not exist`},
		{"encoding", latin, "", store.ErrUnavailable, "encoding is LATIN1"},
		{"no schema", server.DSN() + "&search_path=nowhere", "", store.ErrUnavailable, "no schema of the search_path exists"},
		{"long schema", server.DSN(), strings.Repeat("x", 64), store.ErrInvalid, "63 bytes"},
		{"schema that is no text", server.DSN(), "a\x00b", store.ErrInvalid, "not text"},
	} {
		_, err := postgresstore.Open(t.Context(), c.dsn, postgresstore.Options{Schema: c.schema})
		if !errors.Is(err, c.kind) || !strings.Contains(fmt.Sprint(err), c.says) {
			t.Errorf("%s: %v, want %v that says %q", c.name, err, c.kind, c.says)
		}
		if strings.Contains(fmt.Sprint(err), "geheim") {
			t.Errorf("%s: the error shows the password: %v", c.name, err)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := postgresstore.Open(ended, server.DSN(), postgresstore.Options{}); !errors.Is(err, context.Canceled) || !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("under a context that has ended: %v", err)
	}
}

// Even if a server is set to commit before the server, or its standby, has
// written, an Update waits for the write.
func TestDurable(t *testing.T) {
	for setting, want := range map[string]string{"off": "on", "on": "on", "local": "on", "remote_write": "on", "remote_apply": "remote_apply"} {
		s := mustOpen(t, postgrestest.InSchema(t)+"&synchronous_commit="+setting, postgresstore.Options{})
		must(t, s.Update(t.Context(), func(r store.Records) error {
			var got string
			err := host(t, r).QueryRow(t.Context(), "SHOW synchronous_commit").Scan(&got)
			if got != want {
				t.Errorf("with synchronous_commit %s an Update runs with %s, want %s", setting, got, want)
			}
			return err
		}))
	}
}

// The host closes its own pool.
func TestCloseLeavesHostsPool(t *testing.T) {
	s := newStore(t, pgx.QueryExecModeCacheStatement)
	must(t, s.Close())
	must(t, s.Close())
	must(t, s.Pool().Ping(t.Context()))
	if err := s.View(t.Context(), func(store.Records) error { return nil }); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("View after Close: %v", err)
	}
	if _, err := s.ReadHead(t.Context()); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("ReadHead after Close: %v", err)
	}
}
