package sqlitestore_test

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/internal/memdir"
	"github.com/rbac-go/rbac/internal/processtest"
	"github.com/rbac-go/rbac/internal/sqlplans/crowd"
)

// BenchmarkUserQueries measures pages of users. RBAC_USERS sets the number of
// users.
func BenchmarkUserQueries(b *testing.B) {
	path := filepath.Join(memdir.New(b), "rbac.db")
	s := mustOpen(b, path)
	fillIn(b, path, crowd.Fill(processtest.NumberFrom(b, "RBAC_USERS", 20_000), crowd.SQL{
		ID: func(kind byte, number string) string {
			return fmt.Sprintf("printf('%c0%%06x-0000-4000-8000-%%012x', ((%s) * 2654435761) %% 16777216, %s)", kind, number, number)
		},
		No: "0",
	}))
	a, err := rbac.Open(b.Context(), s, rbac.Config{})
	must(b, err)
	b.Cleanup(func() { a.Close() })
	crowd.Bench(b, a)
}

// fillIn runs statements on a connection that does not care for the disk.
// Indexes of memberships are made last.
func fillIn(b *testing.B, path string, statements []string) {
	db, err := sql.Open("sqlite3", path+"?_foreign_keys=1&_synchronous=OFF&_cache_size=-500000")
	must(b, err)
	defer db.Close()
	db.SetMaxOpenConns(1)
	rows, err := db.Query("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'rbac_memberships' AND sql IS NOT NULL")
	must(b, err)
	var drop, create []string
	for rows.Next() {
		var name, query string
		must(b, rows.Scan(&name, &query))
		drop, create = append(drop, "DROP INDEX "+name), append(create, query)
	}
	must(b, rows.Err())
	for _, query := range append(append(drop, statements...), create...) {
		if _, err := db.Exec(query); err != nil {
			b.Fatalf("%s: %v", query, err)
		}
	}
}
