package sqlitestore_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rbac-go/rbac/store"
	sqlitestore "github.com/rbac-go/rbac/store_sqlite"
)

// held opens a store while another connection writes to the file.
func held(t *testing.T, kind string, busy time.Duration) *sqlitestore.Store {
	path := filepath.Join(t.TempDir(), "rbac.db")
	mustOpen(t, path).Close()
	opts := sqlitestore.Options{BusyTimeout: busy}
	var s *sqlitestore.Store
	var err error
	if kind == "Open" {
		s, err = sqlitestore.Open(t.Context(), path, opts)
	} else {
		s, err = sqlitestore.New(t.Context(), hostDB(t, path), opts)
	}
	must(t, err)
	t.Cleanup(func() { s.Close() })
	other, err := hostDB(t, path).Conn(context.Background())
	must(t, err)
	t.Cleanup(func() { other.Close() })
	_, err = other.ExecContext(t.Context(), "BEGIN IMMEDIATE")
	must(t, err)
	return s
}

func TestLockedDatabase(t *testing.T) {
	for _, kind := range []string{"Open", "New"} {
		t.Run(kind, func(t *testing.T) {
			s := held(t, kind, 50*time.Millisecond)
			err := s.Update(t.Context(), nextRevision)
			if !errors.Is(err, store.ErrBusy) || errors.Is(err, store.ErrUnavailable) || !strings.Contains(err.Error(), "other transactions were in the way for 50ms") {
				t.Errorf("Update = %v, want ErrBusy that says that others were in the way", err)
			}
			if headOf(t, s).Revision != 0 {
				t.Error("readers must not wait for the writer, and see nothing of it")
			}
		})
	}
}

func TestContextEndsWaiting(t *testing.T) {
	for _, kind := range []string{"Open", "New"} {
		t.Run(kind, func(t *testing.T) {
			s := held(t, kind, time.Hour)
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
			defer cancel()
			err := s.Update(ctx, nextRevision)
			if !errors.Is(err, store.ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("Update = %v, want one that is unavailable and past its deadline", err)
			}
		})
	}
}

func TestContextEndsWaitingForOwnWriter(t *testing.T) {
	for _, kind := range kinds {
		t.Run(kind.name, func(t *testing.T) {
			s := kind.open(t)
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
			defer cancel()
			must(t, s.Update(t.Context(), func(store.Records) error {
				if err := s.Update(ctx, nextRevision); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("Update = %v, want one past its deadline", err)
				}
				return nil
			}))
		})
	}
}

// The context of a transaction ends every wait in a host's database; the busy
// timeout does not.
func TestContextEndsEveryWait(t *testing.T) {
	late := func(t *testing.T, call func(context.Context) error) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
		defer cancel()
		if err := call(ctx); !errors.Is(err, store.ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v, want one that is unavailable and past its deadline", err)
		}
	}
	read := func(r store.Records) error { _, err := r.Head(store.NoLock); return err }
	patient := func(t *testing.T, params string) *sqlitestore.Store {
		db := hostDB(t, filepath.Join(t.TempDir(), "host.db")+params)
		s, err := sqlitestore.New(t.Context(), db, sqlitestore.Options{BusyTimeout: time.Hour})
		must(t, err)
		// The driver waits for seconds, whatever the context, when it connects to
		// a database that is locked.
		const connections = 4
		db.SetMaxIdleConns(connections)
		var idle [connections]*sql.Conn
		for i := range idle {
			idle[i], err = db.Conn(t.Context())
			must(t, err)
		}
		for _, c := range idle {
			must(t, c.Close())
		}
		return s
	}
	t.Run("a commit for a reader", func(t *testing.T) {
		s := patient(t, "")
		must(t, s.View(t.Context(), func(r store.Records) error {
			late(t, func(ctx context.Context) error { return s.Update(ctx, nextRevision) })
			return read(r)
		}))
		if headOf(t, s).Revision != 0 {
			t.Error("the Update must be undone")
		}
	})
	t.Run("a reader for a commit", func(t *testing.T) {
		s := patient(t, "")
		committed := make(chan error, 1)
		must(t, s.View(t.Context(), func(r store.Records) error {
			wrote := make(chan struct{})
			go func() {
				committed <- s.Update(context.Background(), func(r store.Records) error { defer close(wrote); return nextRevision(r) })
			}()
			<-wrote
			for { // until the commit waits for this View
				ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
				err := s.View(ctx, read)
				cancel()
				if err != nil {
					break
				}
			}
			late(t, func(ctx context.Context) error { return s.View(ctx, read) })
			return read(r)
		}))
		must(t, <-committed)
	})
	t.Run("a reader that begins as a writer", func(t *testing.T) {
		s := patient(t, "?_journal_mode=WAL&_txlock=immediate")
		must(t, s.Update(t.Context(), func(r store.Records) error {
			late(t, func(ctx context.Context) error { return s.View(ctx, read) })
			return nextRevision(r)
		}))
	})
}

// A commit that waits for readers too long is busy, and is undone.
func TestCommitWaitsForReaders(t *testing.T) {
	s, err := sqlitestore.New(t.Context(), hostDB(t, filepath.Join(t.TempDir(), "host.db")), sqlitestore.Options{BusyTimeout: 50 * time.Millisecond})
	must(t, err)
	must(t, s.View(t.Context(), func(r store.Records) error {
		if err := s.Update(t.Context(), nextRevision); !errors.Is(err, store.ErrBusy) || errors.Is(err, store.ErrUnavailable) {
			t.Errorf("Update = %v, want ErrBusy", err)
		}
		_, err := r.Head(store.NoLock)
		return err
	}))
	bump(t, s)
	if got := headOf(t, s).Revision; got != 1 {
		t.Errorf("the revision is %d, want 1", got)
	}
}

// The end of the context ends a long query, and with the query the transaction.
func TestContextEndsQuery(t *testing.T) {
	for _, kind := range kinds {
		t.Run(kind.name, func(t *testing.T) {
			s := kind.open(t)
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
			defer cancel()
			err := s.Update(ctx, func(r store.Records) error {
				must(t, nextRevision(r))
				const forever = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
				if host(t, r).QueryRowContext(ctx, forever).Scan(new(int)) == nil {
					t.Error("the query went on after the end of the context")
				}
				return nil
			})
			if !errors.Is(err, store.ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("Update = %v, want one that is unavailable and past its deadline", err)
			}
			if headOf(t, s).Revision != 0 {
				t.Error("the Update must be undone")
			}
		})
	}
}

// TestOtherProcess is no test, but the body of the processes that tests start.
func TestOtherProcess(t *testing.T) {
	path := os.Getenv("RBAC_TEST_FILE")
	if path == "" {
		t.Skip("only for processes that other tests start")
	}
	fmt.Println("ready")
	io.ReadAll(os.Stdin) // until the parent closes the pipe
	var s *sqlitestore.Store
	var err error
	if os.Getenv("RBAC_TEST_KIND") == "Open" {
		s, err = sqlitestore.Open(t.Context(), path, sqlitestore.Options{BusyTimeout: time.Minute})
	} else {
		var db *sql.DB
		db, err = sql.Open("sqlite3", path)
		must(t, err)
		s, err = sqlitestore.New(t.Context(), db, sqlitestore.Options{BusyTimeout: time.Minute})
	}
	must(t, err)
	for range 20 {
		bump(t, s)
	}
	must(t, s.Close())
}

func TestProcessesStartAtOnce(t *testing.T) {
	for _, kind := range []string{"Open", "New"} {
		t.Run(kind, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "rbac.db")
			const processes = 4
			var started []*process
			for range processes {
				started = append(started, start(t, kind, path))
			}
			for _, p := range started {
				p.stdin.Close() // lets the process start
			}
			for _, p := range started {
				if err := p.cmd.Wait(); err != nil {
					t.Errorf("a process failed: %v\n%s", err, p.out.String())
				}
			}
			if got := headOf(t, mustOpen(t, path)).Revision; got != processes*20 {
				t.Errorf("after %d processes with 20 Updates each the revision is %d", processes, got)
			}
		})
	}
}

type process struct {
	cmd   *exec.Cmd
	stdin io.Closer
	out   *strings.Builder
}

// start starts this test binary again and waits until the new process is ready.
func start(t *testing.T, kind, path string) *process {
	t.Helper()
	p := &process{cmd: exec.Command(os.Args[0], "-test.run=^TestOtherProcess$", "-test.v"), out: &strings.Builder{}}
	p.cmd.Env = append(os.Environ(), "RBAC_TEST_FILE="+path, "RBAC_TEST_KIND="+kind)
	var err error
	p.stdin, err = p.cmd.StdinPipe()
	must(t, err)
	ready := make(chan struct{})
	p.cmd.Stdout = &untilReady{out: p.out, ready: ready}
	p.cmd.Stderr = p.cmd.Stdout
	must(t, p.cmd.Start())
	select {
	case <-ready:
	case <-time.After(time.Minute):
		t.Fatal("the process does not start")
	}
	return p
}

// untilReady closes ready when the word arrives.
type untilReady struct {
	out   *strings.Builder
	ready chan struct{}
	done  bool
}

func (w *untilReady) Write(b []byte) (int, error) {
	n, err := w.out.Write(b)
	if !w.done && strings.Contains(w.out.String(), "ready") {
		w.done = true
		close(w.ready)
	}
	return n, err
}
