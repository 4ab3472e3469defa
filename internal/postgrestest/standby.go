package postgrestest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Standby starts a standby of s under a name. The standby ends with the test.
// Commits on s wait for the standby only after Synchronous.
func (s *Server) Standby(t testing.TB, name string) *Server {
	t.Helper()
	dir, err := makeDir()
	if err != nil {
		t.Fatal(err)
	}
	b := &Server{bin: s.bin, dir: dir, settings: s.settings}
	t.Cleanup(b.remove)
	if err := errors.Join(giveAway(dir), b.copy(s, name), b.launch()); err != nil {
		t.Fatal(err)
	}
	return b
}

func (s *Server) copy(from *Server, name string) error {
	source := fmt.Sprintf("host=%s user=%s application_name=%s", from.dir, admin, name)
	out, err := s.command("pg_basebackup", "--dbname="+source, "--pgdata="+s.data(), "--write-recovery-conf", "--checkpoint=fast", "--no-sync").CombinedOutput()
	if err != nil {
		return fmt.Errorf("pg_basebackup: %w: %s", err, out)
	}
	return nil
}

// Synchronous makes each commit wait until the named standby has the commit,
// and returns when the standby is connected. The settings that standbys copied
// earlier are unchanged: a promoted standby does not wait for any standby.
func (s *Server) Synchronous(t testing.TB, name string) {
	t.Helper()
	Exec(t, s.DSN(), fmt.Sprintf(`ALTER SYSTEM SET synchronous_standby_names = 'FIRST 1 ("%s")'`, name))
	Exec(t, s.DSN(), "SELECT pg_reload_conf()")
	s.Await(t, fmt.Sprintf("SELECT count(*) = 1 FROM pg_stat_replication WHERE sync_state = 'sync' AND application_name = '%s'", name))
	// commits of the standby wait, too
	s.Await(t, "SELECT clock_timestamp() > pg_conf_load_time() + interval '2 seconds'")
}

// Detach stops replication to a standby.
func (s *Server) Detach(t testing.TB) {
	t.Helper()
	Exec(t, s.DSN(), "ALTER SYSTEM SET primary_conninfo = ''")
	Exec(t, s.DSN(), "SELECT pg_reload_conf()")
	s.Await(t, "SELECT count(*) = 0 FROM pg_stat_wal_receiver")
}

// Promote promotes a standby to a primary, which accepts changes, and returns
// when the promotion is done. The old primary is not notified.
func (s *Server) Promote(t testing.TB) {
	t.Helper()
	Exec(t, s.DSN(), "SELECT pg_promote(true, 60)")
	s.Await(t, "SELECT NOT pg_is_in_recovery()")
}

// Await runs a query until the query returns true.
func (s *Server) Await(t testing.TB, query string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, s.DSN())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	for yes := false; !yes; {
		if err := conn.QueryRow(ctx, query).Scan(&yes); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
	}
}
