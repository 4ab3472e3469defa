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

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	_ "github.com/mattn/go-sqlite3" // sqlite3

	"github.com/rbac-go/rbac"
)

// Open opens a database for reading: an SQLite file by its path, or PostgreSQL by
// a DSN that begins with postgres:// or postgresql://. The caller closes the
// database.
//
// Errors: ErrInvalid for the DSN of any other database, such as mysql://, for a
// DSN of another form, such as host=… user=…, and for a DSN that cannot be
// read; ErrNotFound for a file that does not exist. Open does not contact a
// server: the first query does. No error repeats a DSN, which may have a
// password.
func Open(dsn string) (*sql.DB, error) {
	if strings.HasPrefix(dsn, "postgres://") || strings.HasPrefix(dsn, "postgresql://") {
		return openPostgres(dsn)
	}
	info, err := os.Stat(dsn)
	switch {
	case err == nil && !info.IsDir():
		return sql.Open("sqlite3", "file:"+(&url.URL{Path: dsn}).EscapedPath()+"?mode=ro&_query_only=1")
	case likeDSN.MatchString(dsn):
		return nil, invalid("is no SQLite file and no DSN that begins with postgres:// or postgresql://; " +
			"for another database, pass a *sql.DB to package importer")
	}
	return nil, &rbac.Error{Kind: rbac.ErrNotFound, Record: "source", Name: dsn, Reason: "there is no such file"}
}

// likeDSN matches texts that may be a DSN: with a scheme of two letters or more,
// with keywords, or with a user before a host. A path can look like this, too,
// but is then not repeated in an error.
var likeDSN = regexp.MustCompile(`^[\w+.-]{2,}:|[=@]`)

// openPostgres opens PostgreSQL. In a malformed DSN the bounds of the password are
// unknown, so the driver's errors are not wrapped.
func openPostgres(dsn string) (*sql.DB, error) {
	_, rest, _ := strings.Cut(dsn, "://")
	if at := strings.IndexAny(rest, "/?#"); at >= 0 && strings.Contains(rest[at:], "@") {
		return nil, invalid("an @ comes after a /, a ? or a #: in a password write / as %2F, ? as %3F and # as %23, and elsewhere @ as %40")
	}
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, invalid("the postgres:// DSN cannot be read: escape what is special in a user name or password, " +
			"as in %2F for /, and look at the port and the parameters")
	}
	return stdlib.OpenDB(*config), nil
}

// invalid returns an ErrInvalid that does not name the DSN.
func invalid(reason string) error {
	return &rbac.Error{Kind: rbac.ErrInvalid, Record: "source", Name: "DSN", Reason: reason}
}
