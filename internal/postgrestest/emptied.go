package postgrestest

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// spare holds the schemas with unused tables, and all schemas that were made.
var spare struct {
	mu        sync.Mutex
	free, all []string
	dsn       string
}

// Emptied returns a schema that no other test uses, and the DSN of its server.
// The schema has the empty tables of an earlier test, or does not exist: making
// the tables takes longer than most tests. The test must close its store before
// the test ends.
func Emptied(t testing.TB) (dsn, schema string) {
	t.Helper()
	dsn = DSN(t)
	spare.mu.Lock()
	defer spare.mu.Unlock()
	spare.dsn = dsn
	if n := len(spare.free); n > 0 {
		schema, spare.free = spare.free[n-1], spare.free[:n-1]
	} else {
		schema = "rbac_" + strings.ToLower(rand.Text())
		spare.all = append(spare.all, schema)
	}
	t.Cleanup(func() { giveBack(t, dsn, schema) })
	return dsn, schema
}

// giveBack deletes all rows but those of rbac_schema, and resets the head. A
// failed test may have left anything behind, so its schema is not reused.
func giveBack(t testing.TB, dsn, schema string) {
	if t.Failed() {
		return
	}
	Exec(t, dsn, fmt.Sprintf(`DO $$
		DECLARE name text; again bool := true;
		BEGIN
			WHILE again LOOP
				again := false;
				FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = '%[1]s' AND tablename NOT IN ('rbac_schema', 'rbac_head') LOOP
					BEGIN
						EXECUTE format('DELETE FROM %[1]s.%%I', name);
					EXCEPTION WHEN foreign_key_violation THEN
						again := true;
					END;
				END LOOP;
			END LOOP;
			DELETE FROM %[1]s.rbac_head;
			INSERT INTO %[1]s.rbac_head (one, revision, nonce) VALUES (1, 0, 0);
		END $$`, schema))
	spare.mu.Lock()
	defer spare.mu.Unlock()
	spare.free = append(spare.free, schema)
}

// dropEmptied drops the schemas from a server that outlives the tests.
func dropEmptied() {
	if os.Getenv(env) == "" || len(spare.all) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, spare.dsn)
	if err == nil {
		defer conn.Close(ctx)
		for _, schema := range spare.all {
			_, err = conn.Exec(ctx, "DROP SCHEMA IF EXISTS "+schema+" CASCADE")
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "postgrestest: dropping schemas:", err)
	}
}
