package rbac_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"unsafe"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/internal/storefault"
	"github.com/rbac-go/rbac/store"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

// bared Records expose the transaction, as the Records of a database do.
type bared struct{ store.Records }

func (r bared) Unwrap() any { return r.Records }

// exposing is a store with bared Records in its Updates.
type exposing struct{ rbac.Store }

func (s exposing) Update(ctx context.Context, f func(store.Records) error) error {
	return s.Store.Update(ctx, func(r store.Records) error { return f(bared{r}) })
}

// After Unwrap the store is asked again: a program with the store's own
// transaction may have changed any table.
func TestAfterUnwrapTheStoreIsAsked(t *testing.T) {
	h := newHouse(t, memorystore.New())
	h.store = exposing{h.store}
	a := h.open(rbac.Config{})
	h.do(a, func(tx *rbac.Tx) error {
		u, err := tx.AddUser(rbac.User{Name: "amy"})
		must(t, err)
		g, err := tx.AddGroup(rbac.Group{Name: "staff"})
		must(t, err)
		must(t, second(tx.Group("staff")))
		r := tx.Unwrap().(store.Records)
		must(t, r.PutMembership(store.Membership{User: u.ID, Group: g.ID}))
		u.Name, g.Name = "ann", "crew"
		must(t, r.SetUser(store.UserRecord{User: store.User(u)}))
		must(t, r.PutGroup(store.Group(g)))
		_, noUser := tx.User("amy")
		_, noGroup := tx.Group("staff")
		again := tx.AssignUser(rbac.Membership{User: "ann", Group: "crew"})
		if !errors.Is(noUser, rbac.ErrNotFound) || !errors.Is(noGroup, rbac.ErrNotFound) || !errors.Is(again, rbac.ErrExists) {
			t.Errorf("the host renamed amy and staff, and assigned one to the other: %v, %v, %v", noUser, noGroup, again)
		}
		return nil
	})
}

// An Update that the store runs again remembers nothing of the attempt that was
// rolled back.
func TestAnotherAttemptBeginsAnew(t *testing.T) {
	h := newHouse(t, memorystore.New())
	rolledBack := false // the first attempt of each Update
	h.store = hooked(h.store, storefault.Hooks{
		Update: func(_ context.Context, run func() error) error {
			rolledBack = false
			if err := run(); !errors.Is(err, errTest) {
				return err
			}
			return run()
		},
		Call: func(c storefault.Call) error {
			if c.Name != "Commit" || rolledBack {
				return nil
			}
			rolledBack = true
			return errTest
		},
	})
	a := h.open(rbac.Config{})
	attempts := 0
	h.do(a, func(tx *rbac.Tx) error {
		attempts++
		if _, err := tx.User("amy"); !errors.Is(err, rbac.ErrNotFound) {
			t.Errorf("attempt %d: amy is there already: %v", attempts, err)
		}
		return all(addUser(rbac.User{Name: "amy"}), addGroup(rbac.Group{Name: "staff"}), assign("amy", "staff"))(tx)
	})
	if attempts != 2 {
		t.Errorf("there were %d attempts, want 2", attempts)
	}
}

// An Update whose context ended answers nothing, not even from memory.
func TestUpdateWhoseContextEndedTellsNothing(t *testing.T) {
	h := newHouse(t, memorystore.New())
	a := h.open(rbac.Config{})
	under, cancel := context.WithCancel(ctx)
	err := a.Update(under, func(tx *rbac.Tx) error {
		must(t, all(addUser(rbac.User{Name: "amy"}), addGroup(rbac.Group{Name: "staff"}))(tx))
		must(t, second(tx.Group("staff")))
		cancel()
		for name, err := range map[string]error{"user": second(tx.User("amy")), "group": second(tx.Group("staff"))} {
			if !errors.Is(err, rbac.ErrUnavailable) || !errors.Is(err, context.Canceled) {
				t.Errorf("the %s is told: %v", name, err)
			}
		}
		return nil
	})
	if !errors.Is(err, rbac.ErrUnavailable) {
		t.Errorf("the Update ends with %v", err)
	}
}

// The host may overwrite the bytes of a name once the call is answered.
func TestUpdateKeepsItsOwnTexts(t *testing.T) {
	a := newHouse(t, memorystore.New()).open(rbac.Config{})
	must(t, a.Update(ctx, func(tx *rbac.Tx) error {
		must(t, addGroup(rbac.Group{Name: "staff"})(tx))
		buffer := []byte("amy")
		text := unsafe.String(&buffer[0], len(buffer))
		must(t, second(tx.AddUser(rbac.User{Name: text, DisplayName: text})))
		must(t, tx.AssignUser(rbac.Membership{User: text, Group: "staff", Scope: text}))
		copy(buffer, "bob")
		u, err := tx.User("amy")
		if err != nil || u.Name != "amy" || u.DisplayName != "amy" {
			t.Errorf("amy is %q, %q, %v", u.Name, u.DisplayName, err)
		}
		if err := tx.AssignUser(rbac.Membership{User: "amy", Group: "staff", Scope: "amy"}); !errors.Is(err, rbac.ErrExists) {
			t.Errorf("amy is assigned twice: %v", err)
		}
		if _, err := tx.User("bob"); !errors.Is(err, rbac.ErrNotFound) {
			t.Errorf("bob is there: %v", err)
		}
		return assign("amy", "staff")(tx)
	}))
	for _, c := range changesSince(t, a, 0)[3:] {
		if c.Action != "AssignUser" || c.Subject != "amy" {
			t.Errorf("the log has %s of %s, want AssignUser of amy", c.Action, c.Subject)
		}
	}
}

// For a user with five memberships an Update reads whether the name is free,
// and writes. The number of reads of the policy does not grow with the users.
func TestLoadAsksLittle(t *testing.T) {
	s := newFaulty(memorystore.New())
	h := newHouse(t, s)
	a := h.open(rbac.Config{})
	h.do(a, func(tx *rbac.Tx) error {
		for i := range 5 {
			must(t, addGroup(rbac.Group{Name: fmt.Sprint("g", i)})(tx))
		}
		return nil
	})
	const users = 1000
	h.do(a, func(tx *rbac.Tx) error {
		s.calls.Store(0)
		for i := range users {
			name := fmt.Sprint("user", i)
			must(t, addUser(rbac.User{Name: name})(tx))
			for j := range 5 {
				must(t, assign(name, fmt.Sprint("g", j))(tx))
			}
		}
		if n, most := s.calls.Load(), int64(users*13+200); n > most {
			t.Errorf("%d users with 5 memberships each took %d calls of the store, want at most %d", users, n, most)
		}
		return nil
	})
}
