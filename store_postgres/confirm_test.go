package postgresstore_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/rbac-go/rbac/internal/postgrestest"
	"github.com/rbac-go/rbac/store"
	postgresstore "github.com/rbac-go/rbac/store_postgres"
)

// waits makes a server wait for a standby that does not exist, or stop waiting.
// The setting that the server reports does not apply to its commits at once, so
// waits commits until a commit waits, or does not. By then each connection
// reports the new setting, since the server notifies the connections first.
func waits(t *testing.T, dsn, names string) {
	t.Helper()
	postgrestest.Exec(t, dsn, "ALTER SYSTEM SET synchronous_standby_names TO '"+names+"'")
	postgrestest.Exec(t, dsn, "SELECT pg_reload_conf()")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var conns [2]*pgx.Conn
	for i := range conns {
		var err error
		conns[i], err = pgx.Connect(ctx, dsn)
		must(t, err)
		defer conns[i].Close(context.Background())
	}
	for waiting := names == ""; waiting != (names != ""); { // at least once
		done := make(chan error, 1)
		go func() {
			_, err := conns[0].Exec(ctx, "SELECT pg_logical_emit_message(true, 'rbac', 'a commit')")
			done <- err
		}()
		waiting = false
		for ended := false; !ended; {
			select {
			case err := <-done:
				must(t, err)
				ended = true
			default:
				var cancelled bool
				must(t, conns[1].QueryRow(ctx, `SELECT count(pg_cancel_backend(pid)) > 0 FROM pg_stat_activity
					WHERE wait_event = 'SyncRep' AND $2 AND pid = $1`, conns[0].PgConn().PID(), names != "").Scan(&cancelled))
				waiting = waiting || cancelled
			}
		}
	}
}

const stuck = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"

// confirmed reads the head in a ConfirmedView.
func confirmed(ctx context.Context, s *postgresstore.Store) (head store.Head, err error) {
	err = s.ConfirmedView(ctx, func(r store.Records) (err error) {
		head, err = r.Head(store.NoLock)
		return err
	})
	return head, err
}

// givesUp ends the context of a confirmation during its commit, which waits for
// a standby that does not exist.
func givesUp(t *testing.T, s *postgresstore.Store, server *postgrestest.Server) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 1)
	go func() { _, err := confirmed(ctx, s); done <- err }()
	server.Await(t, "SELECT ("+stuck+") = 1")
	cancel()
	if err := <-done; !errors.Is(err, store.ErrUnavailable) || !errors.Is(err, context.Canceled) {
		t.Errorf("nobody has acknowledged: %v", err)
	}
}

// A server that waits for a standby confirms nothing before the standby has
// answered, although the server still returns its head. However long the
// standby is silent, few connections wait.
func TestNothingIsConfirmedWithoutStandby(t *testing.T) {
	t.Parallel()
	server := postgrestest.Start(t, "fsync=off")
	s := mustOpen(t, server.DSN(), postgresstore.Options{})
	want, err := s.ReadHead(t.Context())
	must(t, err)
	if got, err := confirmed(t.Context(), s); err != nil || got != want || s.Guarantee().Bounded {
		t.Fatalf("without a standby: %v, %v, %+v; want %v and no bound", got, err, s.Guarantee(), want)
	}
	waits(t, server.DSN(), "nobody")
	givesUp(t, s, server)
	for range 4 {
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		// The wait for the row of the first may end before the context does.
		_, err := confirmed(ctx, s)
		if ended := errors.Is(err, store.ErrUnavailable) && errors.Is(err, context.DeadlineExceeded); !ended && !errors.Is(err, store.ErrBusy) {
			t.Errorf("nobody has acknowledged: %v", err)
		}
		cancel()
		if got, err := s.ReadHead(t.Context()); err != nil || got != want {
			t.Errorf("the head: %v, %v", got, err)
		}
	}
	// The first confirmation waits for the standby. The others wait for its
	// row, and only briefly.
	waitFor(t, s, "SELECT ("+stuck+" OR wait_event_type = 'Lock') = 1")
	waits(t, server.DSN(), "")
	waitFor(t, s, "SELECT ("+stuck+") = 0")
	if got, err := confirmed(t.Context(), s); err != nil || got != want || s.Guarantee().Bounded {
		t.Errorf("when it waits no more: %v, %v, %+v", got, err, s.Guarantee())
	}
}

// If a server stops waiting for its standby during a confirmation, the end of
// the wait is no acknowledgement.
func TestLetGoIsNotBounded(t *testing.T) {
	t.Parallel()
	server := postgrestest.Start(t, "fsync=off")
	s, strict := mustOpen(t, server.DSN(), postgresstore.Options{}), mustOpen(t, server.DSN(), postgresstore.Options{Schema: "strict"})
	strict.SetBounded()
	waits(t, server.DSN(), "nobody")
	var all sync.WaitGroup
	for _, s := range []*postgresstore.Store{s, strict} {
		all.Go(func() {
			switch _, err := confirmed(t.Context(), s); {
			case s == strict && !errors.Is(err, store.ErrUnavailable):
				t.Errorf("where Options.Bounded is set: %v; want ErrUnavailable", err)
			case s != strict && err != nil:
				t.Errorf("at best effort: %v", err)
			}
			if g := s.Guarantee(); g.Bounded {
				t.Errorf("nobody has acknowledged anything: %+v", g)
			}
			for what, err := range map[string]error{
				"View":   s.View(t.Context(), func(store.Records) error { return nil }),
				"Update": s.Update(t.Context(), nextRevision),
			} {
				if refused := errors.Is(err, store.ErrUnavailable); refused != (s == strict) {
					t.Errorf("%s at best effort, where Options.Bounded is %t: %v", what, s == strict, err)
				}
			}
		})
	}
	waitFor(t, s, "SELECT ("+stuck+") = 2")
	waits(t, server.DSN(), "")
	all.Wait()
	if _, err := postgresstore.Open(t.Context(), server.DSN(), postgresstore.Options{Bounded: true}); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("Open of a server without standby, with Options.Bounded: %v", err)
	}
}

// A server that stops waiting sends a warning, and reports that the commit
// succeeded. Whether the commit is on a standby is unknown.
func TestWarnedCommitIsUnknown(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(t *testing.T, dsn string) *postgresstore.Store{
		"Open": func(t *testing.T, dsn string) *postgresstore.Store {
			return mustOpen(t, dsn, postgresstore.Options{})
		},
		"a role that is told of errors only": func(t *testing.T, dsn string) *postgresstore.Store {
			postgrestest.Exec(t, dsn, "ALTER ROLE current_user SET client_min_messages TO error")
			return mustOpen(t, dsn, postgresstore.Options{})
		},
		"New": func(t *testing.T, dsn string) *postgresstore.Store {
			config, err := pgxpool.ParseConfig(dsn)
			must(t, err)
			postgresstore.Prepare(config)
			pool, err := pgxpool.NewWithConfig(t.Context(), config)
			must(t, err)
			t.Cleanup(pool.Close)
			s, err := postgresstore.New(t.Context(), pool, postgresstore.Options{})
			must(t, err)
			t.Cleanup(func() { s.Close() })
			return s
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := postgrestest.Start(t, "fsync=off")
			s := open(t, server.DSN())
			must(t, s.View(t.Context(), func(store.Records) error { return nil }))
			waits(t, server.DSN(), "nobody")
			done := make(chan error, 2)
			go func() { done <- s.Update(t.Context(), addSection("held")) }()
			waitFor(t, s, "SELECT ("+stuck+") = 1")
			postgrestest.Exec(t, server.DSN(), "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
			if err := <-done; !errors.Is(err, postgresstore.ErrCommitUnknown) || !errors.Is(err, store.ErrUnavailable) {
				t.Errorf("a commit that the server gave up to have replicated: %v; want ErrCommitUnknown", err)
			}
			go func() { _, err := confirmed(t.Context(), s); done <- err }()
			waitFor(t, s, "SELECT ("+stuck+") = 1")
			postgrestest.Exec(t, server.DSN(), "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
			if err := <-done; !errors.Is(err, store.ErrUnavailable) {
				t.Errorf("a confirmation that the server gave up to have replicated: %v; want ErrUnavailable", err)
			}
			waits(t, server.DSN(), "")
			if got := sections(t, s); len(got) != 1 {
				t.Errorf("the commit has taken effect here: %q", got)
			}
		})
	}
}

// A client that gives up a commit waiting for the standby, or loses its
// connection, does not cancel the wait: no transaction sees the commit before
// the standby has the commit.
func TestGivenUpCommitStaysHidden(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"context", "connection"} {
		t.Run(how, func(t *testing.T) {
			server := postgrestest.Start(t, "fsync=off")
			s, other := mustOpen(t, server.DSN(), postgresstore.Options{}), mustOpen(t, server.DSN(), postgresstore.Options{})
			s.SetCommitGrace(50 * time.Millisecond)
			waits(t, server.DSN(), "nobody")
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			done := make(chan error, 1)
			go func() { done <- s.Update(ctx, addSection("held")) }()
			waitFor(t, other, "SELECT ("+stuck+") = 1")
			if how == "context" {
				cancel()
			} else {
				s.HangUpCommits()
			}
			if err := <-done; !errors.Is(err, postgresstore.ErrCommitUnknown) {
				t.Errorf("%v; want ErrCommitUnknown", err)
			}
			// A cancel request would be on its way now. Only repeated queries
			// to the server can show the request.
			for range 50 {
				var n int
				must(t, other.Pool().QueryRow(t.Context(), stuck).Scan(&n))
				if got := sections(t, other); n != 1 || len(got) > 0 {
					t.Fatalf("%d commits wait and others see %q; want the one, and nothing", n, got)
				}
			}
			waits(t, server.DSN(), "")
			waitFor(t, other, "SELECT ("+stuck+") = 0")
			if got := sections(t, other); len(got) != 1 {
				t.Errorf("when the standby has it others see %q", got)
			}
		})
	}
}

// A standby cannot confirm anything.
func TestStandbyConfirmsNothing(t *testing.T) {
	server := postgrestest.Start(t, "fsync=off")
	s := mustOpen(t, server.DSN(), postgresstore.Options{})
	server.Stop(t)
	must(t, os.WriteFile(filepath.Join(server.Dir(), "data", "standby.signal"), nil, 0o644))
	server.Launch(t)
	if _, err := confirmed(t.Context(), s); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("a server in recovery: %v; want ErrUnavailable", err)
	}
}

// The guarantee is not bounded for a host's pool without Prepare, nor while the
// server may not yet wait for the standby that its settings name.
func TestNotYetBounded(t *testing.T) {
	t.Parallel()
	server := postgrestest.Start(t, "fsync=off")
	first := mustOpen(t, server.DSN(), postgresstore.Options{})
	waits(t, server.DSN(), "nobody")
	for _, c := range []struct {
		prepared, later bool
		reason          string
	}{{false, false, "Prepare"}, {true, false, "just now"}, {false, true, "Prepare"}, {true, true, "nobody"}} {
		config, err := pgxpool.ParseConfig(server.DSN())
		must(t, err)
		if c.prepared {
			postgresstore.Prepare(config)
		}
		pool, err := pgxpool.NewWithConfig(t.Context(), config)
		must(t, err)
		t.Cleanup(pool.Close)
		const isLater = "SELECT clock_timestamp() > pg_conf_load_time() + interval '2 seconds'"
		var g store.Guarantee
		for tooLate := true; tooLate; { // two seconds are short on a busy machine
			if c.later {
				waitFor(t, first, isLater)
			} else {
				postgrestest.Exec(t, server.DSN(), "SELECT pg_reload_conf()")
			}
			s, err := postgresstore.New(t.Context(), pool, postgresstore.Options{})
			must(t, err)
			g = s.Guarantee()
			must(t, s.Close())
			must(t, first.Pool().QueryRow(t.Context(), isLater).Scan(&tooLate))
			tooLate = tooLate && !c.later
		}
		if g.Bounded != (c.prepared && c.later) || !strings.Contains(g.Reason, c.reason) {
			t.Errorf("prepared %t, later %t: %+v; want a reason that says %q", c.prepared, c.later, g, c.reason)
		}
	}
}
