package rbac_test

import (
	"fmt"
	"testing"

	"github.com/rbac-go/rbac"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

// BenchmarkSeparation measures administration, whose cost follows the records
// that a call touches: the same calls run in a store with a hundred times as
// many groups, sets and users.
func BenchmarkSeparation(b *testing.B) {
	for _, groups := range []int{100, 10_000} {
		a := separationWorld(b, groups)
		for name, call := range map[string]struct{ do, undo func(*rbac.Tx) error }{
			"AssignUser": {assign("bob", "g1"), deassign("bob", "g1")},
			"AddInheritance": {inherit("g50", "g11"), func(tx *rbac.Tx) error {
				return tx.DeleteInheritance(rbac.Inheritance{Senior: "g50", Junior: "g11"})
			}},
			"CreateSSDSet": {ssd("new", 2, "g1", "g31", "g61"), func(tx *rbac.Tx) error { return tx.DeleteSSDSet("new") }},
			"CreateDSDSet": {dsd("new", 2, "g1", "g31", "g61"), func(tx *rbac.Tx) error { return tx.DeleteDSDSet("new") }},
		} {
			b.Run(fmt.Sprintf("%s/groups=%d", name, groups), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					must(b, a.Update(ctx, both(call.do, call.undo)))
				}
			})
		}
	}
}

// separationWorld has chains of ten groups, each inheriting the next, a set of
// every kind for each ten groups, and a user for each group.
func separationWorld(b *testing.B, groups int) *rbac.Authority {
	b.Helper()
	a, err := rbac.Open(ctx, memorystore.New(), rbac.Config{Argon2id: cheap, Protected: []string{"p"}})
	must(b, err)
	b.Cleanup(func() { a.Close() })
	g := func(i int) string { return fmt.Sprint("g", i%groups) }
	must(b, a.Update(ctx, func(tx *rbac.Tx) error {
		for i := range groups {
			if err := all(addGroup(rbac.Group{Name: g(i)}), addUser(rbac.User{Name: fmt.Sprint("u", i)}))(tx); err != nil {
				return err
			}
		}
		for i := range groups {
			if err := assign(fmt.Sprint("u", i), g(i))(tx); err != nil {
				return err
			}
			if i%10 != 9 {
				if err := inherit(g(i), g(i+1))(tx); err != nil {
					return err
				}
			}
			if i%10 == 0 {
				set := all(ssd(g(i), 2, g(i+5), g(i+25), g(i+55)), dsd(g(i), 2, g(i+6), g(i+26), g(i+56)))
				if err := set(tx); err != nil {
					return err
				}
			}
		}
		return addUser(rbac.User{Name: "bob"})(tx)
	}))
	return a
}
