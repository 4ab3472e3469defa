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

// spare holds the schemas with unused tables, all schemas that were made, and
// the connection that empties and drops schemas.
var spare struct {
	mu        sync.Mutex
	free, all []string
	conn      *pgx.Conn // nil: none yet
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
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	spare.mu.Lock()
	defer spare.mu.Unlock()
	if spare.conn == nil { // one for all tests: a connection costs the server milliseconds
		conn, err := pgx.Connect(ctx, dsn)
		if err != nil {
			t.Fatal(err)
		}
		spare.conn = conn
	}
	if _, err := spare.conn.Exec(ctx, fmt.Sprintf(empty, schema)); err != nil {
		t.Fatal(err)
	}
	spare.free = append(spare.free, schema)
}

// empty deletes the rows of a schema. A table that others refer to waits for the
// next round.
const empty = `DO $$
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
	END $$`

// dropEmptied drops the schemas from a server that outlives the tests.
func dropEmptied() {
	if spare.conn == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	defer spare.conn.Close(ctx)
	if os.Getenv(env) == "" {
		return
	}
	for _, schema := range spare.all {
		if _, err := spare.conn.Exec(ctx, "DROP SCHEMA IF EXISTS "+schema+" CASCADE"); err != nil {
			fmt.Fprintln(os.Stderr, "postgrestest: dropping schemas:", err)
		}
	}
}
