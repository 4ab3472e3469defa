package sqlitestore_test

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rbac-go/rbac/store"
	sqlitestore "github.com/rbac-go/rbac/store_sqlite"
)

// hosted runs a test on every kind of store, with a table of the host.
func hosted(t *testing.T, f func(t *testing.T, s *sqlitestore.Store)) {
	for _, kind := range kinds {
		t.Run(kind.name, func(t *testing.T) {
			s := kind.open(t)
			must(t, s.Update(context.Background(), func(r store.Records) error {
				_, err := host(t, r).ExecContext(t.Context(), "CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE)")
				return err
			}))
			f(t, s)
		})
	}
}

func host(t *testing.T, r store.Records) sqlitestore.DBTX {
	t.Helper()
	tx, ok := sqlitestore.HostTx(r)
	if !ok {
		t.Fatal("the store must give its transaction away")
	}
	return tx
}

func note(t *testing.T, r store.Records, text string) error {
	_, err := host(t, r).ExecContext(t.Context(), "INSERT INTO notes (text) VALUES (?)", text)
	return err
}

// state returns the number of notes and the revision.
func state(t *testing.T, s *sqlitestore.Store) (notes int, revision store.Revision) {
	t.Helper()
	must(t, s.View(context.Background(), func(r store.Records) error {
		h, err := r.Head(store.NoLock)
		if err != nil {
			return err
		}
		revision = h.Revision
		return host(t, r).QueryRowContext(t.Context(), "SELECT count(*) FROM notes").Scan(&notes)
	}))
	return notes, revision
}

func TestHostStatements(t *testing.T) {
	errHost := errors.New("the host changed its mind")
	ignore := func(error) {}
	for _, c := range []struct {
		name, rule string
		f          func(t *testing.T, r store.Records) error
		fails      bool
		says       string
	}{
		{"commit", "what the host writes is committed with the store's", func(t *testing.T, r store.Records) error {
			return errors.Join(note(t, r, "a"), nextRevision(r))
		}, false, ""},
		{"rollback", "an error of f undoes both", func(t *testing.T, r store.Records) error {
			return errors.Join(note(t, r, "a"), nextRevision(r), errHost)
		}, true, errHost.Error()},
		{"failed statement", "a failed statement dooms the transaction, even if the host ignores it", func(t *testing.T, r store.Records) error {
			ignore(note(t, r, "a"))
			ignore(note(t, r, "a"))
			ignore(nextRevision(r))
			return nil
		}, true, "UNIQUE"},
		{"failed query", "a failed query does", func(t *testing.T, r store.Records) error {
			_, err := host(t, r).QueryContext(t.Context(), "SELECT * FROM nowhere")
			ignore(err)
			ignore(nextRevision(r))
			return nil
		}, true, "nowhere"},
		{"failed row", "a failed query for one row does", func(t *testing.T, r store.Records) error {
			ignore(host(t, r).QueryRowContext(t.Context(), "INSERT INTO notes (text) VALUES (NULL) RETURNING id").Err())
			ignore(nextRevision(r))
			return nil
		}, true, "NOT NULL"},
		{"failed preparation", "a failed preparation does", func(t *testing.T, r store.Records) error {
			_, err := host(t, r).PrepareContext(t.Context(), "SELEKT")
			ignore(err)
			return nil
		}, true, "SELEKT"},
		{"engine rolled back", "when the engine rolled back behind our back, nothing is committed one by one", func(t *testing.T, r store.Records) error {
			ignore(note(t, r, "a"))
			stmt, err := host(t, r).PrepareContext(t.Context(), "INSERT OR ROLLBACK INTO notes (text) VALUES ('a')")
			if err != nil {
				return err
			}
			_, err = stmt.Exec() // only the host sees the error
			ignore(err)
			ignore(nextRevision(r))
			ignore(note(t, r, "b"))
			return nil
		}, true, "ended the transaction"},
		{"commit by the host", "after a COMMIT of the host's nothing more is committed", func(t *testing.T, r store.Records) error {
			_, err := host(t, r).ExecContext(t.Context(), "COMMIT")
			ignore(err)
			ignore(nextRevision(r))
			return nil
		}, true, "ended the transaction"},
		{"failed call of ours", "after a failed call of the store's the host's statements fail, too", func(t *testing.T, r store.Records) error {
			ignore(r.PutMembership(store.Membership{}))
			var n int
			if host(t, r).QueryRowContext(t.Context(), "SELECT 1").Scan(&n) == nil || note(t, r, "a") == nil {
				t.Error("a statement was run in a doomed transaction")
			}
			return nil
		}, true, "PutMembership"},
	} {
		t.Run(c.name, func(t *testing.T) {
			hosted(t, func(t *testing.T, s *sqlitestore.Store) {
				err := s.Update(context.Background(), func(r store.Records) error { return c.f(t, r) })
				if (err != nil) != c.fails || err != nil && !strings.Contains(err.Error(), c.says) {
					t.Fatalf("%s: Update = %v, want an error %t that says %q", c.rule, err, c.fails, c.says)
				}
				notes, revision := state(t, s)
				if want := map[bool]int{true: 0, false: 1}[c.fails]; notes != want || int(revision) != want {
					t.Errorf("%s: %d notes at revision %d, want %d and %d", c.rule, notes, revision, want, want)
				}
				bump(t, s) // the connection must be as good as before
			})
		})
	}
}

func TestHostStatementsEndWithTransaction(t *testing.T) {
	hosted(t, func(t *testing.T, s *sqlitestore.Store) {
		var tx sqlitestore.DBTX
		var stmt *sql.Stmt
		var rows *sql.Rows
		must(t, s.Update(context.Background(), func(r store.Records) (err error) {
			must(t, note(t, r, "a"))
			must(t, note(t, r, "b"))
			tx = host(t, r)
			if stmt, err = tx.PrepareContext(t.Context(), "INSERT INTO notes (text) VALUES (?)"); err != nil {
				return err
			}
			rows, err = tx.QueryContext(t.Context(), "SELECT text FROM notes")
			rows.Next()
			return err
		}))
		_, execErr := tx.ExecContext(t.Context(), "INSERT INTO notes (text) VALUES ('c')")
		_, prepareErr := tx.PrepareContext(t.Context(), "SELECT 1")
		_, queryErr := tx.QueryContext(t.Context(), "SELECT 1")
		_, stmtErr := stmt.Exec("d")
		for name, err := range map[string]error{
			"Exec": execErr, "Prepare": prepareErr, "Query": queryErr, "a prepared statement": stmtErr,
			"QueryRow": tx.QueryRowContext(t.Context(), "INSERT INTO notes (text) VALUES ('e') RETURNING 1").Scan(new(int)),
		} {
			if err == nil {
				t.Errorf("%s still runs after the transaction", name)
			}
		}
		if rows.Next() {
			t.Error("rows still come after the transaction")
		}
		if notes, _ := state(t, s); notes != 2 {
			t.Errorf("%d notes, want 2: something ran outside of the transaction", notes)
		}
	})
}

func TestHostCannotWriteInView(t *testing.T) {
	hosted(t, func(t *testing.T, s *sqlitestore.Store) {
		must(t, s.View(context.Background(), func(r store.Records) error {
			if note(t, r, "a") == nil {
				t.Error("a View must not write")
			}
			return nil
		}))
		if notes, _ := state(t, s); notes != 0 {
			t.Error("a View has written")
		}
	})
}

func TestHostTxOfOtherStore(t *testing.T) {
	if tx, ok := sqlitestore.HostTx(nil); ok || tx != nil {
		t.Error("Records of no store of ours must give no transaction")
	}
}

func TestTransactionSettings(t *testing.T) {
	weak := filepath.Join(t.TempDir(), "weak.db") + "?_foreign_keys=0&_synchronous=OFF&_busy_timeout=7"
	for _, c := range []struct {
		name   string
		s      *sqlitestore.Store
		update []int // foreign_keys, synchronous, query_only
	}{
		{"Open", openFile(t), []int{1, 2, 0}},
		{"New", newWAL(t), []int{1, 2, 0}},
		{"New on a weak connection", mustNew(t, hostDB(t, weak)), []int{1, 2, 0}},
		{"New on a stronger one", mustNew(t, hostDB(t, filepath.Join(t.TempDir(), "x.db")+"?_synchronous=EXTRA")), []int{1, 3, 0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			must(t, c.s.Update(t.Context(), func(r store.Records) error {
				for i, pragma := range []string{"foreign_keys", "synchronous", "query_only"} {
					if got := pragmaOf(t, host(t, r), pragma); got != c.update[i] {
						t.Errorf("in an Update %s is %d, want %d", pragma, got, c.update[i])
					}
				}
				return nil
			}))
			must(t, c.s.View(t.Context(), func(r store.Records) error {
				if pragmaOf(t, host(t, r), "query_only") != 1 {
					t.Error("in a View query_only must be on")
				}
				if pragmaOf(t, host(t, r), "busy_timeout") != 5000 {
					t.Error("in a View busy_timeout must be that of the options")
				}
				return nil
			}))
		})
	}
}

// Every reader that Open makes is configured, not only the first.
func TestEveryReaderIsSetUp(t *testing.T) {
	s := openFile(t)
	var nest func(depth int) error
	nest = func(depth int) error {
		return s.View(t.Context(), func(r store.Records) error {
			tx := host(t, r)
			for pragma, want := range map[string]int{"foreign_keys": 1, "query_only": 1, "busy_timeout": 5000, "synchronous": 2} {
				if got := pragmaOf(t, tx, pragma); got != want {
					t.Errorf("reader %d has %s %d, want %d", depth, pragma, got, want)
				}
			}
			var mode string
			must(t, tx.QueryRowContext(t.Context(), "PRAGMA journal_mode").Scan(&mode))
			if mode != "wal" {
				t.Errorf("reader %d has journal mode %q", depth, mode)
			}
			if depth == 8 {
				return nil
			}
			return nest(depth + 1)
		})
	}
	must(t, nest(1))
}

func TestNewPutsSettingsBack(t *testing.T) {
	const dsn = "?_foreign_keys=0&_synchronous=NORMAL&_busy_timeout=7"
	errHost := errors.New("no")
	db := hostDB(t, filepath.Join(t.TempDir(), "host.db")+dsn)
	db.SetMaxOpenConns(1)
	s := mustNew(t, db)
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	for name, run := range map[string]func() error{
		"View":         func() error { return s.View(t.Context(), func(store.Records) error { return nil }) },
		"Update":       func() error { return s.Update(t.Context(), nextRevision) },
		"failed View":  func() error { return s.View(t.Context(), func(store.Records) error { return errHost }) },
		"failed f":     func() error { return s.Update(t.Context(), func(store.Records) error { return errHost }) },
		"ended before": func() error { return s.Update(ended, nextRevision) },
		"ended within": func() error {
			ctx, cancel := context.WithCancel(context.Background())
			return s.Update(ctx, func(r store.Records) error { cancel(); return nextRevision(r) })
		},
		"failed call": func() error {
			return s.Update(t.Context(), func(r store.Records) error { return r.PutMembership(store.Membership{}) })
		},
		"engine rolled back": func() error {
			return s.Update(t.Context(), func(r store.Records) error {
				_, err := host(t, r).ExecContext(t.Context(), "ROLLBACK")
				return err
			})
		},
		"panic": func() (err error) {
			defer func() { recover() }()
			return s.Update(t.Context(), func(store.Records) error { panic("no") })
		},
	} {
		t.Run(name, func(t *testing.T) {
			_ = run()
			for pragma, want := range map[string]int{"foreign_keys": 0, "synchronous": 1, "busy_timeout": 7, "query_only": 0} {
				if got := pragmaOf(t, db, pragma); got != want {
					t.Errorf("afterwards the host's connection has %s %d, want %d", pragma, got, want)
				}
			}
			if _, err := db.Exec("BEGIN; COMMIT"); err != nil {
				t.Error("the host's connection is in a transaction:", err)
			}
		})
	}
}

func TestNewRefusesMemoryOfManyConnections(t *testing.T) {
	_, err := sqlitestore.New(t.Context(), hostDB(t, ":memory:"), sqlitestore.Options{})
	if !errors.Is(err, store.ErrUnavailable) || !strings.Contains(err.Error(), "SetMaxOpenConns(1)") {
		t.Errorf("New = %v, want an error that says what to do", err)
	}
}

func TestNewLeavesDatabaseOpen(t *testing.T) {
	db := hostDB(t, filepath.Join(t.TempDir(), "host.db"))
	s := mustNew(t, db)
	must(t, s.Close())
	must(t, db.Ping())
	if err := s.View(t.Context(), func(store.Records) error { return nil }); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("View after Close = %v, want ErrUnavailable", err)
	}
}

func pragmaOf(t *testing.T, db interface {
	QueryRowContext(context.Context, string, ...any) *sql.Row
}, pragma string) (n int) {
	t.Helper()
	must(t, db.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&n))
	return n
}
