package postgresstore_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/rbac-go/rbac/internal/postgrestest"
	"github.com/rbac-go/rbac/internal/sqlplans"
	"github.com/rbac-go/rbac/store"
	postgresstore "github.com/rbac-go/rbac/store_postgres"
)

// hostile is a server where the role mallory may create things in the schemas
// public and site. In both schemas mallory has overloaded everything of
// pg_catalog.
type hostile struct{ *postgrestest.Server }

// The search_paths of a service. In first, copies of the names of pg_catalog
// precede pg_catalog; in usual, only overloads that match the arguments of a
// call better win.
const (
	first = "public, site, pg_catalog"
	usual = "public"
)

func newHostile(t *testing.T) *hostile {
	h := &hostile{postgrestest.Start(t, "fsync=off", "track_functions=all", "max_connections=300")}
	postgrestest.Exec(t, h.DSN(), `CREATE ROLE mallory LOGIN; CREATE ROLE service LOGIN; GRANT CREATE ON SCHEMA public TO mallory;
		GRANT CREATE ON DATABASE postgres TO service; CREATE SCHEMA site AUTHORIZATION service; GRANT USAGE, CREATE ON SCHEMA site TO mallory;
		ALTER ROLE service SET search_path TO `+first)
	script, err := os.ReadFile("testdata/hostile.sql")
	must(t, err)
	for _, schema := range []string{"public", "site"} {
		postgrestest.Exec(t, h.DSNOf("mallory", ""), strings.ReplaceAll(string(script), "trap", schema))
	}
	decoys := ""
	for _, table := range []string{"schema", "head", "users", "groups", "permissions", "memberships", "tickets", "throttles", "changes", "processes"} {
		decoys += "CREATE TABLE public.rbac_" + table + " (); GRANT ALL ON public.rbac_" + table + " TO PUBLIC;"
	}
	postgrestest.Exec(t, h.DSNOf("mallory", ""), "SET search_path TO pg_catalog; "+decoys)
	h.armed(t)
	return h
}

// armed checks that an unqualified name triggers the traps.
func (h *hostile) armed(t *testing.T) {
	for path, statements := range map[string][]string{
		first: {"SELECT 1::bigint = 1::bigint", "SELECT 'a' < 'b'", "SELECT now()", "SELECT max(1::bigint)", "SELECT 'a'::text",
			"SELECT 1 IN (SELECT 1)", "SELECT 1 BETWEEN 0 AND 2"},
		usual: {"SELECT extract(epoch FROM now()) * 1000000", "SELECT 1::bigint * 1.5"},
	} {
		for _, statement := range statements {
			postgrestest.Exec(t, h.service(path), statement)
			if h.sprung(t) == 0 {
				t.Errorf("%s with the search_path %s: the trap is not armed", statement, path)
			}
		}
	}
}

// service returns the DSN of the service.
func (h *hostile) service(path string) string {
	return h.DSNOf("service", "") + "&search_path=" + strings.ReplaceAll(path, " ", "%20")
}

// unsprung checks that none of mallory's functions was called.
func (h *hostile) unsprung(t *testing.T) {
	t.Helper()
	if n := h.sprung(t); n != 0 {
		t.Errorf("%d calls of functions that another role made", n)
	}
}

// sprung returns the number of calls of mallory's functions since the last
// sprung.
func (h *hostile) sprung(t *testing.T) (calls int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute) // also after the test
	defer cancel()
	// The calls of a session are counted reliably only after the session has
	// ended.
	h.Await(t, "SELECT count(pg_terminate_backend(pid)) = 0 FROM pg_stat_activity WHERE usename = 'service'")
	conn, err := pgx.Connect(ctx, h.DSN()+"&search_path=pg_catalog")
	must(t, err)
	defer conn.Close(ctx)
	must(t, conn.QueryRow(ctx, "SELECT coalesce(sum(calls), 0) FROM pg_stat_user_functions").Scan(&calls))
	_, err = conn.Exec(ctx, "SELECT pg_stat_reset()")
	must(t, err)
	return calls
}

// No statement of the store calls anything that another role made in public, or
// in the schema of the store's tables, whatever the search_path is.
func TestHostileSchemas(t *testing.T) {
	t.Parallel()
	h := newHostile(t)
	for _, c := range []struct {
		name string
		open func(t *testing.T) *postgresstore.Store
	}{
		{"Open", func(t *testing.T) *postgresstore.Store {
			return mustOpen(t, h.service(first), postgresstore.Options{Schema: "site"})
		}},
		{"Open with the usual search_path", func(t *testing.T) *postgresstore.Store {
			return mustOpen(t, h.service(usual), postgresstore.Options{Schema: "site"})
		}},
		{"New on a pool without prepared statements", func(t *testing.T) *postgresstore.Store {
			return h.onPool(t, h.service(first), pgx.QueryExecModeSimpleProtocol, "site")
		}},
		{"New through PgBouncer", func(t *testing.T) *postgresstore.Store {
			return h.onPool(t, h.Bouncer(t, "transaction", "service")("service"), pgx.QueryExecModeExec, "site")
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Cleanup(func() { h.unsprung(t) })
			h.empty(t)
			s := c.open(t)
			h.calls(t, s)
			h.confirms(t, s)
			h.shares(t, s)
			live(t, s)
		})
	}
}

// empty drops the tables, so that the next store makes them among the traps.
func (h *hostile) empty(t *testing.T) {
	postgrestest.Exec(t, h.DSN()+"&search_path=pg_catalog", `DO $$ DECLARE name text; BEGIN
		FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'site' LOOP EXECUTE format('DROP TABLE site.%I CASCADE', name); END LOOP;
	END $$`)
}

// Tables that an untrusted role made before the store, with a trigger that runs
// as the role using the table, are refused. Tables of a trusted role are
// accepted.
func TestTablesOfAnotherRole(t *testing.T) {
	t.Parallel()
	server := postgrestest.Start(t, "fsync=off")
	postgrestest.Exec(t, server.DSN(), `CREATE ROLE mallory LOGIN; CREATE ROLE service LOGIN; CREATE ROLE deploy LOGIN;
		CREATE SCHEMA theirs AUTHORIZATION service; GRANT USAGE, CREATE ON SCHEMA theirs TO mallory;
		CREATE SCHEMA ours AUTHORIZATION deploy; GRANT USAGE ON SCHEMA ours TO service`)
	files, err := fs.Glob(postgresstore.Migrations(), "*.sql")
	must(t, err)
	for role, schema := range map[string]string{"mallory": "theirs", "deploy": "ours"} {
		for _, file := range files[:len(files)-1] {
			script, err := fs.ReadFile(postgresstore.Migrations(), file)
			must(t, err)
			postgrestest.Exec(t, server.DSNOf(role, "")+"&search_path="+schema, string(script))
		}
	}
	postgrestest.Exec(t, server.DSNOf("mallory", "")+"&search_path=theirs", `GRANT ALL ON ALL TABLES IN SCHEMA theirs TO service;
		CREATE FUNCTION hijack() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'hijacked'; END$$;
		CREATE TRIGGER t BEFORE INSERT ON rbac_schema FOR EACH ROW EXECUTE FUNCTION hijack()`)
	_, err = postgresstore.Open(t.Context(), server.DSNOf("service", ""), postgresstore.Options{Schema: "theirs"})
	says(t, "tables of mallory", err, `belongs to the role "mallory"`)
	last, err := fs.ReadFile(postgresstore.Migrations(), files[len(files)-1])
	must(t, err)
	postgrestest.Exec(t, server.DSNOf("deploy", "")+"&search_path=ours", string(last)+"; GRANT ALL ON ALL TABLES IN SCHEMA ours TO service")
	must(t, mustOpen(t, server.DSNOf("service", ""), postgresstore.Options{Schema: "ours"}).Update(t.Context(), nextRevision))
	postgrestest.Exec(t, server.DSN(), "ALTER SCHEMA ours OWNER TO postgres; GRANT USAGE ON SCHEMA ours TO service")
	_, err = postgresstore.Open(t.Context(), server.DSNOf("service", ""), postgresstore.Options{Schema: "ours"})
	says(t, "tables of a role that does not own the schema", err, `belongs to the role "deploy"`)
	postgrestest.Exec(t, server.DSN(), "GRANT deploy TO service")
	mustOpen(t, server.DSNOf("service", ""), postgresstore.Options{Schema: "ours"})
}

// onPool returns a store on a pool of a host. The pool is also the replica.
func (h *hostile) onPool(t *testing.T, dsn string, mode pgx.QueryExecMode, schema string) *postgresstore.Store {
	config, err := pgxpool.ParseConfig(dsn)
	must(t, err)
	config.ConnConfig.DefaultQueryExecMode = mode
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	must(t, err)
	t.Cleanup(pool.Close)
	s, err := postgresstore.New(t.Context(), pool, postgresstore.Options{Schema: schema, Replica: pool})
	must(t, err)
	t.Cleanup(func() { s.Close() })
	return s
}

// calls makes every lookup call of store.Records, in an Update that is undone.
func (h *hostile) calls(t *testing.T, s *postgresstore.Store) {
	undo := errors.New("enough")
	for _, c := range sqlplans.Calls {
		if c.Find != (store.Sought{}) {
			_, err := s.Find(t.Context(), c.Find, store.Head{})
			must(t, err)
			continue
		}
		err := s.Update(t.Context(), func(r store.Records) error {
			if err := sqlplans.Seed(r); err != nil {
				return err
			}
			c.Do(r)
			return undo
		})
		if !errors.Is(err, undo) {
			t.Errorf("%s: %v", c.Name, err)
		}
	}
}

// confirms makes a confirmation that no standby acknowledges, and then a
// confirmation without a standby.
func (h *hostile) confirms(t *testing.T, s *postgresstore.Store) {
	waits(t, h.DSN(), "nobody")
	givesUp(t, s, h.Server)
	waits(t, h.DSN(), "")
	_, err := confirmed(t.Context(), s)
	must(t, err)
}

// shares shares a transaction with the host, under the host's own search_path.
func (h *hostile) shares(t *testing.T, s *postgresstore.Store) {
	must(t, s.Update(t.Context(), func(r store.Records) error {
		var before, after string
		tx := host(t, r)
		err := errors.Join(tx.QueryRow(t.Context(), "SHOW search_path").Scan(&before), nextRevision(r), tx.QueryRow(t.Context(), "SHOW search_path").Scan(&after))
		if before != after {
			t.Errorf("the host's search_path was %q, and is %q", before, after)
		}
		return err
	}))
}
