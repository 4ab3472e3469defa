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

// migrate retries while other starting processes are in the way. If two
// processes make the same table, the server refuses the second process after
// the first has committed, with one of several errors.
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
	"23505", // unique violation, in the catalog
	"42P06", // duplicate schema
	"42P07", // duplicate table
	"42710", // duplicate object
	"XX000", // tuple concurrently updated
	"40001", "40P01",
}

// ownTables refuses tables of a role that could have made them before the store
// did. By triggers, rules or a view in place of a table, the owner of a table
// chooses code that runs with the rights of a role that uses the table.
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

// tableNames returns the names of the tables that the migrations make.
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
		// pg_tables lists tables even for a role without any rights on them.
		Exists:  e.Spell("SELECT count(*) FROM pg_catalog.pg_tables WHERE tablename = 'rbac_schema' AND schemaname = " + literal(e.schema)),
		Version: e.Spell("SELECT coalesce(max(version), 0) FROM rbac_schema"),
		Prepare: e.prepareTables,
	}
}

// unqualified matches the names of a migration. The name of a new index, of a
// constraint, or after a rename cannot have a schema: the object keeps the
// schema of its table.
var unqualified = regexp.MustCompile(`(?i)(?:create (?:unique )?index|constraint|rename to) rbac_|[\s(]rbac_`)

// spellTables qualifies the tables of a migration, which runs without the
// schema of the tables in the search_path. CockroachDB orders texts by their
// bytes and has no COLLATE "C".
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

// prepareTables locks out other processes by the first row of rbac_schema, or,
// before the table exists, by making the table.
//
// Operators, functions and types of migrations resolve in pg_catalog alone:
// neither the schema of the tables nor any other schema is in the search_path.
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

// makeSchema first checks whether the schema exists, since a role may be
// allowed to make tables but no schema.
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

// literal quotes a text for a statement. After an E, the server reads the text
// independently of standard_conforming_strings.
func literal(s string) string {
	return "E'" + strings.NewReplacer(`\`, `\\`, "'", "''").Replace(s) + "'"
}
