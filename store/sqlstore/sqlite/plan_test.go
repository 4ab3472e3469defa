package sqlite

import (
	"context"
	"database/sql"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "github.com/mattn/go-sqlite3"
	"github.com/rbac-go/rbac/internal/sqlplans"
	"github.com/rbac-go/rbac/store/sqlstore"
)

// TestEveryLookupHasAnIndex proves that calls of Records find records by an
// index and read them in order. Exceptions are the listings of a whole table,
// and a few calls that sort the records found.
func TestEveryLookupHasAnIndex(t *testing.T) {
	e := testEngine(t)
	if err := sqlstore.New(e).Update(t.Context(), sqlplans.Seed); err != nil {
		t.Fatal(err)
	}
	if _, err := e.writer.Exec(manyUsers); err != nil {
		t.Fatal(err)
	}
	for _, name := range sqlplans.Missing() {
		t.Errorf("%s is not among the calls: whether it has an index is not known", name)
	}
	for _, c := range sqlplans.Calls {
		t.Run(c.Name, func(t *testing.T) {
			plans, err := sqlplans.Of(t.Context(), e, explain, c)
			if err != nil {
				t.Fatal(err)
			}
			plan := strings.Join(plans, "\n")
			if strings.Contains(ownScans.Replace(plan), "SCAN ") != c.Whole {
				t.Errorf("reads a table from end to end, %t wanted:\n%s", c.Whole, plan)
			}
			if strings.Contains(plan, "TEMP B-TREE FOR ORDER BY") != c.Sorts {
				t.Errorf("sorts, %t wanted:\n%s", c.Sorts, plan)
			}
		})
	}
}

// manyUsers adds as many users as are read in order before the others.
const manyUsers = `WITH RECURSIVE numbers (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < 4000)
	INSERT INTO rbac_users SELECT printf('%032d', i), printf('u%d', i), '', '', '', '', '', 0, '', 0, 4000000000000000, 0, 0 FROM numbers`

// ownScans removes the scans of tables that a statement brings along, and of
// pages. Stored tables are scanned by name, or by an alias of the statement.
var ownScans = strings.NewReplacer("SCAN json_each", "", "SCAN few", "", "SCAN l\n", "", "SCAN scopes", "", "SCAN changed", "", "SCAN related", "",
	"SCAN sessions", "", "SCAN api_keys", "", "SCAN successes", "", "SCAN failures", "")

// explain lists the steps of a plan.
func explain(tx sqlstore.Session, query string, args []any) (string, error) {
	var steps []string
	err := tx.Query(context.Background(), func(row sqlstore.Row) error {
		var id, parent, unused int
		var detail string
		err := row.Scan(&id, &parent, &unused, &detail)
		steps = append(steps, detail)
		return err
	}, "EXPLAIN QUERY PLAN "+query, args...)
	return strings.Join(steps, "\n"), err
}

func testEngine(t *testing.T) *engine {
	db, err := sql.Open("sqlite3", filepath.Join(t.TempDir(), "rbac.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	e := &engine{name: "sqlite", writer: db, readers: db, busy: time.Second}
	if _, err := e.start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return e
}
