package sqlitestore_test

import (
	"context"
	"errors"
	"iter"
	"slices"
	"testing"

	"github.com/google/uuid"
	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/store"
	memorystore "github.com/rbac-go/rbac/store_memory"
	sqlitestore "github.com/rbac-go/rbac/store_sqlite"
)

// The host's own statements and the changes of an Update are committed together
// or not at all.
func TestTx(t *testing.T) {
	a, err := rbac.Open(t.Context(), openFile(t), rbac.Config{})
	must(t, err)
	defer a.Close()
	ctx := rbac.WithActor(t.Context(), "test")
	run := func(end error) error {
		return a.Update(ctx, func(tx *rbac.Tx) error {
			db, ok := sqlitestore.Tx(tx)
			if !ok {
				t.Fatal("the Authority is on a store of this package")
			}
			u, err := tx.AddUser(rbac.User{Name: "amy"})
			must(t, err)
			_, err = db.ExecContext(ctx, "CREATE TABLE people (rbac_id TEXT REFERENCES rbac_users (id))")
			must(t, err)
			_, err = db.ExecContext(ctx, "INSERT INTO people (rbac_id) VALUES (?)", u.ID)
			must(t, err)
			return end
		})
	}
	if errNo := errors.New("no"); !errors.Is(run(errNo), errNo) {
		t.Error("an error of f must come back")
	}
	must(t, run(nil)) // AddUser and CREATE TABLE fail if the user or the table still exists
	must(t, a.View(ctx, func(tx *rbac.Tx) error {
		db, _ := sqlitestore.Tx(tx)
		var name string
		must(t, db.QueryRowContext(ctx, "SELECT u.name FROM people p JOIN rbac_users u ON u.id = p.rbac_id").Scan(&name))
		if name != "amy" {
			t.Errorf("the host finds %q by id, want amy", name)
		}
		return nil
	}))
}

// Writes of the host inside an Update take effect at once, even if the Update
// has just read or written the same record.
func TestHostStatementsAreSeenAtOnce(t *testing.T) {
	a, err := rbac.Open(t.Context(), openFile(t), rbac.Config{})
	must(t, err)
	defer a.Close()
	must(t, a.Update(t.Context(), func(tx *rbac.Tx) error {
		_, err := tx.AddUser(rbac.User{Name: "amy"})
		must(t, err)
		_, err = tx.AddGroup(rbac.Group{Name: "staff"})
		must(t, err)
		must(t, tx.AssignUser(rbac.Membership{User: "amy", Group: "staff"}))
		db, _ := sqlitestore.Tx(tx)
		for _, query := range []string{"DELETE FROM rbac_memberships", "UPDATE rbac_users SET name = 'ann'", "UPDATE rbac_groups SET name = 'crew'"} {
			_, err := db.ExecContext(t.Context(), query)
			must(t, err)
		}
		if err := tx.AssignUser(rbac.Membership{User: "amy", Group: "crew"}); !errors.Is(err, rbac.ErrNotFound) {
			t.Errorf("amy, whom the host has renamed: %v", err)
		}
		if err := tx.AssignUser(rbac.Membership{User: "ann", Group: "staff"}); !errors.Is(err, rbac.ErrNotFound) {
			t.Errorf("staff, which the host has renamed: %v", err)
		}
		// ErrExists if the membership still exists
		return tx.AssignUser(rbac.Membership{User: "ann", Group: "crew"})
	}))
}

// Listings end, and list each user once, even if a host has renamed users by
// SQL and not in the memberships.
func TestHostRenamesUsers(t *testing.T) {
	a, err := rbac.Open(t.Context(), openFile(t), rbac.Config{})
	must(t, err)
	defer a.Close()
	must(t, a.Update(t.Context(), func(tx *rbac.Tx) error {
		_, err := tx.AddGroup(rbac.Group{Name: "staff"})
		must(t, err)
		for _, name := range []string{"a", "b", "c", "d"} {
			_, err := tx.AddUser(rbac.User{Name: name})
			must(t, err)
			must(t, tx.AssignUser(rbac.Membership{User: name, Group: "staff"}))
		}
		db, _ := sqlitestore.Tx(tx)
		for _, query := range []string{"UPDATE rbac_users SET name = 'a2' WHERE name = 'd'", "UPDATE rbac_users SET name = 'e' WHERE name = 'a'"} {
			_, err := db.ExecContext(t.Context(), query)
			must(t, err)
		}
		for limit := 1; limit < 5; limit++ {
			var listed []string
			for q := (rbac.UserQuery{Group: "staff", Limit: limit}); len(listed) <= 4; {
				n := len(listed)
				for u, err := range tx.Users(q) {
					must(t, err)
					listed, q.After = append(listed, u.Name), u.Name
				}
				if len(listed) == n {
					break
				}
			}
			if slices.Sort(listed); len(slices.Compact(listed)) != len(listed) || len(listed) > 4 {
				t.Errorf("in pages of %d: %q", limit, listed)
			}
		}
		return nil
	}))
}

func TestTxOfOtherStore(t *testing.T) {
	a, err := rbac.Open(t.Context(), memorystore.New(), rbac.Config{})
	must(t, err)
	defer a.Close()
	must(t, a.View(t.Context(), func(tx *rbac.Tx) error {
		if db, ok := sqlitestore.Tx(tx); ok || db != nil {
			t.Error("another store has no transaction of SQLite to give")
		}
		return nil
	}))
}

// Buffered entries of a listing are not returned after the transaction.
func TestListingEndsWithTransaction(t *testing.T) {
	s := openFile(t)
	must(t, s.Update(t.Context(), func(r store.Records) error {
		return errors.Join(r.AddChange(store.Change{Revision: 1}), r.AddChange(store.Change{Revision: 2}))
	}))
	var next func() (store.Change, error, bool)
	var stop func()
	must(t, s.View(t.Context(), func(r store.Records) error {
		next, stop = iter.Pull2(r.Changes(store.ChangeFilter{}))
		_, err, _ := next()
		return err
	}))
	defer stop()
	if c, err, _ := next(); !errors.Is(err, rbac.ErrTxDone) {
		t.Errorf("after the transaction the listing gives %+v, %v, want ErrTxDone", c, err)
	}
}

// A ticket that is narrowed to no groups must differ from a ticket that is not
// narrowed.
func TestTicketNarrowedToNothing(t *testing.T) {
	s := openFile(t)
	user, ticket := uuid.New(), uuid.New()
	must(t, s.Update(context.Background(), func(r store.Records) error {
		return errors.Join(
			r.AddUser(store.UserRecord{User: store.User{ID: user, Name: "amy"}}),
			r.AddTicket(store.Ticket{ID: ticket, User: user, Narrowed: true}),
		)
	}))
	must(t, s.View(context.Background(), func(r store.Records) error {
		one, err := r.Ticket(store.TicketKey{ID: ticket})
		must(t, err)
		list, err := r.UserTickets(user)
		must(t, err)
		if one.Groups == nil || list[0].Groups == nil {
			t.Error("its Groups must be empty and not nil")
		}
		return nil
	}))
}
