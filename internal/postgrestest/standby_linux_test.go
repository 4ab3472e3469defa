package postgrestest_test

import (
	"context"
	"errors"
	"io"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/rbac-go/rbac/internal/postgrestest"
)

func TestMain(m *testing.M) { os.Exit(postgrestest.Main(m)) }

// patience is how long a test waits before the test concludes that something
// does not happen.
const patience = 200 * time.Millisecond

// TestServers runs all tests of two servers on one pair, because starting a
// pair takes a while.
func TestServers(t *testing.T) {
	primary := postgrestest.Start(t, "fsync=off")
	standby := primary.Standby(t, "two")
	t.Run("Freeze", func(t *testing.T) { testFreeze(t, primary) })
	t.Run("Proxy", func(t *testing.T) { testProxy(t, primary) })
	t.Run("Point", func(t *testing.T) { testPoint(t, primary, standby) })
	t.Run("Standby", func(t *testing.T) { testStandby(t, primary, standby) })
}

// A frozen server does not answer, on old or new connections, until the server
// is resumed.
func testFreeze(t *testing.T, s *postgrestest.Server) {
	conn, err := pgx.Connect(t.Context(), s.DSN())
	must(t, err)
	defer conn.Close(context.Background())
	s.Freeze(t)
	old := make(chan error, 1)
	go func() { old <- conn.Ping(t.Context()) }()
	young := begin(t, s.DSN(), "SELECT 1")
	silent(t, "an old connection", old)
	silent(t, "a new connection", young)
	s.Resume(t)
	must(t, errors.Join(<-old, <-young))
}

// Held data arrives after Heal; refused connections break.
func testProxy(t *testing.T, s *postgrestest.Server) {
	for _, d := range []postgrestest.Direction{postgrestest.ToServer, postgrestest.ToClient, postgrestest.BothWays} {
		p := postgrestest.NewProxy(t, s)
		conn, err := pgx.Connect(t.Context(), p.DSN())
		must(t, err)
		p.Hold(d)
		old := make(chan error, 1)
		go func() { old <- conn.Ping(t.Context()) }()
		young := begin(t, p.DSN(), "SELECT 1")
		silent(t, "an old connection", old)
		silent(t, "a new connection", young)
		p.Heal()
		must(t, errors.Join(<-old, <-young))
		go func() { old <- wait(conn) }()
		p.Refuse()
		if err := <-old; !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("a connection that is broken: %v", err)
		}
		if err := <-begin(t, p.DSN(), "SELECT 1"); err == nil {
			t.Error("a connection while they are refused succeeds")
		}
		p.Heal()
		must(t, <-begin(t, p.DSN(), "SELECT 1"))
	}
}

// A connection stays with its server. Later connections go to the server that
// the proxy points to.
func testPoint(t *testing.T, one, two *postgrestest.Server) {
	p := postgrestest.NewProxy(t, one)
	old, err := pgx.Connect(t.Context(), p.DSN())
	must(t, err)
	defer old.Close(context.Background())
	p.Point(two)
	young, err := pgx.Connect(t.Context(), p.DSN())
	must(t, err)
	defer young.Close(context.Background())
	var first, second bool
	must(t, old.QueryRow(t.Context(), "SELECT pg_is_in_recovery()").Scan(&first))
	must(t, young.QueryRow(t.Context(), "SELECT pg_is_in_recovery()").Scan(&second))
	if first || !second {
		t.Errorf("the old connection leads to the standby: %t; the new one: %t", first, second)
	}
}

// A commit waits for a frozen synchronous standby, and not for an asynchronous
// standby. Acknowledged commits are on the standby after a promotion, and on
// the killed server after a relaunch.
func testStandby(t *testing.T, primary, standby *postgrestest.Server) {
	add, three := "INSERT INTO seen VALUES (1)", "SELECT count(*) = 3 FROM seen"
	postgrestest.Exec(t, primary.DSN(), "CREATE TABLE seen (n INTEGER)")
	standby.Freeze(t)
	postgrestest.Exec(t, primary.DSN(), add)
	standby.Resume(t)
	primary.Synchronous(t, "two")
	standby.Freeze(t)
	slow := begin(t, primary.DSN(), add)
	silent(t, "a commit while the synchronous standby is frozen", slow)
	standby.Resume(t)
	must(t, <-slow)
	postgrestest.Exec(t, primary.DSN(), add)
	primary.Kill(t)
	standby.Promote(t)
	standby.Await(t, three)
	postgrestest.Exec(t, standby.DSN(), add)
	primary.Launch(t)
	primary.Await(t, three)
}

// begin runs a statement on a new connection.
func begin(t *testing.T, dsn, statement string) <-chan error {
	done := make(chan error, 1)
	go func() {
		conn, err := pgx.Connect(t.Context(), dsn)
		if err == nil {
			_, err = conn.Exec(t.Context(), statement)
			_ = conn.Close(context.Background())
		}
		done <- err
	}()
	return done
}

// wait waits for a notification that does not come.
func wait(conn *pgx.Conn) error {
	_, err := conn.WaitForNotification(context.Background())
	return err
}

func silent(t *testing.T, what string, done <-chan error) {
	t.Helper()
	select {
	case err := <-done:
		t.Errorf("%s got an answer: %v", what, err)
	case <-time.After(patience):
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
