package postgresstore_test

import (
	"fmt"
	"strings"
	"testing"

	postgresstore "github.com/rbac-go/rbac/store_postgres"
)

// Every name of a statement is qualified.
func TestSpell(t *testing.T) {
	for query, want := range map[string]string{
		"SELECT a FROM rbac_users u WHERE u.a = ? AND rbac_users.b <> ''": `SELECT a FROM "s".rbac_users u WHERE u.a OPERATOR(pg_catalog.=) $1 AND "s".rbac_users.b OPERATOR(pg_catalog.<>) ''`,
		"SELECT count(*), Max(a) FROM rbac_users":                         `SELECT pg_catalog.count(*), pg_catalog.Max(a) FROM "s".rbac_users`,
		"SELECT lower (a) FROM t":                                         "SELECT pg_catalog.lower (a) FROM t",
		"UPDATE rbac_users SET a = ?, b = coalesce(b, c = d), e = (SELECT f = 1) WHERE g = ?": `UPDATE "s".rbac_users SET a = $1, ` +
			`b = coalesce(b, c OPERATOR(pg_catalog.=) d), e = (SELECT f OPERATOR(pg_catalog.=) 1) WHERE g OPERATOR(pg_catalog.=) $2`,
		"INSERT INTO rbac_users (a) VALUES (?) ON CONFLICT (a) DO UPDATE SET a = excluded.a RETURNING a, b = 1": `INSERT INTO "s".rbac_users (a) VALUES ($1) ` +
			`ON CONFLICT (a) DO UPDATE SET a = excluded.a RETURNING a, b OPERATOR(pg_catalog.=) 1`,
		"DELETE FROM rbac_users WHERE a IN (SELECT b FROM rbac_groups)": `DELETE FROM "s".rbac_users WHERE a OPERATOR(pg_catalog.=) ANY (SELECT b FROM "s".rbac_groups)`,
		"SELECT (a, b) <= (?, ?), -1, a::text":                          "SELECT (a, b) OPERATOR(pg_catalog.<=) ($1, $2), OPERATOR(pg_catalog.-)1, a::pg_catalog.text",
		"SELECT CASE WHEN a = 1 THEN b + 1 ELSE c END":                  "SELECT CASE WHEN a OPERATOR(pg_catalog.=) 1 THEN b OPERATOR(pg_catalog.+) 1 ELSE c END",
		`SELECT 'a = ? rbac_x''', E'\\\'' = "b = rbac_x"`:               `SELECT 'a = ? rbac_x''', E'\\\'' OPERATOR(pg_catalog.=) "b = rbac_x"`,
		"SELECT now() < (b + interval '2 seconds')":                     "SELECT pg_catalog.now() OPERATOR(pg_catalog.<) (b OPERATOR(pg_catalog.+) interval '2 seconds')",
		"WITH a AS (SELECT 1) SELECT extract(epoch from b) FROM a":      "WITH a AS (SELECT 1) SELECT extract(epoch from b) FROM a",
		// on purpose
		"SELECT public.f(a) FROM b": "SELECT public.f(a) FROM b",
	} {
		if got := postgresstore.Qualify(query); got != want {
			t.Errorf("%s\nis spelled %s,\nwant       %s", query, got, want)
		}
	}
}

// A statement that cannot be qualified is not sent.
func TestSpellRefuses(t *testing.T) {
	for _, query := range []string{
		"SELECT a BETWEEN 1 AND 2", "SELECT a LIKE 'b'", "SELECT a ilike 'b'", "SELECT a SIMILAR TO 'b'", "SELECT a IN (1, 2)", "SELECT a NOT IN (SELECT 1)",
		"SELECT CASE a WHEN 1 THEN 2 END", "SELECT nullif(a, b)", "SELECT a IS DISTINCT FROM b", "SELECT a IS NOT DISTINCT FROM b",
		"SELECT a FROM b JOIN c USING (d)", "SELECT a FROM b NATURAL JOIN c", "SELECT a FROM b ORDER BY c USING <", `SELECT a COLLATE "C"`,
		"SELECT CAST(a AS text)", "SELECT uuid 'a'", "SELECT uuid E'a'", "SELECT a FROM f() AS (b text)", "SELECT ARRAY[1]", "SELECT a[1]", "SELECT $1", "SELECT $$a$$",
		"SELECT a + b * c", "SELECT a = b + c", "SELECT a AND b = c = d", "SELECT 1 -- a", "SELECT 1 /* a */", `SELECT 'a\'`, "SELECT 'a",
		"SELECT 1)", "SELECT 1; SELECT 2", "CREATE TABLE a (b text)", "EXECUTE a",
	} {
		func() {
			defer func() {
				if r := recover(); !strings.Contains(fmt.Sprint(r), "cannot be qualified") {
					t.Errorf("%s: %v; want a panic", query, r)
				}
			}()
			t.Logf("%s is spelled %s", query, postgresstore.Qualify(query))
		}()
	}
}

// The tables of a migration are qualified wherever a schema is allowed.
func TestSpellMigration(t *testing.T) {
	const script = `CREATE TABLE rbac_a (
	b UUID REFERENCES rbac_b (id), CONSTRAINT rbac_c CHECK (d = 1));
CREATE UNIQUE INDEX rbac_e ON rbac_a (b); DROP INDEX rbac_f; ALTER TABLE rbac_a RENAME TO rbac_h; ALTER TABLE	rbac_a ADD g TEXT`
	const want = `CREATE TABLE "s".rbac_a (
	b UUID REFERENCES "s".rbac_b (id), CONSTRAINT rbac_c CHECK (d = 1));
CREATE UNIQUE INDEX rbac_e ON "s".rbac_a (b); DROP INDEX "s".rbac_f; ALTER TABLE "s".rbac_a RENAME TO rbac_h; ALTER TABLE	"s".rbac_a ADD g TEXT`
	if got := postgresstore.SpellMigration(script); got != want {
		t.Errorf("%s\nis spelled %s,\nwant       %s", script, got, want)
	}
}
