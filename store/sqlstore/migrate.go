package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
)

// errNewer: the tables were made by a newer version of the program than this one.
var errNewer = errors.New("the tables are of a newer version")

// Version tells which version the tables have; 0: there are none. A program must not
// use tables that are newer than the last of its migrations: that is an error here.
//
// The query exists counts the tables named rbac_schema, the query version selects the highest number in it, or 0.
func Version(ctx context.Context, tx Session, migrations fs.FS, exists, version string) (have, last int, err error) {
	files, err := fs.Glob(migrations, "*.sql")
	if err != nil {
		return 0, 0, err
	}
	last = len(files)
	var tables int
	if err := number(ctx, tx, &tables, exists); err != nil || tables == 0 {
		return 0, last, err
	}
	err = number(ctx, tx, &have, version)
	if err == nil && have > last {
		err = fmt.Errorf("%w: version %d, while this program knows versions up to %d", errNewer, have, last)
	}
	return have, last, err
}

// Migrate runs those migrations that the tables have not seen. The transaction
// must exclude every other writer from its beginning, so that two processes can
// start at once.
//
// Migrations are files 001_what.sql, 002_what.sql, …, and each adds its number
// to the table rbac_schema itself: so a host may as well run them with a tool of its own.
func Migrate(ctx context.Context, tx Session, migrations fs.FS, exists, version string) error {
	have, _, err := Version(ctx, tx, migrations, exists, version)
	if err != nil {
		return err
	}
	files, err := fs.Glob(migrations, "*.sql") // sorted
	if err != nil {
		return err
	}
	for i, file := range files[have:] {
		if err := migrate(ctx, tx, migrations, version, file, have+i+1); err != nil {
			return fmt.Errorf("migration %s: %w", file, err)
		}
	}
	return nil
}

func migrate(ctx context.Context, tx Session, migrations fs.FS, version, file string, want int) error {
	prefix, _, _ := strings.Cut(file, "_")
	if n, err := strconv.Atoi(prefix); err != nil || n != want {
		return fmt.Errorf("is not number %d", want)
	}
	script, err := fs.ReadFile(migrations, file)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, string(script)); err != nil {
		return err
	}
	var have int
	if err := number(ctx, tx, &have, version); err != nil {
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
