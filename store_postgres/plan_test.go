package postgresstore_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/rbac-go/rbac/internal/postgrestest"
	"github.com/rbac-go/rbac/internal/sqlplans"
	"github.com/rbac-go/rbac/store/sqlstore"
	postgresstore "github.com/rbac-go/rbac/store_postgres"
)

// Calls of Records use an index on large tables, except for listings of a whole
// table.
func TestEveryLookupHasAnIndex(t *testing.T) {
	t.Parallel()
	dsn := postgrestest.InSchema(t)
	s := mustOpen(t, dsn, postgresstore.Options{})
	must(t, s.Update(t.Context(), sqlplans.Seed))
	postgrestest.Exec(t, dsn, manyRows)
	for _, c := range sqlplans.Calls {
		t.Run(c.Name, func(t *testing.T) {
			plans, err := sqlplans.Of(t.Context(), s.Dialect(), explain, c)
			must(t, err)
			for _, text := range plans {
				var plan []struct{ Plan planNode }
				must(t, json.Unmarshal([]byte(text), &plan))
				if what := plan[0].Plan.whole(); what != "" && !c.Whole {
					t.Errorf("reads %s from end to end:\n%s", what, text)
				}
			}
		})
	}
}

// planNode is a step of a plan.
type planNode struct {
	Type  string     `json:"Node Type"`
	Table string     `json:"Relation Name"`
	Index string     `json:"Index Name"`
	Cond  string     `json:"Index Cond"`
	Plans []planNode `json:"Plans"`
}

// whole returns the name of a table or an index that a plan reads from end to
// end.
func (n planNode) whole() string {
	switch n.Type {
	case "Seq Scan":
		if n.Table != "rbac_head" { // rbac_head has a single row
			return n.Table
		}
	case "Index Scan", "Index Only Scan", "Bitmap Index Scan":
		if n.Cond == "" {
			return n.Index
		}
	}
	for _, part := range n.Plans {
		if what := part.whole(); what != "" {
			return what
		}
	}
	return ""
}

func explain(tx sqlstore.Session, query string, args []any) (plan string, err error) {
	err = tx.Query(context.Background(), func(row sqlstore.Row) error { return row.Scan(&plan) }, "EXPLAIN (FORMAT JSON) "+query, args...)
	return plan, err
}

// manyRows fills every table but the head, so that the server uses the
// available indexes.
const manyRows = `
	INSERT INTO rbac_users SELECT gen_random_uuid(), 'u' || i, '', 'e' || i, 's' || i, '', '', false, '', i, i FROM generate_series(1, 4000) i;
	INSERT INTO rbac_groups SELECT gen_random_uuid(), 'g' || i, '', '', i FROM generate_series(1, 4000) i;
	INSERT INTO rbac_sections SELECT 's' || i, '', i FROM generate_series(1, 4000) i;
	INSERT INTO rbac_permissions SELECT gen_random_uuid(), 'p' || i, '', '', '', i, '', '', i FROM generate_series(1, 4000) i;
	CREATE TEMP TABLE pairs AS SELECT u.id AS user_id, g.id AS group_id, row_number() OVER () AS i
		FROM (SELECT id, row_number() OVER () AS n FROM rbac_users) u JOIN (SELECT id, row_number() OVER () AS n FROM rbac_groups) g USING (n);
	INSERT INTO rbac_grants SELECT group_id, 'p' || i, '', '', i FROM pairs;
	INSERT INTO rbac_inheritances SELECT group_id, lag(group_id, 1, group_id) OVER (ORDER BY i) FROM pairs;
	INSERT INTO rbac_declarations SELECT 'group', 'g' || i, group_id, '' FROM pairs;
	INSERT INTO rbac_separations SELECT i < 40, 'set' || i, 2 FROM pairs;
	INSERT INTO rbac_separation_groups SELECT i < 40, 'set' || i, group_id FROM pairs;
	INSERT INTO rbac_delegations SELECT group_id, false, '' FROM pairs ON CONFLICT DO NOTHING;
	INSERT INTO rbac_delegation_groups SELECT group_id, group_id FROM pairs ON CONFLICT DO NOTHING;
	INSERT INTO rbac_memberships SELECT user_id, group_id, 'org:' || i % 400, '', i, '', i, 'u' || i FROM pairs ON CONFLICT DO NOTHING;
	INSERT INTO rbac_tickets SELECT gen_random_uuid(), user_id, decode(md5(i::text), 'hex'), '', i % 2 = 0, i % 2 = 0, i,
		4000000000000000 + i, 4000000000000000 + i, '', '' FROM pairs;
	INSERT INTO rbac_ticket_groups SELECT t.id, p.group_id FROM rbac_tickets t JOIN pairs p USING (user_id) WHERE narrowed AND i > 1;
	INSERT INTO rbac_ticket_values SELECT id, 'lang', '' FROM rbac_tickets;
	INSERT INTO rbac_links SELECT id, 'reset', decode(md5(id::text), 'hex'), '', created, created FROM rbac_users;
	INSERT INTO rbac_logins SELECT gen_random_uuid(), user_id, n = 0, i * 9 + n, i * 9 + n, 1, '', '', '', '' FROM pairs, generate_series(0, 3) n;
	INSERT INTO rbac_throttles SELECT decode(md5(i::text), 'hex'), md5((i % 500)::text)::uuid, 4000000000000000 + i, 4000000000000000 + i, '{}' FROM generate_series(1, 4000) i;
	INSERT INTO rbac_changes SELECT i, i, 0, i * 1000000, 'u' || i % 500, true, '', 'AddUser', 'u' || i, 'g' || i, '', user_id, group_id FROM pairs WHERE i > 1;
	DO $$ DECLARE name text; BEGIN
		FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = current_schema() LOOP EXECUTE 'ANALYZE ' || name; END LOOP;
	END $$`

// When a record is deleted, references to the record are found by an index.
func TestReferencesHaveAnIndex(t *testing.T) {
	dsn := postgrestest.InSchema(t)
	s := mustOpen(t, dsn, postgresstore.Options{})
	rows, err := s.Pool().Query(t.Context(), `SELECT conname::text FROM pg_constraint c WHERE contype = 'f' AND connamespace = current_schema()::regnamespace
		AND NOT EXISTS (SELECT 1 FROM pg_index i WHERE indrelid = conrelid AND indpred IS NULL
			AND (indkey::int2[])[0:cardinality(conkey) - 1] @> conkey)`)
	must(t, err)
	defer rows.Close()
	for rows.Next() {
		var name string
		must(t, rows.Scan(&name))
		t.Errorf("%s: there is no index of what refers", name)
	}
	must(t, rows.Err())
	var n int
	must(t, s.Pool().QueryRow(t.Context(), "SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND connamespace = current_schema()::regnamespace").Scan(&n))
	if n < 10 {
		t.Error(fmt.Sprint("only ", n, " references were seen"))
	}
}
