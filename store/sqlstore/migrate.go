package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
)

// errNewer: a newer version of the program made the tables.
var errNewer = errors.New("the tables are of a newer version")

// Tables describes the tables of an engine to BringUpToDate.
type Tables struct {
	// Migrations holds the files 001_what.sql, 002_what.sql, …. Each file adds
	// its number to the table rbac_schema, and a host may run the files with a
	// tool of its own.
	Migrations fs.FS
	// Spell rewrites a migration into the SQL of the engine; nil: the
	// migrations need no rewriting.
	Spell   func(script string) string
	Exists  string // a query that counts the tables named rbac_schema
	Version string // a query that selects the highest number in rbac_schema, or 0
	// Prepare is called first in the transaction of the migrations. have is the
	// version of the existing tables, or 0 without tables. Prepare excludes
	// concurrent migrations: several processes can start at once. Prepare is
	// nil if a writing transaction excludes concurrent migrations anyway.
	Prepare func(ctx context.Context, tx Session, have int) error
}

// BringUpToDate runs the migrations that the tables lack, in one transaction.
// BringUpToDate reads the version of the tables first: a role that may not
// create tables can use existing tables. Tables newer than the last migration
// are an error, since a program must not use them.
func BringUpToDate(ctx context.Context, d Dialect, t Tables) error {
	view, err := d.Begin(ctx, false)
	if err != nil {
		return err
	}
	have, last, err := t.version(ctx, view)
	view.Rollback(ctx)
	if err != nil || have == last {
		return err
	}
	update, err := d.Begin(ctx, true)
	if err != nil {
		return err
	}
	if err := t.migrate(ctx, update, have); err != nil {
		update.Rollback(ctx)
		return err
	}
	return update.Commit(ctx)
}

// CheckTables returns a *VersionError unless the tables exist and no migration
// is missing. Tables newer than the last migration are another error, as in
// [BringUpToDate]. CheckTables writes nothing.
func CheckTables(ctx context.Context, d Dialect, t Tables) error {
	view, err := d.Begin(ctx, false)
	if err != nil {
		return err
	}
	defer view.Rollback(ctx)
	have, last, err := t.version(ctx, view)
	if err == nil && have != last {
		err = &VersionError{Have: have, Want: last}
	}
	return err
}

// VersionError is the error of a store whose tables are missing or older than
// the program.
type VersionError struct {
	Have int // 0: the store has no tables
	Want int // the version of the program
}

// Error states the versions.
func (e *VersionError) Error() string {
	if e.Have == 0 {
		return "there are no tables of rbac"
	}
	return fmt.Sprintf("the tables have version %d, and this program needs version %d", e.Have, e.Want)
}

// version returns the version of the tables, or 0 without tables, and the
// number of the last migration.
func (t Tables) version(ctx context.Context, tx Session) (have, last int, err error) {
	files, err := fs.Glob(t.Migrations, "*.sql")
	if err != nil {
		return 0, 0, err
	}
	last = len(files)
	var tables int
	if err := number(ctx, tx, &tables, t.Exists); err != nil || tables == 0 {
		return 0, last, err
	}
	err = number(ctx, tx, &have, t.Version)
	if err == nil && have > last {
		err = fmt.Errorf("%w: version %d, while this program knows versions up to %d", errNewer, have, last)
	}
	return have, last, err
}

func (t Tables) migrate(ctx context.Context, tx Session, have int) error {
	if t.Prepare != nil {
		if err := t.Prepare(ctx, tx, have); err != nil {
			return err
		}
	}
	have, _, err := t.version(ctx, tx) // another process may have been faster
	if err != nil {
		return err
	}
	files, err := fs.Glob(t.Migrations, "*.sql") // sorted
	if err != nil {
		return err
	}
	for i, file := range files[have:] {
		if err := t.run(ctx, tx, file, have+i+1); err != nil {
			return fmt.Errorf("migration %s: %w", file, err)
		}
	}
	return nil
}

func (t Tables) run(ctx context.Context, tx Session, file string, want int) error {
	prefix, _, _ := strings.Cut(file, "_")
	if n, err := strconv.Atoi(prefix); err != nil || n != want {
		return fmt.Errorf("is not number %d", want)
	}
	script, err := fs.ReadFile(t.Migrations, file)
	if err != nil {
		return err
	}
	text := string(script)
	if t.Spell != nil {
		text = t.Spell(text)
	}
	if _, err := tx.Exec(ctx, text); err != nil {
		return err
	}
	var have int
	if err := number(ctx, tx, &have, t.Version); err != nil {
		return err
	}
	if have != want {
		return fmt.Errorf("left the tables at version %d", have)
	}
	return nil
}

func number(ctx context.Context, tx Session, n *int, query string) error {
	return tx.Query(ctx, func(row Row) error { return row.Scan(n) }, query)
}
