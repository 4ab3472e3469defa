package postgresstore_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/internal/postgrestest"
	"github.com/rbac-go/rbac/store"
	memorystore "github.com/rbac-go/rbac/store_memory"
	postgresstore "github.com/rbac-go/rbac/store_postgres"
)

// openWithNotes returns a store with an additional table of the host.
func openWithNotes(t *testing.T) *postgresstore.Store {
	dsn := postgrestest.InSchema(t)
	postgrestest.Exec(t, dsn, "CREATE TABLE notes (id BIGINT GENERATED ALWAYS AS IDENTITY, text TEXT NOT NULL UNIQUE)")
	return mustOpen(t, dsn, postgresstore.Options{})
}

func host(t *testing.T, r store.Records) pgx.Tx {
	t.Helper()
	tx, ok := postgresstore.HostTx(r)
	if !ok {
		t.Fatal("the store must give its transaction away")
	}
	return tx
}

func note(t *testing.T, r store.Records, text string) error {
	_, err := host(t, r).Exec(t.Context(), "INSERT INTO notes (text) VALUES ($1)", text)
	return err
}

func nextRevision(r store.Records) error {
	h, err := r.Head(store.ExclusiveLock)
	if err != nil {
		return err
	}
	h.Revision++
	return r.SetHead(h)
}

// state returns the number of notes and the revision.
func state(t *testing.T, s *postgresstore.Store) (notes int, revision rbac.Revision) {
	t.Helper()
	must(t, s.View(t.Context(), func(r store.Records) error {
		h, err := r.Head(store.NoLock)
		if err != nil {
			return err
		}
		revision = h.Revision
		return host(t, r).QueryRow(t.Context(), "SELECT count(*) FROM notes").Scan(&notes)
	}))
	return notes, revision
}

func TestHostStatements(t *testing.T) {
	t.Parallel()
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
			ignore(nextRevision(r))
			ignore(note(t, r, "a"))
			ignore(note(t, r, "a"))
			return nil
		}, true, "statement of the host's failed"},
		{"failed statement before ours", "nothing of the store's is written after it, either", func(t *testing.T, r store.Records) error {
			ignore(note(t, r, "a"))
			_, err := host(t, r).Query(t.Context(), "SELECT * FROM nowhere")
			ignore(err)
			return nextRevision(r)
		}, true, "statement of the host's failed"},
		{"savepoint", "a failure between a savepoint and its end is none", func(t *testing.T, r store.Records) error {
			inner, err := host(t, r).Begin(t.Context())
			if err != nil {
				return err
			}
			if _, err := inner.Exec(t.Context(), "SELECT * FROM nowhere"); err == nil {
				t.Error("the statement must fail")
			}
			return errors.Join(inner.Rollback(t.Context()), note(t, r, "a"), nextRevision(r))
		}, false, ""},
		{"commit by the host", "Commit is refused, and ends nothing", func(t *testing.T, r store.Records) error {
			if host(t, r).Commit(t.Context()) == nil || host(t, r).Rollback(t.Context()) == nil {
				t.Error("Commit or Rollback was not refused")
			}
			return errors.Join(note(t, r, "a"), nextRevision(r))
		}, false, ""},
		{"commit by a statement", "after a COMMIT of the host's nothing more is committed", func(t *testing.T, r store.Records) error {
			_, err := host(t, r).Exec(t.Context(), "ROLLBACK")
			ignore(err)
			ignore(nextRevision(r))
			return nil
		}, true, "ended the transaction"},
		{"commit past Commit", "nor after one on the connection below", func(t *testing.T, r store.Records) error {
			_, err := host(t, r).Conn().Exec(t.Context(), "ROLLBACK")
			ignore(err)
			ignore(nextRevision(r))
			return nil
		}, true, "ended the transaction"},
		{"rows left open", "rows that the host forgot are in the way of all else, and nothing is half done", func(t *testing.T, r store.Records) error {
			ignore(nextRevision(r))
			_, err := host(t, r).Query(t.Context(), "SELECT generate_series(1, 1000000)")
			ignore(err)
			return nil
		}, true, "conn busy"},
		{"prepared for two phases", "a transaction that the host puts aside is not taken for committed", func(t *testing.T, r store.Records) error {
			ignore(nextRevision(r))
			_, err := host(t, r).Exec(t.Context(), "PREPARE TRANSACTION 'aside'")
			ignore(err)
			return nil
		}, true, ""},
		{"many rows", "COPY and batches are in the transaction, too", func(t *testing.T, r store.Records) error {
			_, err := host(t, r).CopyFrom(t.Context(), pgx.Identifier{"notes"}, []string{"text"}, pgx.CopyFromRows([][]any{{"a"}, {"b"}}))
			batch := &pgx.Batch{}
			batch.Queue("DELETE FROM notes WHERE text = 'b'")
			batch.Queue("LISTEN notes")
			batch.Queue("NOTIFY notes")
			return errors.Join(err, host(t, r).SendBatch(t.Context(), batch).Close(), nextRevision(r))
		}, false, ""},
		{"failed call of ours", "after a failed call of the store's the host's statements fail, too", func(t *testing.T, r store.Records) error {
			ignore(r.PutMembership(store.Membership{}))
			var n int
			if host(t, r).QueryRow(t.Context(), "SELECT 1").Scan(&n) == nil || note(t, r, "a") == nil {
				t.Error("a statement was run in a doomed transaction")
			}
			return nil
		}, true, "PutMembership"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := openWithNotes(t)
			err := s.Update(t.Context(), func(r store.Records) error { return c.f(t, r) })
			if (err != nil) != c.fails || err != nil && !strings.Contains(err.Error(), c.says) {
				t.Fatalf("%s: Update = %v, want an error %t that says %q", c.rule, err, c.fails, c.says)
			}
			notes, revision := state(t, s)
			if want := map[bool]int{true: 0, false: 1}[c.fails]; notes != want || int(revision) != want {
				t.Errorf("%s: %d notes at revision %d, want %d and %d", c.rule, notes, revision, want, want)
			}
		})
	}
}

func TestHostStatementsEndWithTransaction(t *testing.T) {
	s := openWithNotes(t)
	for name, transact := range map[string]func(func(store.Records) error) error{
		"View":   func(f func(store.Records) error) error { return s.View(t.Context(), f) },
		"Update": func(f func(store.Records) error) error { return s.Update(t.Context(), f) },
	} {
		var tx pgx.Tx
		must(t, transact(func(r store.Records) error {
			tx = host(t, r)
			return nil
		}))
		_, err1 := tx.Exec(t.Context(), "INSERT INTO notes (text) VALUES ('late')")
		_, err2 := tx.Query(t.Context(), "SELECT 1")
		var n int
		err3 := tx.QueryRow(t.Context(), "SELECT 1").Scan(&n)
		_, err4 := tx.Begin(t.Context())
		_, err5 := tx.CopyFrom(t.Context(), pgx.Identifier{"notes"}, []string{"text"}, pgx.CopyFromRows([][]any{{"late"}}))
		err6 := tx.SendBatch(t.Context(), &pgx.Batch{}).Close()
		for i, err := range []error{err1, err2, err3, err4, err5, err6} {
			if err == nil {
				t.Errorf("after the %s call %d of the host's works", name, i)
			}
		}
	}
	if notes, _ := state(t, s); notes != 0 {
		t.Errorf("%d notes were written after the transaction", notes)
	}
}

func TestHostOnlyReadsInView(t *testing.T) {
	s := openWithNotes(t)
	must(t, s.View(t.Context(), func(r store.Records) error {
		if note(t, r, "a") == nil {
			t.Error("the host wrote in a View")
		}
		return nil
	}))
	if notes, _ := state(t, s); notes != 0 {
		t.Errorf("%d notes were written in a View", notes)
	}
}

// An order and its owner's grant are committed together, and the caches are
// updated.
func TestTx(t *testing.T) {
	s := openWithNotes(t)
	a, err := rbac.Open(t.Context(), s, rbac.Config{})
	must(t, err)
	defer a.Close()
	ctx := rbac.WithActor(t.Context(), "test")
	must(t, a.Update(ctx, func(tx *rbac.Tx) error {
		_, err1 := tx.AddGroup(rbac.Group{Name: "owners"})
		_, err2 := tx.AddPermission(rbac.Permission{Name: "order.edit"})
		_, err3 := tx.AddUser(rbac.User{Name: "amy"})
		return errors.Join(err1, err2, err3, tx.GrantPermission(rbac.Grant{Group: "owners", Permission: "order.edit"}))
	}))
	order := func(end error) error {
		return a.Update(ctx, func(tx *rbac.Tx) error {
			db, ok := postgresstore.Tx(tx)
			if !ok {
				t.Fatal("the Authority is on a store of this package")
			}
			if _, err := db.Exec(ctx, "INSERT INTO notes (text) VALUES ('order 7')"); err != nil {
				return err
			}
			return errors.Join(tx.AssignUser(rbac.Membership{User: "amy", Group: "owners", Scope: "order:7"}), end)
		})
	}
	mayEdit := func() bool {
		id, err := a.Identity(ctx, "amy")
		must(t, err)
		return id.In("order:7").HasPermission("order.edit")
	}
	if errNo := errors.New("no"); !errors.Is(order(errNo), errNo) || mayEdit() {
		t.Error("an Update that failed left a membership behind")
	}
	must(t, order(nil))
	if notes, _ := state(t, s); notes != 1 || !mayEdit() {
		t.Errorf("%d orders, and their owner may edit: %t; want 1 and true", notes, mayEdit())
	}
}

func TestTxOfOtherStore(t *testing.T) {
	a, err := rbac.Open(t.Context(), memorystore.New(), rbac.Config{})
	must(t, err)
	defer a.Close()
	must(t, a.View(t.Context(), func(tx *rbac.Tx) error {
		if db, ok := postgresstore.Tx(tx); ok || db != nil {
			t.Error("another store has no transaction of PostgreSQL to give")
		}
		return nil
	}))
}
