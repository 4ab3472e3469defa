package rbac_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

// An Update that asks for many groups gets groups from memory, each with the
// Update's own changes.
func TestGroupsOfAnUpdateThatAsksForMany(t *testing.T) {
	a, err := rbac.Open(ctx, memorystore.New(), rbac.Config{})
	must(t, err)
	t.Cleanup(func() { must(t, a.Close()) })
	const groups = 100
	name := func(i int) string { return fmt.Sprint("group", i) }
	must(t, a.Update(ctx, func(tx *rbac.Tx) error {
		_, err := tx.AddUser(rbac.User{Name: "bob"})
		for i := range groups {
			_, err2 := tx.AddGroup(rbac.Group{Name: name(i)})
			err = errors.Join(err, err2)
		}
		return err
	}))
	assign := func(tx *rbac.Tx, group string) error {
		return tx.AssignUser(rbac.Membership{User: "bob", Group: group})
	}
	must(t, a.Update(ctx, func(tx *rbac.Tx) error {
		askMany := func() {
			for i := range groups - 2 {
				must(t, second(tx.Group(name(i))))
			}
		}
		askMany()
		renamed, err := tx.Group(name(groups - 2))
		must(t, err)
		renamed.Name = "renamed"
		must(t, tx.ModifyGroup(renamed))
		askMany()
		if err := assign(tx, name(groups-2)); !errors.Is(err, rbac.ErrNotFound) {
			t.Errorf("a group by the name it had: %v", err)
		}
		must(t, assign(tx, "renamed"))
		must(t, tx.DeleteGroup(name(groups-1)))
		askMany()
		if err := assign(tx, name(groups-1)); !errors.Is(err, rbac.ErrNotFound) {
			t.Errorf("a group that was deleted: %v", err)
		}
		again, err := tx.AddGroup(rbac.Group{ID: uuid.UUID{1}, Name: name(groups - 1)})
		must(t, err)
		askMany()
		must(t, assign(tx, again.Name))
		g, err := tx.Group(again.Name)
		if err != nil || g.ID != again.ID {
			t.Errorf("a group that was deleted and added again is %v, %v", g.ID, err)
		}
		return nil
	}))
}
