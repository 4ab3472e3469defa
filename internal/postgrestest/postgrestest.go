// Package postgrestest gives tests a PostgreSQL server. The server is started
// by the tests from the binaries of the machine, or named by a DSN
// (postgres://…) in RBAC_TEST_POSTGRES.
//
//	func TestMain(m *testing.M) { os.Exit(postgrestest.Main(m)) }
//
// Without a server, tests skip and print the reason.
package postgrestest

import (
	"context"
	"crypto/rand"
	"flag"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// env names the DSN of an existing server that tests may use. The tests make
// and drop schemas in its database.
const env = "RBAC_TEST_POSTGRES"

// Main runs the tests of a package, and then stops the shared server if the
// tests started a server. Unless -parallel is given, eight tests run at once:
// most of a test's time over PostgreSQL is spent waiting for the server.
func Main(m *testing.M) int {
	flag.Parse()
	chosen := false
	flag.Visit(func(f *flag.Flag) { chosen = chosen || f.Name == "test.parallel" })
	if !chosen {
		if err := flag.Set("test.parallel", strconv.Itoa(max(8, runtime.GOMAXPROCS(0)))); err != nil {
			panic(err)
		}
	}
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

// DSN returns the DSN of the server that all tests of the package share.
//
// The server does not wait for the disk (fsync is off): its data need not
// outlive the machine.
func DSN(t testing.TB) string {
	t.Helper()
	share()
	if shared.err != nil {
		t.Skipf("no PostgreSQL: %v (%s can name a server)", shared.err, env)
	}
	return shared.dsn
}

// Found reports whether there is a server, for a test that does less without a
// server.
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
			"jit=off", "autovacuum=off", "checkpoint_timeout=1h", "wal_level=minimal", "max_wal_senders=0", "track_counts=off", "bgwriter_delay=10s", "wal_writer_delay=10s"); shared.err == nil {
			shared.dsn = shared.server.DSN()
		}
	})
}

// Schema returns the name of a schema that no other test uses. The schema does
// not exist, and is dropped when the test ends.
func Schema(t testing.TB) string {
	t.Helper()
	dsn, schema := DSN(t), "rbac_"+strings.ToLower(rand.Text())
	t.Cleanup(func() { Exec(t, dsn, "DROP SCHEMA IF EXISTS "+schema+" CASCADE") })
	return schema
}

// InSchema returns a DSN whose search_path is a new schema. More parameters can
// be appended after an "&".
func InSchema(t testing.TB) string {
	t.Helper()
	dsn, schema := DSN(t), Schema(t)
	Exec(t, dsn, "CREATE SCHEMA "+schema)
	if strings.Contains(dsn, "?") {
		return dsn + "&search_path=" + schema
	}
	return dsn + "?search_path=" + schema
}

// Exec runs statements on a new connection.
func Exec(t testing.TB, dsn, statements string) {
	t.Helper()
	// for cleanup: the context of the test has ended
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
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
