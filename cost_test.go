package rbac_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/uuid"
	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/store"
)

// sparing returns a hook that counts the calls that read a whole table.
func sparing(whole *int) func(name string, args []any) error {
	return func(name string, args []any) error {
		switch name {
		case "Permissions", "Groups", "Sections":
			*whole++
		case "Grants", "Inheritances":
			if args[0] == (store.GrantFilter{}) || args[0] == (store.InheritanceFilter{}) {
				*whole++
			}
		case "Separations":
			if args[0].(store.SeparationFilter).Groups == nil {
				*whole++
			}
		case "Users":
			if args[0].(store.UserFilter).Groups == nil {
				*whole++
			}
		}
		return nil
	}
}

// The cost of a change follows from the records that the change touches, not
// from the size of the store.
func TestChangesReadNoWholeTable(t *testing.T) {
	calls := map[string]func(*rbac.Tx) error{
		"AddUser": addUser(rbac.User{Name: "x", Email: "x@x", Subject: "x"}), "AddGroup": addGroup(rbac.Group{Name: "x"}),
		"ImportUser":    importUserOf(rbac.User{Name: "x", Email: "x@x", Subject: "x"}),
		"AddPermission": addPermission(rbac.Permission{Name: "x", Section: "posts"}), "DeleteUser": func(tx *rbac.Tx) error { return tx.DeleteUser("amy") },
		"ModifyUser":       func(tx *rbac.Tx) error { u, _ := tx.User("amy"); u.Disabled = true; return tx.ModifyUser(u) },
		"ModifyGroup":      func(tx *rbac.Tx) error { g, _ := tx.Group("staff"); g.Name = "x"; return tx.ModifyGroup(g) },
		"DeleteGroup":      func(tx *rbac.Tx) error { return tx.DeleteGroup("staff") },
		"DeletePermission": func(tx *rbac.Tx) error { return tx.DeletePermission("post.read") },
		"ModifyPermission": func(tx *rbac.Tx) error {
			p, _ := tx.Permission("post.read")
			p.Title = "x"
			return tx.ModifyPermission(p)
		},
		"AssignUser": assign("bob", "staff"), "DeassignUser": deassign("amy", "staff"),
		"GrantPermission": grant("empty", "post.read"), "RevokePermission": revoke("staff", "post.write"),
		"AddInheritance": inherit("empty", "staff"),
		"AddAscendant":   func(tx *rbac.Tx) error { _, err := tx.AddAscendant(rbac.Group{Name: "x"}, "staff"); return err },
		"CreateSSDSet":   ssd("x", 2, "staff", "empty"), "CreateDSDSet": dsd("x", 2, "staff", "empty"),
		"AddSSDSetMember":      func(tx *rbac.Tx) error { return tx.AddSSDSetMember("s", "staff") },
		"AddDSDSetMember":      func(tx *rbac.Tx) error { return tx.AddDSDSetMember("d", "staff") },
		"SetDSDSetCardinality": func(tx *rbac.Tx) error { return tx.SetDSDSetCardinality("d", 3) },
		"DeleteDSDSet":         func(tx *rbac.Tx) error { return tx.DeleteDSDSet("d") },
		"AssignUser with sets": assign("amy", "empty"), "AddInheritance with sets": inherit("staff", "empty"),
		"DeleteInheritance": func(tx *rbac.Tx) error {
			return tx.DeleteInheritance(rbac.Inheritance{Senior: "staff", Junior: "readers"})
		},
	}
	eachStore(t, func(t *testing.T, h *house) {
		first := h.open(rbac.Config{})
		world(t, h, first)
		h.groups(first, map[string][]string{"x1": nil, "x2": nil})
		h.do(first, both(ssd("s", 2, "empty", "x1"), dsd("d", 2, "empty", "x1", "x2")))
		h.issue(first, rbac.Login{User: "amy"})
		whole := 0
		h.store = whileUpdating(h.store, sparing(&whole))
		a := h.open(rbac.Config{Protected: []string{"post.read"}})
		whole = 0 // Open reads the policy
		for name, call := range calls {

			if err := a.Update(ctx, both(call, func(*rbac.Tx) error { return errTest })); err != errTest {
				t.Errorf("%s: %v", name, err)
			}
			if whole > 0 {
				t.Errorf("%s read %d whole tables", name, whole)
				whole = 0
			}
		}
	})
}

// A new set reads only the groups that inherit its members, not everything that
// those groups inherit. A group that inherits everything therefore does not
// make each set cost as much as the database is large.
func TestSetsReadOnlyWhatLeadsToThem(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		first := h.open(rbac.Config{})
		h.groups(first, map[string][]string{"top": nil, "a": nil, "b": nil})
		h.do(first, func(tx *rbac.Tx) error {
			for i := range 100 {
				if _, err := tx.AddDescendant(rbac.Group{Name: fmt.Sprint("g", i)}, "top"); err != nil {
					return err
				}
			}
			return errors.Join(inherit("top", "a")(tx), inherit("a", "g1")(tx), addUser(rbac.User{Name: "bob"})(tx), assign("bob", "b")(tx))
		})
		juniors := 0
		h.store = whileUpdating(h.store, func(name string, args []any) error {
			if name == "Inheritances" && args[0].(store.InheritanceFilter).Senior != uuid.Nil {
				juniors++
			}
			return nil
		})
		a := h.open(rbac.Config{})
		for name, call := range map[string]func(*rbac.Tx) error{"static": ssd("s", 2, "a", "b"), "dynamic": dsd("s", 2, "a", "b")} {
			juniors = 0
			h.do(a, call)
			if juniors > 10 {
				t.Errorf("a %s set of two groups read what %d groups inherit", name, juniors)
			}
		}
		h.do(a, func(tx *rbac.Tx) error { return tx.DeleteSSDSet("s") })
		h.do(a, assign("bob", "top"))
		separated(t, a, ssd("s", 2, "a", "b"), "bob → top → a, bob → b")
	})
}

// Permissions that bring their IDs along, as from an export, are added without
// reading all permissions each time.
func TestManyPermissionsWithIDs(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		whole := 0
		h.store = whileUpdating(h.store, sparing(&whole))
		a := h.open(rbac.Config{})
		whole = 0
		h.do(a, func(tx *rbac.Tx) error {
			for i := range 100 {
				if err := addPermission(rbac.Permission{ID: uuid.UUID{15: byte(i + 1)}, Name: fmt.Sprint("p", i)})(tx); err != nil {
					return err
				}
			}
			return nil
		})
		if whole > 1 {
			t.Errorf("100 permissions were added by reading all of them %d times; want 1", whole)
		}
		h.do(a, func(tx *rbac.Tx) error {
			taken := addPermission(rbac.Permission{ID: uuid.UUID{15: 200}, Name: "x"})(tx)
			again := addPermission(rbac.Permission{ID: uuid.UUID{15: 200}, Name: "y"})(tx)
			gone := tx.DeletePermission("x")
			free := addPermission(rbac.Permission{ID: uuid.UUID{15: 200}, Name: "y"})(tx)
			if taken != nil || !errors.Is(again, rbac.ErrExists) || gone != nil || free != nil {
				t.Errorf("an ID added, added again, deleted, added again: %v, %v, %v, %v", taken, again, gone, free)
			}
			return nil
		})
	})
}

// BenchmarkLoad makes users with five memberships each in one Update, in a
// store of 10,000 groups.
func BenchmarkLoad(b *testing.B) {
	const users = 1000
	for _, s := range stores {
		b.Run(s.name, func(b *testing.B) {
			h := newHouse(b, s.open(b))
			a := h.open(rbac.Config{})
			h.do(a, func(tx *rbac.Tx) error {
				for i := range 10_000 {
					if err := addGroup(rbac.Group{Name: fmt.Sprint("g", i)})(tx); err != nil {
						return err
					}
				}
				return nil
			})
			for n := 0; b.Loop(); n++ {
				h.do(a, func(tx *rbac.Tx) error {
					for i := range users {
						name := fmt.Sprintf("user%d-%d", n, i)
						if err := addUser(rbac.User{Name: name})(tx); err != nil {
							return err
						}
						for j := range 5 {
							if err := assign(name, fmt.Sprint("g", (i*7+j*13)%10_000))(tx); err != nil {
								return err
							}
						}
					}
					return nil
				})
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/(6*users), "µs/change")
		})
	}
}

// An Update locks head first, and then each user whose login must not overtake
// the change.
func TestChangesOfAUserLockThem(t *testing.T) {
	calls := map[string]func(*rbac.Tx) error{
		"AssignUser": assign("amy", "empty"), "DeassignUser": deassign("amy", "staff"),
		"ModifyMembership": func(tx *rbac.Tx) error {
			return tx.ModifyMembership(rbac.Membership{User: "amy", Group: "staff", Until: far})
		},
		"ModifyUser":      func(tx *rbac.Tx) error { u, _ := tx.User("amy"); u.Disabled = true; return tx.ModifyUser(u) },
		"DeleteUser":      func(tx *rbac.Tx) error { return tx.DeleteUser("amy") },
		"SetPasswordHash": func(tx *rbac.Tx) error { return tx.SetPasswordHash("amy", someHash) },
	}
	eachStore(t, func(t *testing.T, h *house) {
		first := h.open(rbac.Config{})
		world(t, h, first)
		users := map[uuid.UUID]string{}
		h.do(first, func(tx *rbac.Tx) error {
			for u, err := range tx.Users(rbac.UserQuery{}) {
				must(t, err)
				users[u.ID] = u.Name
			}
			return nil
		})
		var locked []string
		h.store = whileUpdating(h.store, func(name string, args []any) error {
			switch {
			case name == "Head" && args[0] == store.ExclusiveLock:
				locked = append(locked, "head")
			case name == "LockUser":
				locked = append(locked, users[args[0].(uuid.UUID)])
			}
			return nil
		})
		a := h.open(rbac.Config{})
		for name, call := range calls {
			locked = nil
			if err := a.Update(ctx, both(call, func(*rbac.Tx) error { return errTest })); err != errTest {
				t.Errorf("%s: %v", name, err)
			}
			if !slices.Equal(locked, []string{"head", "amy"}) {
				t.Errorf("%s locked %q; want head and amy", name, locked)
			}
		}
	})
}
