package rbac_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/internal/postgrestest"
	"github.com/rbac-go/rbac/internal/storefault"
	memorystore "github.com/rbac-go/rbac/store_memory"
	postgresstore "github.com/rbac-go/rbac/store_postgres"
	sqlitestore "github.com/rbac-go/rbac/store_sqlite"
)

// useTheTx is the text in the log and the error of a call that waits.
const useTheTx = "a call of the Authority inside View or Update waits for itself: use the Tx"

// waitingStores are stores in which a call waits for another transaction in
// various ways.
var waitingStores = []struct {
	name string
	open func(testing.TB) rbac.Store
	one  bool // one transaction at a time, reading or writing
}{
	{"memory", func(testing.TB) rbac.Store { return memorystore.New() }, false},
	{"sqlite", openSQLite, false},
	{"sqlite of the host", func(t testing.TB) rbac.Store { return hostSQLite(t, "?_journal_mode=WAL", 0) }, false},
	{"sqlite without WAL", func(t testing.TB) rbac.Store { return hostSQLite(t, "", 0) }, false},
	{"sqlite of one connection", func(t testing.TB) rbac.Store { return hostSQLite(t, "?_journal_mode=WAL", 1) }, true},
	{"postgres", openPostgres, false},
	{"postgres of one connection", func(t testing.TB) rbac.Store {
		s, err := postgresstore.Open(ctx, postgrestest.InSchema(t)+"&pool_max_conns=1", postgresstore.Options{})
		must(t, err)
		return s
	}, true},
}

// hostSQLite returns a store in a host's database, with at most connections
// connections; 0: no limit.
func hostSQLite(t testing.TB, params string, connections int) rbac.Store {
	t.Helper()
	db, err := sql.Open("sqlite3", filepath.Join(t.TempDir(), "host.db")+params)
	must(t, err)
	t.Cleanup(func() { db.Close() })
	db.SetMaxOpenConns(connections)
	s, err := sqlitestore.New(ctx, db, sqlitestore.Options{BusyTimeout: 2 * time.Second})
	must(t, err)
	return s
}

// patient returns a house in which a call waits for the LockTimeout of its
// Authorities, and an office with a readable log.
func patient(t *testing.T, s rbac.Store, timeout time.Duration) (h *house, a *rbac.Authority, log *syncBuffer) {
	t.Helper()
	h, log = newHouse(t, s), &syncBuffer{}
	h.office(rbac.Config{})
	a = h.open(rbac.Config{LockTimeout: timeout, Logger: slog.New(slog.NewTextHandler(log, nil))})
	return h, a, log
}

// checkWaited requires the error and the log of a call that has waited in vain.
func checkWaited(t *testing.T, call string, err error, log *syncBuffer) {
	t.Helper()
	if !errors.Is(err, rbac.ErrBusy) || errors.Is(err, rbac.ErrUnavailable) || !strings.Contains(fmt.Sprint(err), useTheTx) {
		t.Errorf("%s: %v; want ErrBusy that says %q", call, err, useTheTx)
	}
	if text := log.String(); !strings.Contains(text, "level=WARN") || !strings.Contains(text, useTheTx) {
		t.Errorf("%s: the log must say %q: %s", call, useTheTx, text)
	}
}

// checkGoesOn requires that a call succeeds once nothing holds the call up. On
// a busy machine the LockTimeout of the tests may be too short.
func checkGoesOn(t *testing.T, name string, call func() error) {
	t.Helper()
	err := call()
	for range 100 {
		if !errors.Is(err, rbac.ErrBusy) {
			break
		}
		err = call()
	}
	if err != nil {
		t.Errorf("%s afterwards: %v", name, err)
	}
}

// A call of the Authority inside Update is not silent: after a second the log
// reports the wait, and after 30 s the call fails with the reason.
func TestCallInUpdateIsNotSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, a, log := patient(t, memorystore.New(), 0)
		start := time.Now()
		must(t, a.Update(context.Background(), func(tx *rbac.Tx) error {
			result := make(chan error)
			go func() { result <- a.SetPassword(context.Background(), "amy", goodPassword) }()
			time.Sleep(time.Second - time.Nanosecond)
			synctest.Wait()
			if text := log.String(); strings.Contains(text, useTheTx) {
				t.Errorf("within the first second the log says: %s", text)
			}
			time.Sleep(time.Nanosecond)
			synctest.Wait()
			if text := log.String(); strings.Count(text, useTheTx) != 1 {
				t.Errorf("after a second the log must say that the call waits: %s", text)
			}
			err := <-result
			checkWaited(t, "SetPassword", err, log)
			if waited := time.Since(start); waited != 30*time.Second {
				t.Errorf("SetPassword waited %v, want 30s", waited)
			}
			if text := log.String(); strings.Count(text, useTheTx) != 1 {
				t.Errorf("the log must say it once: %s", text)
			}
			_, err = tx.AddGroup(rbac.Group{Name: "late"})
			return err // a slow Update is not cut off
		}))
		must(t, a.SetPassword(ctx, "amy", goodPassword))
		must(t, a.View(ctx, func(tx *rbac.Tx) error { _, err := tx.Group("late"); return err }))
	})
}

// A call whose context ends earlier returns the error of its context, with the
// reason as well.
func TestDeadlineInUpdate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, a, log := patient(t, memorystore.New(), 0)
		must(t, a.Update(ctx, func(*rbac.Tx) error {
			soon, cancel := context.WithTimeout(ctx, 5*time.Second)
			defer cancel()
			err := a.SetPassword(soon, "amy", goodPassword)
			if !errors.Is(err, rbac.ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(fmt.Sprint(err), useTheTx) {
				t.Errorf("SetPassword: %v; want ErrUnavailable past its deadline that says %q", err, useTheTx)
			}
			if text := log.String(); strings.Count(text, useTheTx) != 1 {
				t.Errorf("the log must say it once: %s", text)
			}
			return nil
		}))
	})
}

// Any call inside Update, on every store, fails with ErrBusy, and the Update
// goes on.
func TestCallsInUpdateWaitForThemselves(t *testing.T) {
	t.Parallel()
	for _, s := range waitingStores {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			h, a, log := patient(t, s.open(t), 100*time.Millisecond)
			other := h.open(rbac.Config{LockTimeout: 100 * time.Millisecond, Logger: slog.New(slog.NewTextHandler(log, nil))})
			tok := h.issue(h.open(rbac.Config{}), rbac.Login{User: "amy"})
			nop := func(*rbac.Tx) error { return nil }
			writing := map[string]func() error{
				"Update":            func() error { return a.Update(ctx, nop) },
				"another Authority": func() error { return other.Update(ctx, nop) },
				"SetPassword":       func() error { return a.SetPassword(ctx, "nora", goodPassword) },
				"Login":             func() error { _, err := a.Login(ctx, rbac.Login{User: "amy", Password: goodPassword}); return err },
				"Issue":             func() error { _, err := a.Issue(ctx, rbac.Login{User: "amy"}); return err },
				"Issue with groups": func() error {
					_, err := a.Issue(ctx, rbac.Login{User: "nora", Groups: []string{"editors"}})
					return err
				},
				"Logout":   func() error { return a.Logout(ctx, tok) },
				"SetValue": func() error { return a.SetValue(ctx, tok, "k", "v") },
				"Declare": func() error {
					return a.Declare(ctx, rbac.Catalogue{Permissions: []rbac.Permission{{Name: "new"}}})
				},
				"a later deadline": func() error {
					later, cancel := context.WithTimeout(ctx, time.Hour)
					defer cancel()
					return a.Update(later, nop)
				},
			}
			reading := map[string]func() error{
				"View":     func() error { return a.View(ctx, nop) },
				"Identify": func() error { _, err := a.Identify(ctx, tok); return err },
				"Identity": func() error { _, err := a.Identity(ctx, "nora"); return err },
			}
			update := func(tx *rbac.Tx) error {
				u, err := tx.User("amy")
				must(t, err)
				u.Note = "changed"
				must(t, tx.ModifyUser(u))
				for name, call := range writing {
					log.Reset()
					checkWaited(t, name, call(), log)
				}
				for name, call := range reading {
					log.Reset()
					if err := call(); err != nil || s.one && name == "View" {
						checkWaited(t, name, err, log)
					}
				}
				return nil
			}
			checkGoesOn(t, "Update", func() error { return a.Update(ctx, update) })
			for name, call := range reading {
				checkGoesOn(t, name, call)
			}
			for _, name := range []string{"SetPassword", "SetValue", "another Authority", "Logout"} {
				checkGoesOn(t, name, writing[name])
			}
		})
	}
}

// A call inside View that has to wait for the View fails likewise.
func TestCallsInViewWaitForThemselves(t *testing.T) {
	t.Parallel()
	for _, s := range waitingStores {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			_, a, log := patient(t, s.open(t), 100*time.Millisecond)
			calls := map[string]func() error{
				"Update": func() error { return a.SetPassword(ctx, "nora", goodPassword) },
				"View":   func() error { return a.View(ctx, func(*rbac.Tx) error { return nil }) },
			}
			view := func(tx *rbac.Tx) error {
				for name, call := range calls {
					log.Reset()
					if err := call(); err != nil || s.one {
						checkWaited(t, name, err, log)
					}
				}
				_, err := tx.User("nora")
				return err
			}
			checkGoesOn(t, "View", func() error { return a.View(ctx, view) })
			checkGoesOn(t, "Update", calls["Update"])
		})
	}
}

// A transaction that waits for nobody is not cut off, and the error of f is
// unchanged.
func TestSlowTransactionsAreNotCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, a, log := patient(t, memorystore.New(), time.Second)
		slow := func(*rbac.Tx) error { time.Sleep(10 * time.Second); return nil }
		must(t, a.View(ctx, slow))
		must(t, a.Update(ctx, slow))
		if err := a.Update(ctx, func(tx *rbac.Tx) error { return errors.Join(slow(tx), errTest) }); !errors.Is(err, errTest) {
			t.Errorf("the error of f: %v", err)
		}
		if text := log.String(); strings.Contains(text, "waiting") {
			t.Errorf("nothing waits, and the log says: %s", text)
		}
	})
}

func TestLockTimeoutBounds(t *testing.T) {
	for _, d := range []time.Duration{-1, 1, 10*time.Millisecond - 1, time.Hour + 1} {
		if _, err := rbac.Open(ctx, memorystore.New(), rbac.Config{LockTimeout: d}); !errors.Is(err, rbac.ErrInvalid) || !strings.Contains(err.Error(), "LockTimeout") {
			t.Errorf("LockTimeout %v: %v, want ErrInvalid", d, err)
		}
	}
}

// A busy store does not end a Watch.
func TestWatchOutlastsBusyStore(t *testing.T) {
	var busy atomic.Bool
	h := newHouse(t, hooked(memorystore.New(), storefault.Hooks{View: func(_ context.Context, run func() error) error {
		if busy.Load() {
			return fmt.Errorf("%w: others were in the way", rbac.ErrBusy)
		}
		return run()
	}}))
	a := h.office(rbac.Config{MaxStaleness: 50 * time.Millisecond})
	tok := h.issue(a, rbac.Login{User: "amy"})
	var seen []string
	for id, err := range a.Watch(ctx, tok) {
		switch {
		case err == nil:
			seen = append(seen, id.User())
		case errors.Is(err, rbac.ErrBusy):
			seen = append(seen, "busy")
		default:
			seen = append(seen, err.Error())
		}
		busy.Store(len(seen) == 1)
		if len(seen) == 3 {
			break
		}
	}
	if got := strings.Join(seen, ", "); got != "amy, busy, amy" {
		t.Errorf("the Watch yields %s", got)
	}
}
