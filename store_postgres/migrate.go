package postgresstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/rbac-go/rbac/store/sqlstore"
)

// migrate tries again as long as other processes that start, too, are in the way: a server lets one of two make a table,
// and tells the other, when the first has committed, in one of several ways that it is there.
func (e *engine) migrate(ctx context.Context) error {
	for tries := 10; ; tries-- {
		err := sqlstore.BringUpToDate(ctx, e, e.tables())
		var pg *pgconn.PgError
		if err == nil || tries == 0 || !errors.As(err, &pg) || !slices.Contains(madeMeanwhile, pg.Code) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(50 * time.Millisecond):
		}
	}
}

var madeMeanwhile = []string{
	"23505", // unique violation, in the catalogue
	"42P06", // duplicate schema
	"42P07", // duplicate table
	"42710", // duplicate object
	"XX000", // tuple concurrently updated
	"40001", "40P01",
}

// ownTables refuses tables of a role that could have made them before the store
// did. The owner of a table decides, by triggers, rules or a view in its place,
// what code runs in the name of a role that uses it.
func (e *engine) ownTables(ctx context.Context) error {
	if !e.postgres {
		return nil
	}
	names, err := tableNames()
	if err != nil {
		return err
	}
	var table, owner string
	err = e.pool.QueryRow(ctx, e.Spell(`SELECT c.relname, r.rolname FROM pg_catalog.pg_class c
		JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace JOIN pg_catalog.pg_roles r ON r.oid = c.relowner
		WHERE n.nspname = ? AND c.relname = ANY(?) AND NOT (r.rolsuper OR r.rolname = current_user OR r.oid = n.nspowner
			OR EXISTS (SELECT 1 FROM pg_catalog.pg_database d WHERE d.datname = current_database() AND d.datdba = r.oid)
			OR EXISTS (SELECT 1 FROM pg_catalog.pg_roles me WHERE me.rolname = current_user AND NOT me.rolsuper AND pg_has_role(r.oid, 'MEMBER')))
		LIMIT 1`), e.schema, "{"+strings.Join(names, ",")+"}").Scan(&table, &owner)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return nil
	case err != nil:
		return err
	}
	return fmt.Errorf("%s belongs to the role %q, which could run code in the name of this one: "+
		"it must belong to this role or one that it is a member of, or to the owner of the schema or of the database", e.prefix+table, owner)
}

var createTable = regexp.MustCompile(`(?i)create table (?:if not exists )?(rbac_\w+)`)

// tableNames are the names of the tables that the migrations make.
func tableNames() (names []string, err error) {
	files, err := fs.Glob(Migrations(), "*.sql")
	for _, file := range files {
		script, err := fs.ReadFile(Migrations(), file)
		if err != nil {
			return nil, err
		}
		for _, match := range createTable.FindAllSubmatch(script, -1) {
			names = append(names, string(match[1]))
		}
	}
	return names, err
}

func (e *engine) tables() sqlstore.Tables {
	return sqlstore.Tables{
		Migrations: Migrations(),
		Spell:      e.spellTables,
		// Where tables are listed also to a role without any right to them.
		Exists:  e.Spell("SELECT count(*) FROM pg_catalog.pg_tables WHERE tablename = 'rbac_schema' AND schemaname = " + literal(e.schema)),
		Version: e.Spell("SELECT coalesce(max(version), 0) FROM rbac_schema"),
		Prepare: e.prepareTables,
	}
}

// unqualified are the names of a migration. The name of an index that is made, of
// a constraint, or that something gets, cannot have a schema: it keeps that of its table.
var unqualified = regexp.MustCompile(`(?i)(?:create (?:unique )?index|constraint|rename to) rbac_|[\s(]rbac_`)

// spellTables qualifies the tables of a migration, which runs without their
// schema in the search_path. CockroachDB orders texts by their bytes and knows
// no COLLATE "C".
func (e *engine) spellTables(script string) string {
	if e.bytewise {
		script = strings.ReplaceAll(script, ` COLLATE "C"`, "")
	}
	return unqualified.ReplaceAllStringFunc(script, func(name string) string {
		if len(name) > len(" rbac_") {
			return name
		}
		return name[:1] + e.prefix + name[1:]
	})
}

// prepareTables excludes others by the first row of rbac_schema, or where there is no such table yet by making it.
//
// Operators, functions and types of migrations resolve in pg_catalog alone:
// neither the schema of the tables nor any other one is in the search_path.
func (e *engine) prepareTables(ctx context.Context, tx sqlstore.Session, have int) error {
	if have > 0 {
		if _, err := tx.Exec(ctx, e.Spell("SELECT version FROM rbac_schema WHERE version = 1 FOR UPDATE")); err != nil {
			return err
		}
	} else if err := e.makeSchema(ctx, tx); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, "SET LOCAL search_path TO pg_catalog, pg_temp")
	return err
}

// makeSchema asks first, since a role may be allowed to make tables and no schema.
func (e *engine) makeSchema(ctx context.Context, tx sqlstore.Session) error {
	there := false
	err := tx.Query(ctx, func(sqlstore.Row) error {
		there = true
		return nil
	}, e.Spell("SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = ?"), e.schema)
	if err != nil || there {
		return err
	}
	_, err = tx.Exec(ctx, "CREATE SCHEMA "+pgx.Identifier{e.schema}.Sanitize())
	return err
}

// literal is a text in a statement. With an E the server reads it in one way, whatever its standard_conforming_strings is.
func literal(s string) string {
	return "E'" + strings.NewReplacer(`\`, `\\`, "'", "''").Replace(s) + "'"
}
