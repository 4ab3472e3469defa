package postgrestest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Standby starts a second server that follows s, under a name, and ends with the test. Commits on s wait for it
// only after Synchronous.
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

// Synchronous makes each commit wait until the standby with a name has it, and returns when
// that one is there. What the standbys copied before is not changed: one that is promoted waits for nobody.
func (s *Server) Synchronous(t testing.TB, name string) {
	t.Helper()
	Exec(t, s.DSN(), fmt.Sprintf(`ALTER SYSTEM SET synchronous_standby_names = 'FIRST 1 ("%s")'`, name))
	Exec(t, s.DSN(), "SELECT pg_reload_conf()")
	s.Await(t, fmt.Sprintf("SELECT count(*) = 1 FROM pg_stat_replication WHERE sync_state = 'sync' AND application_name = '%s'", name))
	s.Await(t, "SELECT clock_timestamp() > pg_conf_load_time() + interval '2 seconds'") // its commits wait, too
}

// Detach lets a standby receive nothing more from the server that it follows.
func (s *Server) Detach(t testing.TB) {
	t.Helper()
	Exec(t, s.DSN(), "ALTER SYSTEM SET primary_conninfo = ''")
	Exec(t, s.DSN(), "SELECT pg_reload_conf()")
	s.Await(t, "SELECT count(*) = 0 FROM pg_stat_wal_receiver")
}

// Promote makes a standby a server of its own, on which everything can be changed, and returns when it is one. The server
// that it followed is not told.
func (s *Server) Promote(t testing.TB) {
	t.Helper()
	Exec(t, s.DSN(), "SELECT pg_promote(true, 60)")
	s.Await(t, "SELECT NOT pg_is_in_recovery()")
}

// Await asks the server until it says true.
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
