package postgresstore_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/internal/postgrestest"
	"github.com/rbac-go/rbac/store"
	postgresstore "github.com/rbac-go/rbac/store_postgres"
)

// says checks for ErrUnavailable with a certain text.
func says(t *testing.T, what string, err error, text string) {
	t.Helper()
	if !errors.Is(err, rbac.ErrUnavailable) || !strings.Contains(fmt.Sprint(err), text) {
		t.Errorf("%s: %v, want ErrUnavailable that says %q", what, err, text)
	}
}

func addSection(name string) func(store.Records) error {
	return func(r store.Records) error { return r.PutSection(store.Section{Name: name}) }
}

func sections(t *testing.T, s *postgresstore.Store) (names []string) {
	t.Helper()
	must(t, s.View(t.Context(), func(r store.Records) error {
		names = nil
		list, err := r.Sections()
		for _, section := range list {
			names = append(names, section.Name)
		}
		return err
	}))
	return names
}

func TestWrongPassword(t *testing.T) {
	server := postgrestest.Start(t, "fsync=off")
	postgrestest.Exec(t, server.DSN(), "CREATE ROLE guarded LOGIN PASSWORD 'right'; CREATE SCHEMA AUTHORIZATION guarded")
	must(t, os.WriteFile(filepath.Join(server.Dir(), "data", "pg_hba.conf"), []byte("local all guarded scram-sha-256\nlocal all all trust\n"), 0o644))
	server.Stop(t)
	server.Launch(t)
	mustOpen(t, server.DSNOf("guarded", "right"), postgresstore.Options{})
	_, err := postgresstore.Open(t.Context(), server.DSNOf("guarded", "geheim"), postgresstore.Options{})
	says(t, "a wrong password", err, `password authentication failed for user "guarded"`)
	if strings.Contains(fmt.Sprint(err), "geheim") {
		t.Errorf("the error shows the password: %v", err)
	}
}

// While all connections are in use, other calls wait as long as their contexts
// allow. The head can still be read.
func TestPoolExhausted(t *testing.T) {
	s := mustOpen(t, postgrestest.InSchema(t)+"&pool_max_conns=1", postgresstore.Options{})
	must(t, s.Update(t.Context(), func(store.Records) error {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		err := s.View(ctx, func(store.Records) error { return nil })
		says(t, "View", err, "all 1 connections of the pool are in use")
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("View: %v, want the error of the context", err)
		}
		_, err = s.ReadHead(t.Context())
		return err
	}))
	must(t, s.Update(t.Context(), nextRevision))
}

func TestServerRestarts(t *testing.T) {
	server := postgrestest.Start(t)
	s := mustOpen(t, server.DSN()+"&pool_max_conns=3", postgresstore.Options{})
	a, err := rbac.Open(t.Context(), s, rbac.Config{Logger: discard})
	must(t, err)
	defer a.Close()
	var inner [3]error
	fillPool(t, s, 3)
	err = s.Update(t.Context(), func(r store.Records) error {
		inner[0] = addSection("lost")(r)
		server.Stop(t)
		inner[1] = addSection("late")(r)
		return nil
	})
	must(t, inner[0])
	says(t, "a call in an Update that lost its server", inner[1], "PutSection")
	says(t, "the Update", err, "PutSection")
	says(t, "View of a server that is down", s.View(t.Context(), func(store.Records) error { return nil }), "failed to connect")
	_, err = s.ReadHead(t.Context())
	says(t, "ReadHead of a server that is down", err, "")

	server.Launch(t)
	fillPool(t, s, 3) // at once, even if connections in the pool are dead
	if got := sections(t, s); len(got) != 0 {
		t.Errorf("after the restart there are %q: half an Update", got)
	}
	_, err = s.ReadHead(t.Context())
	must(t, err)
	must(t, a.Update(rbac.WithActor(t.Context(), "test"), func(tx *rbac.Tx) error { return tx.AddSection(rbac.Section{Name: "again"}) }))
}

// fillPool uses n connections at once.
func fillPool(t *testing.T, s *postgresstore.Store, n int) {
	t.Helper()
	if n == 0 {
		return
	}
	must(t, s.View(t.Context(), func(store.Records) error {
		fillPool(t, s, n-1)
		return nil
	}))
}

// A call that exceeds a limit of the server fails, undoes all changes, and
// leaves the store usable.
func TestServersOwnLimits(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ setting, says string }{
		{"statement_timeout=1000", "statement timeout"},
		{"idle_in_transaction_session_timeout=1000", "PutSection"},
	} {
		dsn := postgrestest.InSchema(t)
		holder := mustOpen(t, dsn, postgresstore.Options{})
		s := mustOpen(t, dsn+"&"+c.setting, postgresstore.Options{})
		must(t, holder.Update(t.Context(), func(r store.Records) error {
			if _, err := r.Head(store.ExclusiveLock); err != nil {
				return err
			}
			says(t, c.setting, s.Update(t.Context(), func(r store.Records) error {
				if err := addSection("half")(r); err != nil {
					return err
				}
				if strings.HasPrefix(c.setting, "idle") {
					waitFor(t, holder, "SELECT count(*) = 0 FROM pg_stat_activity WHERE state = 'idle in transaction' AND pid = "+pid(t, r))
					return addSection("more")(r)
				}
				_, err := r.Head(store.ExclusiveLock)
				return err
			}), c.says)
			return nil
		}))
		if got := sections(t, s); len(got) != 0 {
			t.Errorf("%s: there are %q: half an Update", c.setting, got)
		}
		must(t, s.Update(t.Context(), nextRevision))
	}
}

func pid(t *testing.T, r store.Records) string {
	return fmt.Sprint(host(t, r).Conn().PgConn().PID())
}

// longest is how long a test waits for an expected event, on a busy machine as
// well.
const longest = 2 * time.Minute

// waitFor runs a query until the query returns true.
func waitFor(t *testing.T, s *postgresstore.Store, query string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), longest)
	defer cancel()
	for yes := false; !yes; {
		must(t, s.Pool().QueryRow(ctx, query).Scan(&yes))
	}
}

// slowCommit makes a commit wait for the row of a table that the test has
// locked.
const slowCommit = `CREATE TABLE gate (open BOOLEAN); INSERT INTO gate VALUES (true); CREATE TABLE slow (n INTEGER);
	CREATE FUNCTION wait_at_gate() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM 1 FROM gate FOR UPDATE; RETURN NULL; END $$;
	CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON slow DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wait_at_gate()`

// commits runs an Update whose commit waits while the gate is locked. grace is
// the time that the commit has after its context has ended. meanwhile runs
// during the commit.
func commits(t *testing.T, dsn string, grace time.Duration, meanwhile func(cancel func(), open func())) (s *postgresstore.Store, err error) {
	t.Helper()
	postgrestest.Exec(t, dsn, slowCommit)
	s = mustOpen(t, dsn, postgresstore.Options{})
	s.SetCommitGrace(grace)
	gate, err := pgx.Connect(t.Context(), dsn)
	must(t, err)
	defer gate.Close(context.Background())
	_, err = gate.Exec(t.Context(), "BEGIN; SELECT 1 FROM gate FOR UPDATE")
	must(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done, pids := make(chan error, 1), make(chan string, 1)
	go func() {
		done <- s.Update(ctx, func(r store.Records) error {
			pids <- pid(t, r)
			_, err := host(t, r).Exec(ctx, "INSERT INTO slow VALUES (1)")
			return errors.Join(err, addSection("slow")(r))
		})
	}()
	waitFor(t, s, "SELECT count(*) = 1 FROM pg_stat_activity WHERE query = 'commit' AND wait_event_type = 'Lock' AND pid = "+<-pids)
	meanwhile(cancel, func() { _, err := gate.Exec(context.Background(), "COMMIT"); must(t, err) })
	return s, <-done
}

func TestCommitUnknown(t *testing.T) {
	t.Run("server stopped", func(t *testing.T) {
		server := postgrestest.Start(t)
		s, err := commits(t, server.DSN(), longest, func(func(), func()) { server.Stop(t) })
		if err != nil { // the gate may end first and let the commit through
			says(t, "the Update", err, "not known")
		}
		server.Launch(t)
		if got := sections(t, s); err == nil && len(got) != 1 || err != nil && !errors.Is(err, postgresstore.ErrCommitUnknown) {
			t.Errorf("the Update: %v, want ErrCommitUnknown, or none and one section; there are %q", err, got)
		}
		must(t, s.Update(t.Context(), nextRevision))
	})
	t.Run("context ended, answer in time", func(t *testing.T) {
		s, err := commits(t, postgrestest.InSchema(t), longest, func(cancel, open func()) { cancel(); open() })
		if got := sections(t, s); err != nil || len(got) != 1 {
			t.Errorf("the commit was answered: %v, and there are %q", err, got)
		}
	})
	t.Run("context ended, no answer", func(t *testing.T) {
		var opened func()
		s, err := commits(t, postgrestest.InSchema(t), 50*time.Millisecond, func(cancel, open func()) { cancel(); opened = open })
		_ = opened // the gate opens when its connection closes
		if !errors.Is(err, postgresstore.ErrCommitUnknown) || !errors.Is(err, rbac.ErrUnavailable) || !errors.Is(err, context.Canceled) {
			t.Errorf("the Update: %v, want ErrCommitUnknown, ErrUnavailable and the error of the context", err)
		}
		// The server was not interrupted: the commit goes through.
		waitFor(t, s, "SELECT count(*) = 1 FROM rbac_sections")
	})
}

// The outcome of a commit that the server refuses is known.
func TestCommitRefused(t *testing.T) {
	dsn := postgrestest.InSchema(t)
	postgrestest.Exec(t, dsn, "CREATE TABLE late (n INTEGER UNIQUE DEFERRABLE INITIALLY DEFERRED)")
	s := mustOpen(t, dsn, postgresstore.Options{})
	err := s.Update(t.Context(), func(r store.Records) error {
		_, err := host(t, r).Exec(t.Context(), "INSERT INTO late VALUES (1), (1)")
		return errors.Join(err, addSection("refused")(r))
	})
	says(t, "the Update", err, "duplicate key")
	if errors.Is(err, postgresstore.ErrCommitUnknown) || len(sections(t, s)) != 0 {
		t.Errorf("the Update: %v, with the sections %q; want a refusal and none", err, sections(t, s))
	}
}

func TestOutcome(t *testing.T) {
	for _, c := range []struct {
		name    string
		err     error
		unknown bool
	}{
		{"committed", nil, false},
		{"rolled back instead", pgx.ErrTxCommitRollback, false},
		{"refused", &pgconn.PgError{Severity: "ERROR", Code: "23505"}, false},
		{"serialization failure", &pgconn.PgError{Severity: "ERROR", Code: "40001"}, false},
		{"the server says that it does not know", &pgconn.PgError{Severity: "ERROR", Code: "40003"}, true},
		{"refused in German", &pgconn.PgError{Severity: "FEHLER", SeverityUnlocalized: "ERROR", Code: "23505"}, false},
		{"fallen in German", &pgconn.PgError{Severity: "PANIK", SeverityUnlocalized: "PANIC", Code: "53100"}, true},
		{"ended before", &pgconn.PgError{Severity: "FATAL", Code: "25P03"}, false},
		{"the server goes", &pgconn.PgError{Severity: "FATAL", Code: "57P01"}, true},
		{"the server fell", &pgconn.PgError{Severity: "PANIC", Code: "53100"}, true},
		{"the connection broke", errors.New("unexpected EOF"), true},
	} {
		got := postgresstore.Outcome(c.err)
		if errors.Is(got, postgresstore.ErrCommitUnknown) != c.unknown || !errors.Is(got, c.err) {
			t.Errorf("%s: %v; unknown: %t wanted", c.name, got, c.unknown)
		}
	}
}
