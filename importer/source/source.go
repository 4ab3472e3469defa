// Package source opens the databases that package importer reads, with the
// drivers of store_sqlite and store_postgres. Programs that open their databases
// themselves do not need this package, and package importer has no driver.
package source

import (
	"database/sql"
	"net/url"
	"os"
	"regexp"
	"strings"

	_ "github.com/jackc/pgx/v5/stdlib" // pgx
	_ "github.com/mattn/go-sqlite3"    // sqlite3

	"github.com/rbac-go/rbac"
)

// mistaken matches what is meant for PostgreSQL and is no URL.
var mistaken = regexp.MustCompile(`(?i)^postgres(ql)?:|password\s*=`)

// Open opens a database for reading: an SQLite file by its path, or PostgreSQL by
// a DSN that begins with postgres:// or postgresql://. The caller closes the
// database.
//
// Errors: ErrInvalid for the DSN of any other database, such as mysql://, and for
// a DSN of PostgreSQL in any other form, which the error does not repeat;
// ErrNotFound for a file that does not exist. Whether a server answers is found by
// the first question.
func Open(dsn string) (*sql.DB, error) {
	scheme, _, ok := strings.Cut(dsn, "://")
	switch {
	case scheme == "postgres" || scheme == "postgresql":
		return sql.Open("pgx", dsn)
	case ok:
		return nil, &rbac.Error{Kind: rbac.ErrInvalid, Record: "source", Name: scheme,
			Reason: "is no SQLite file and no postgres:// DSN; for another database, pass a *sql.DB to package importer"}
	case mistaken.MatchString(dsn): // not repeated: the DSN may have a password
		return nil, &rbac.Error{Kind: rbac.ErrInvalid, Record: "source",
			Reason: "looks like PostgreSQL: write postgres://user@host/database"}
	}
	if info, err := os.Stat(dsn); err != nil || info.IsDir() {
		return nil, &rbac.Error{Kind: rbac.ErrNotFound, Record: "source", Name: dsn, Reason: "there is no such file"}
	}
	return sql.Open("sqlite3", "file:"+(&url.URL{Path: dsn}).EscapedPath()+"?mode=ro&_query_only=1")
}
