package postgresstore

import (
	"context"
	"errors"
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

func (e *engine) tables() sqlstore.Tables {
	return sqlstore.Tables{
		Migrations: Migrations(),
		Spell:      e.spellTables,
		// Where tables are listed also to a role without any right to them.
		Exists:  "SELECT count(*) FROM pg_catalog.pg_tables WHERE tablename = 'rbac_schema' AND schemaname = " + literal(e.schema),
		Version: "SELECT coalesce(max(version), 0) FROM " + e.prefix + "rbac_schema",
		Prepare: e.prepareTables,
	}
}

// spellTables leaves out for CockroachDB what it does not know, and does by itself: its texts are in the order of their bytes.
func (e *engine) spellTables(script string) string {
	if e.bytewise {
		return strings.ReplaceAll(script, ` COLLATE "C"`, "")
	}
	return script
}

// prepareTables excludes others by the first row of rbac_schema, or where there is no such table yet by making it.
func (e *engine) prepareTables(ctx context.Context, tx sqlstore.Session, have int) error {
	schema := pgx.Identifier{e.schema}.Sanitize()
	if have > 0 {
		if _, err := tx.Exec(ctx, "SELECT version FROM "+e.prefix+"rbac_schema WHERE version = 1 FOR UPDATE"); err != nil {
			return err
		}
	} else if err := e.makeSchema(ctx, tx, schema); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, "SET LOCAL search_path TO "+schema)
	return err
}

// makeSchema asks first, since a role may be allowed to make tables and no schema.
func (e *engine) makeSchema(ctx context.Context, tx sqlstore.Session, schema string) error {
	there := false
	err := tx.Query(ctx, func(sqlstore.Row) error {
		there = true
		return nil
	}, "SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = $1", e.schema)
	if err != nil || there {
		return err
	}
	_, err = tx.Exec(ctx, "CREATE SCHEMA "+schema)
	return err
}

// literal is a text in a statement. With an E the server reads it in one way, whatever its standard_conforming_strings is.
func literal(s string) string {
	return "E'" + strings.NewReplacer(`\`, `\\`, "'", "''").Replace(s) + "'"
}
