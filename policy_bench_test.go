package rbac_test

import (
	"fmt"
	"testing"

	"github.com/rbac-go/rbac"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

// BenchmarkChange measures the change of one right and the check that shows the
// change, in stores of different sizes.
func BenchmarkChange(b *testing.B) {
	for _, groups := range []int{100, 10_000} {
		h := newHouse(b, memorystore.New())
		h.realTime = true
		a := h.open(rbac.Config{})
		must(b, a.Update(ctx, func(tx *rbac.Tx) error {
			for g := range groups {
				must(b, addGroup(rbac.Group{Name: fmt.Sprintf("group-%d", g)})(tx))
				for p := range 5 {
					must(b, addPermission(rbac.Permission{Name: fmt.Sprintf("thing-%d.do-%d", g, p)})(tx))
				}
			}
			for g := range groups {
				for p := range 20 {
					must(b, grant(fmt.Sprintf("group-%d", g), fmt.Sprintf("thing-%d.do-%d", (g+p*7)%groups, p%5))(tx))
				}
			}
			_, err := tx.AddUser(rbac.User{Name: "amy"})
			return err
		}))
		must(b, a.Update(ctx, assign("amy", "group-1")))
		has := rbac.HasPermission("thing-2.do-0")
		for _, c := range []struct {
			name     string
			do, undo func(*rbac.Tx) error
		}{
			{"grant", grant("group-1", "thing-2.do-0"), revoke("group-1", "thing-2.do-0")},
			{"membership", assign("amy", "group-2"), func(tx *rbac.Tx) error { return tx.DeassignUser(rbac.Membership{User: "amy", Group: "group-2"}) }},
			{"inheritance", inherit("group-1", "group-2"), func(tx *rbac.Tx) error {
				return tx.DeleteInheritance(rbac.Inheritance{Senior: "group-1", Junior: "group-2"})
			}},
		} {
			b.Run(fmt.Sprintf("%s/groups=%d", c.name, groups), func(b *testing.B) {
				b.ReportAllocs()
				for i := range b.N {
					step, want := c.do, true
					if i%2 == 1 {
						step, want = c.undo, false
					}
					must(b, a.Update(ctx, step))
					if id, err := a.Identity(ctx, "amy"); err != nil || rbac.Met(id, has) != want {
						b.Fatalf("%v, %v; want met %v", id, err, want)
					}
				}
				if b.N%2 == 1 {
					must(b, a.Update(ctx, c.undo))
				}
			})
		}
	}
}
