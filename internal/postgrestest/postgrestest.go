// Package postgrestest gives tests a PostgreSQL server: one that they start themselves, from the
// binaries of the machine, or the one that RBAC_TEST_POSTGRES names by a DSN (postgres://…).
//
//	func TestMain(m *testing.M) { os.Exit(postgrestest.Main(m)) }
//
// Tests without a server skip, and say why.
package postgrestest

import (
	"context"
	"crypto/rand"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// env names the DSN of a server that tests may use instead of one of their own. They make
// schemas in its database, and drop them.
const env = "RBAC_TEST_POSTGRES"

// Main runs the tests of a package, and then stops the server that they shared, if they started one.
func Main(m *testing.M) int {
	defer func() {
		dropEmptied()
		if shared.server != nil {
			shared.server.remove()
		}
		if template.dir != "" {
			_ = os.RemoveAll(template.dir)
		}
	}()
	return m.Run()
}

var shared struct {
	once   sync.Once
	dsn    string
	err    error
	server *Server
}

// DSN is that of a server which all tests of the package share.
//
// It does not wait for the disk (fsync is off): nothing on it needs to outlive the machine.
func DSN(t testing.TB) string {
	t.Helper()
	share()
	if shared.err != nil {
		t.Skipf("no PostgreSQL: %v (%s can name a server)", shared.err, env)
	}
	return shared.dsn
}

// Found tells whether there is a server, for a test that does less without one.
func Found() bool {
	share()
	return shared.err == nil
}

func share() {
	shared.once.Do(func() {
		if shared.dsn = os.Getenv(env); shared.dsn != "" {
			return
		}
		if shared.server, shared.err = start("fsync=off", "synchronous_commit=on", "full_page_writes=off", "max_connections=500", "shared_buffers=64MB",
			"jit=off", "autovacuum=off", "checkpoint_timeout=1h"); shared.err == nil {
			shared.dsn = shared.server.DSN()
		}
	})
}

// Schema is the name of a schema that nobody else uses. It does not exist, and is dropped when the test ends.
func Schema(t testing.TB) string {
	t.Helper()
	dsn, schema := DSN(t), "rbac_"+strings.ToLower(rand.Text())
	t.Cleanup(func() { Exec(t, dsn, "DROP SCHEMA IF EXISTS "+schema+" CASCADE") })
	return schema
}

// InSchema is a DSN with the search_path of such a schema, which exists. It takes more parameters after an "&".
func InSchema(t testing.TB) string {
	t.Helper()
	dsn, schema := DSN(t), Schema(t)
	Exec(t, dsn, "CREATE SCHEMA "+schema)
	if strings.Contains(dsn, "?") {
		return dsn + "&search_path=" + schema
	}
	return dsn + "?search_path=" + schema
}

// Exec runs statements on a connection of its own.
func Exec(t testing.TB, dsn, statements string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute) // cleaning up, the test's own has ended
	defer cancel()
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, statements); err != nil {
		t.Fatal(err)
	}
}
