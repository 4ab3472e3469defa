package rbac_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
)

// admins makes amy the only holder of "manage", through root, which inherits
// admins.
func admins(t *testing.T, h *house) *rbac.Authority {
	t.Helper()
	a := h.open(rbac.Config{Protected: []string{"manage"}})
	h.groups(a, map[string][]string{"admins": {"manage"}, "root": nil, "others": nil})
	h.do(a, inherit("root", "admins"))
	h.user(a, "amy", "", "root")
	h.user(a, "bob", "")
	return a
}

// The last holder of a protected permission is not lost, by any path.
func TestLastHolderIsProtected(t *testing.T) {
	paths := map[string]func(*rbac.Tx) error{
		"delete the user":    func(tx *rbac.Tx) error { return tx.DeleteUser("amy") },
		"disable the user":   func(tx *rbac.Tx) error { u, _ := tx.User("amy"); u.Disabled = true; return tx.ModifyUser(u) },
		"end the membership": deassign("amy", "root"),
		"give it an end": func(tx *rbac.Tx) error {
			return tx.ModifyMembership(rbac.Membership{User: "amy", Group: "root", Until: far})
		},
		"delete their group": func(tx *rbac.Tx) error { return tx.DeleteGroup("root") },
		"delete the granted": func(tx *rbac.Tx) error { return tx.DeleteGroup("admins") },
		"end the inheritance": func(tx *rbac.Tx) error {
			return tx.DeleteInheritance(rbac.Inheritance{Senior: "root", Junior: "admins"})
		},
		"revoke the grant": revoke("admins", "manage"),
		"delete it":        func(tx *rbac.Tx) error { return tx.DeletePermission("manage") },
		"leave one with end": both(deassign("amy", "root"), func(tx *rbac.Tx) error {
			return tx.AssignUser(rbac.Membership{User: "bob", Group: "admins", Until: far})
		}),
		"leave one in a scope": both(deassign("amy", "root"), func(tx *rbac.Tx) error {
			return tx.AssignUser(rbac.Membership{User: "bob", Group: "admins", Scope: "org:1"})
		}),
		"leave a disabled one": both(addUser(rbac.User{Name: "cy", Disabled: true}), both(assign("cy", "admins"), deassign("amy", "root"))),
		"in two steps":         both(assign("bob", "admins"), both(deassign("amy", "root"), deassign("bob", "admins"))),
	}
	localStores(t, func(t *testing.T, h *house) {
		a := admins(t, h)
		before := dump(t, a)
		for name, path := range paths {
			err := a.Update(ctx, path)
			var e *rbac.Error
			if !errors.Is(err, rbac.ErrProtected) || !errors.As(err, &e) || e.Name != "manage" {
				t.Errorf("%s: %v; want ErrProtected naming manage", name, err)
			}
			if after := dump(t, a); after != before {
				t.Fatalf("%s: was refused and changed something", name)
			}
		}
	})
}

var far = time.Date(2040, 1, 1, 0, 0, 0, 0, time.UTC)

func both(f, g func(*rbac.Tx) error) func(*rbac.Tx) error {
	return func(tx *rbac.Tx) error {
		if err := f(tx); err != nil {
			return err
		}
		return g(tx)
	}
}

// A change that leaves a holder is allowed: one Update may replace the last
// holder.
func TestHolderCanBeReplaced(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := admins(t, h)
		h.do(a, both(deassign("amy", "root"), assign("bob", "admins")))
		h.do(a, both(func(tx *rbac.Tx) error { return tx.DeleteUser("amy") }, assign("bob", "root")))
		h.do(a, both(revoke("admins", "manage"), grant("root", "manage")))
	})
}

// A permission without a holder is not protected yet: otherwise a new store
// could not be set up.
func TestUnheldPermissionIsNotProtected(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.open(rbac.Config{Protected: []string{"manage", "unknown"}})
		h.groups(a, map[string][]string{"admins": {"manage"}})
		h.user(a, "bob", "")
		h.do(a, both(revoke("admins", "manage"), func(tx *rbac.Tx) error { return tx.DeleteUser("bob") }))
	})
}

// If eight administrators each remove another administrator at once, one
// administrator remains.
func TestProtectionHoldsWithManyWriters(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.open(rbac.Config{Protected: []string{"manage"}})
		h.groups(a, map[string][]string{"admins": {"manage"}})
		const n = 8
		for i := range n {
			h.user(a, fmt.Sprint("admin", i), "", "admins")
		}
		removals := []func(name string) func(*rbac.Tx) error{
			func(name string) func(*rbac.Tx) error { return deassign(name, "admins") },
			func(name string) func(*rbac.Tx) error { return func(tx *rbac.Tx) error { return tx.DeleteUser(name) } },
			func(name string) func(*rbac.Tx) error {
				return func(tx *rbac.Tx) error {
					u, err := tx.User(name)
					u.Disabled = true
					return errors.Join(err, tx.ModifyUser(u))
				}
			},
		}
		others := []*rbac.Authority{a, h.open(rbac.Config{Protected: []string{"manage"}})}
		errs := make([]error, n)
		var all sync.WaitGroup
		for i := range n {
			all.Go(func() { errs[i] = others[i%2].Update(ctx, removals[i%3](fmt.Sprint("admin", i))) })
		}
		all.Wait()
		kept := 0
		for _, err := range errs {
			if errors.Is(err, rbac.ErrProtected) {
				kept++
			} else if err != nil {
				t.Error(err)
			}
		}
		if kept != 1 {
			t.Errorf("%d removals were refused; want exactly 1", kept)
		}
	})
}

// Each of several protected permissions is checked by itself, and the error
// names each permission that would be lost.
func TestSeveralProtectedPermissions(t *testing.T) {
	tests := map[string]struct {
		call func(*rbac.Tx) error
		lost []string
	}{
		"both":                      {func(tx *rbac.Tx) error { return tx.DeleteUser("amy") }, []string{"audit", "manage"}},
		"both, one after the other": {both(deassign("amy", "auditors"), deassign("amy", "admins")), []string{"audit", "manage"}},
		"the first":                 {deassign("amy", "auditors"), []string{"audit"}},
		"the second":                {revoke("admins", "manage"), []string{"manage"}},
		"one of two, after a refusal": {both(func(tx *rbac.Tx) error {
			if err := deassign("bob", "admins")(tx); !errors.Is(err, rbac.ErrNotFound) {
				return err
			}
			return nil
		}, deassign("amy", "admins")), []string{"manage"}},
		"neither": {both(assign("bob", "admins"), both(assign("bob", "auditors"), func(tx *rbac.Tx) error { return tx.DeleteUser("amy") })), nil},
	}
	localStores(t, func(t *testing.T, h *house) {
		for name, tt := range tests {
			t.Run(name, func(t *testing.T) {
				n := h.beside(t)
				a := n.open(rbac.Config{Protected: []string{"unheld", "audit", "manage"}})
				n.groups(a, map[string][]string{"admins": {"manage"}, "auditors": {"audit"}, "none": {"unheld"}})
				n.user(a, "amy", "", "admins", "auditors")
				n.user(a, "bob", "")
				err := a.Update(ctx, tt.call)
				if (err == nil) != (tt.lost == nil) || err != nil && !errors.Is(err, rbac.ErrProtected) {
					t.Errorf("%s: %v; want ErrProtected for %q", name, err, tt.lost)
				}
				for _, p := range []string{"unheld", "audit", "manage"} {
					if named := err != nil && strings.Contains(err.Error(), fmt.Sprintf("%q", p)); named != slices.Contains(tt.lost, p) {
						t.Errorf("%s: %v; want %q named", name, err, tt.lost)
					}
				}
			})
		}
	})
}

// A holder who is renamed, whose group is renamed, or who is disabled and
// enabled again in one Update, remains a holder.
func TestRenamedHolderIsAHolder(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := admins(t, h)
		h.do(a, func(tx *rbac.Tx) error {
			u, err1 := tx.User("amy")
			g, err2 := tx.Group("root")
			u.Name, g.Name, u.Disabled = "amelia", "wheel", true
			err := errors.Join(err1, err2, tx.ModifyUser(u), tx.ModifyGroup(g))
			u.Disabled = false
			return errors.Join(err, tx.ModifyUser(u))
		})
		if err := a.Update(ctx, deassign("amelia", "wheel")); !errors.Is(err, rbac.ErrProtected) {
			t.Errorf("after renaming: %v; want ErrProtected", err)
		}
		// a membership whose end is removed makes a holder
		must(t, a.Update(ctx, func(tx *rbac.Tx) error {
			return errors.Join(tx.AssignUser(rbac.Membership{User: "bob", Group: "admins", Until: far}),
				tx.ModifyMembership(rbac.Membership{User: "bob", Group: "admins"}), deassign("amelia", "wheel")(tx))
		}))
	})
}

// A user who holds a protected permission by a pattern is a holder like any
// holder.
func TestHolderByPattern(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.open(rbac.Config{Protected: []string{"post.edit"}})
		h.groups(a, map[string][]string{"editors": {"post.edit"}})
		h.user(a, "amy", "", "editors")
		h.do(a, both(grant("editors", "post.*"), revoke("editors", "post.edit")))
		h.do(a, both(grant("editors", "*"), revoke("editors", "post.*")))
		for name, call := range map[string]func(*rbac.Tx) error{"revoking the pattern": revoke("editors", "*"), "leaving one that does not cover it": both(grant("editors", "post.edit.*"), revoke("editors", "*")),
			"deleting the permission": func(tx *rbac.Tx) error { return tx.DeletePermission("post.edit") }} {
			if err := a.Update(ctx, call); !errors.Is(err, rbac.ErrProtected) {
				t.Errorf("%s: %v; want ErrProtected", name, err)
			}
		}
	})
}
