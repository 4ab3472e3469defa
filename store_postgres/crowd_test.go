package postgresstore_test

import (
	"fmt"
	"testing"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/internal/postgrestest"
	"github.com/rbac-go/rbac/internal/processtest"
	"github.com/rbac-go/rbac/internal/sqlplans/crowd"
	postgresstore "github.com/rbac-go/rbac/store_postgres"
)

// BenchmarkUserQueries measures pages of users. RBAC_USERS sets the number of
// users.
func BenchmarkUserQueries(b *testing.B) {
	server := postgrestest.Start(b, "fsync=off", "shared_buffers=1GB", "max_wal_size=4GB")
	s := mustOpen(b, server.DSN(), postgresstore.Options{})
	list := crowd.Fill(processtest.NumberFrom(b, "RBAC_USERS", 20_000), crowd.SQL{
		ID: func(kind byte, number string) string {
			return fmt.Sprintf("('%c0' || lpad(to_hex(((%s) * 2654435761) %% 16777216), 6, '0') || '-0000-4000-8000-' || lpad(to_hex(%s), 12, '0'))::uuid", kind, number, number)
		},
		No: "false",
	})
	// Statements without indexes and without checks of references take a fifth
	// of the time.
	list = append([]string{"ALTER TABLE rbac_memberships DISABLE TRIGGER ALL"}, list...)
	rows, err := s.Pool().Query(b.Context(), "SELECT indexname::text, indexdef FROM pg_indexes WHERE tablename = 'rbac_memberships' AND indexname NOT LIKE '%pkey'")
	must(b, err)
	for rows.Next() {
		var name, create string
		must(b, rows.Scan(&name, &create))
		list = append(append([]string{"DROP INDEX " + name}, list...), create)
	}
	must(b, rows.Err())
	list = append(list, "ALTER TABLE rbac_memberships ENABLE TRIGGER ALL", "VACUUM ANALYZE")
	for _, query := range list {
		_, err := s.Pool().Exec(b.Context(), query)
		must(b, err)
	}
	a, err := rbac.Open(b.Context(), s, rbac.Config{Logger: discard})
	must(b, err)
	b.Cleanup(func() { a.Close() })
	crowd.Bench(b, a)
}
