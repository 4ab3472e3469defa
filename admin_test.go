package rbac_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
)

// world adds the records for refusals and reviews: amy is in staff, staff
// inherits readers, readers has post.read, staff has post.write.
func world(t *testing.T, h *house, a *rbac.Authority) {
	t.Helper()
	h.groups(a, map[string][]string{"readers": {"post.read"}, "staff": {"post.write"}, "empty": nil})
	h.do(a, func(tx *rbac.Tx) error {
		return errors.Join(
			tx.AddInheritance(rbac.Inheritance{Senior: "staff", Junior: "readers"}),
			tx.AddSection(rbac.Section{Name: "posts", Title: "Posts"}),
		)
	})
	h.user(a, "amy", "", "staff")
	h.do(a, func(tx *rbac.Tx) error {
		_, err := tx.AddUser(rbac.User{Name: "bob", Email: "Bob@Example.com", Subject: "auth0|AbC"})
		return err
	})
}

func addUser(u rbac.User) func(*rbac.Tx) error {
	return func(tx *rbac.Tx) error { _, err := tx.AddUser(u); return err }
}

func addGroup(g rbac.Group) func(*rbac.Tx) error {
	return func(tx *rbac.Tx) error { _, err := tx.AddGroup(g); return err }
}

func addPermission(p rbac.Permission) func(*rbac.Tx) error {
	return func(tx *rbac.Tx) error { _, err := tx.AddPermission(p); return err }
}

func assignUntil(end time.Time) func(*rbac.Tx) error {
	return func(tx *rbac.Tx) error {
		return tx.AssignUser(rbac.Membership{User: "bob", Group: "staff", Until: end})
	}
}

func assign(user, group string) func(*rbac.Tx) error {
	return func(tx *rbac.Tx) error { return tx.AssignUser(rbac.Membership{User: user, Group: group}) }
}

func deassign(user, group string) func(*rbac.Tx) error {
	return func(tx *rbac.Tx) error { return tx.DeassignUser(rbac.Membership{User: user, Group: group}) }
}

func grant(group, permission string) func(*rbac.Tx) error {
	return func(tx *rbac.Tx) error {
		return tx.GrantPermission(rbac.Grant{Group: group, Permission: permission})
	}
}

func revoke(group, permission string) func(*rbac.Tx) error {
	return func(tx *rbac.Tx) error {
		return tx.RevokePermission(rbac.Grant{Group: group, Permission: permission})
	}
}

func inherit(senior, junior string) func(*rbac.Tx) error {
	return func(tx *rbac.Tx) error {
		return tx.AddInheritance(rbac.Inheritance{Senior: senior, Junior: junior})
	}
}

// dump prints everything that review functions show.
func dump(t testing.TB, a *rbac.Authority) string {
	t.Helper()
	var b strings.Builder
	must(t, a.View(ctx, func(tx *rbac.Tx) error {
		b.Reset()
		for u, err := range tx.Users(rbac.UserQuery{}) {
			must(t, err)
			memberships, err := tx.AssignedGroups(u.Name)
			must(t, err)
			fmt.Fprintf(&b, "%+v in %+v\n", u, memberships)
		}
		groups, err := tx.Groups()
		must(t, err)
		for _, g := range groups {
			permissions, err := tx.GroupPermissions(g.Name)
			must(t, err)
			fmt.Fprintf(&b, "%+v gives %+v\n", g, permissions)
		}
		permissions, err := tx.Permissions()
		must(t, err)
		sections, err := tx.Sections()
		must(t, err)
		changes := 0
		for _, err := range tx.Changes(rbac.ChangeQuery{}) {
			must(t, err)
			changes++
		}
		fmt.Fprintf(&b, "%+v %+v %d changes", permissions, sections, changes)
		return nil
	}))
	return b.String()
}

// In a View every call that changes something is refused, and an error of the
// function is returned unchanged.
func TestViewIsReadOnly(t *testing.T) {
	writes := map[string]func(*rbac.Tx) error{
		"AddUser": addUser(rbac.User{Name: "x"}), "AddGroup": addGroup(rbac.Group{Name: "x"}),
		"ImportUser":      importUserOf(rbac.User{Name: "x"}),
		"AddPermission":   addPermission(rbac.Permission{Name: "x"}),
		"AddSection":      func(tx *rbac.Tx) error { return tx.AddSection(rbac.Section{Name: "x"}) },
		"ModifyUser":      func(tx *rbac.Tx) error { u, _ := tx.User("amy"); u.Note = "x"; return tx.ModifyUser(u) },
		"ModifyGroup":     func(tx *rbac.Tx) error { g, _ := tx.Group("staff"); g.Note = "x"; return tx.ModifyGroup(g) },
		"SetPasswordHash": func(tx *rbac.Tx) error { return tx.SetPasswordHash("amy", someHash) },
		"ModifyPermission": func(tx *rbac.Tx) error {
			p, _ := tx.Permission("post.read")
			p.Title = "x"
			return tx.ModifyPermission(p)
		},
		"ModifySection":    func(tx *rbac.Tx) error { return tx.ModifySection(rbac.Section{Name: "posts", Title: "x"}) },
		"DeleteUser":       func(tx *rbac.Tx) error { return tx.DeleteUser("amy") },
		"DeleteGroup":      func(tx *rbac.Tx) error { return tx.DeleteGroup("staff") },
		"DeletePermission": func(tx *rbac.Tx) error { return tx.DeletePermission("post.read") },
		"DeleteSection":    func(tx *rbac.Tx) error { return tx.DeleteSection("posts") },
		"AssignUser":       assign("bob", "staff"), "DeassignUser": deassign("amy", "staff"),
		"ModifyMembership": func(tx *rbac.Tx) error {
			return tx.ModifyMembership(rbac.Membership{User: "amy", Group: "staff", Note: "x"})
		},
		"GrantPermission": grant("empty", "post.read"), "RevokePermission": revoke("staff", "post.write"),
		"ModifyGrant": func(tx *rbac.Tx) error {
			return tx.ModifyGrant(rbac.Grant{Group: "staff", Permission: "post.write", Note: "x"})
		},
		"what would change nothing": func(tx *rbac.Tx) error { g, _ := tx.Group("staff"); return tx.ModifyGroup(g) },
		"AddInheritance":            inherit("empty", "staff"),
		"DeleteInheritance": func(tx *rbac.Tx) error {
			return tx.DeleteInheritance(rbac.Inheritance{Senior: "staff", Junior: "readers"})
		},
	}
	eachStore(t, func(t *testing.T, h *house) {
		a := h.open(rbac.Config{})
		world(t, h, a)
		before := dump(t, a)
		for name, write := range writes {
			if err := a.View(ctx, write); err != rbac.ErrReadOnly {
				t.Errorf("%s in a View: %v; want ErrReadOnly", name, err)
			}
			if err := a.Update(ctx, func(tx *rbac.Tx) error { return errors.Join(write(tx), errTest) }); !errors.Is(err, errTest) || err.Error() != errTest.Error() {
				t.Errorf("%s in an Update: %v; want only the function's own error", name, err)
			}
		}
		if after := dump(t, a); after != before {
			t.Errorf("a View or a failed Update changed something:\n%s\nbefore:\n%s", after, before)
		}
		if err := a.View(ctx, func(*rbac.Tx) error { return errTest }); err != errTest {
			t.Errorf("View returned %v; want its function's error as it is", err)
		}
	})
}

var errTest = errors.New("error of the test")

// A panic in an Update rolls back, propagates, and leaves the Authority usable.
func TestPanicRollsBack(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.open(rbac.Config{})
		func() {
			defer func() {
				if recover() != "test" {
					t.Error("the panic did not go on")
				}
			}()
			a.Update(ctx, func(tx *rbac.Tx) error {
				must(t, addUser(rbac.User{Name: "amy"})(tx))
				panic("test")
			})
		}()
		h.user(a, "amy", "")
	})
}

// A Tx is dead once its function has returned.
func TestTxIsDeadAfterwards(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.open(rbac.Config{})
		world(t, h, a)
		var kept *rbac.Tx
		h.do(a, func(tx *rbac.Tx) error { kept = tx; return nil })
		over := func(what string, err error) {
			t.Helper()
			if !errors.Is(err, rbac.ErrTxDone) || errors.Is(err, rbac.ErrUnavailable) {
				t.Errorf("a dead Tx %s: %v; want ErrTxDone, which is no outage", what, err)
			}
		}
		over("adds a user", addUser(rbac.User{Name: "late"})(kept))
		_, err := kept.User("amy")
		over("finds a user", err)
		for _, err := range kept.Users(rbac.UserQuery{}) {
			over("lists a user", err)
		}
		must(t, a.View(t.Context(), func(tx *rbac.Tx) error { kept = tx; return nil }))
		_, err = kept.Groups()
		over("of a View lists groups", err)
	})
}

// Deleting a record deletes its relations, and each deleted relation is a
// change of its own.
func TestDeletingTakesRelationsAlong(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.open(rbac.Config{})
		world(t, h, a)
		rev := lastRevision(t, a)
		h.do(a, func(tx *rbac.Tx) error { return tx.DeleteGroup("staff") })
		want := []string{"DeassignUser amy staff", "RevokePermission staff post.write", "DeleteInheritance staff readers", "DeleteGroup staff "}
		if got := actionsSince(t, a, rev); !slices.Equal(got, want) {
			t.Errorf("deleting a group logged %q; want %q", got, want)
		}
		rev = lastRevision(t, a)
		h.do(a, func(tx *rbac.Tx) error { return tx.DeletePermission("post.read") })
		if got, want := actionsSince(t, a, rev), []string{"RevokePermission readers post.read", "DeletePermission post.read "}; !slices.Equal(got, want) {
			t.Errorf("deleting a permission logged %q; want %q", got, want)
		}
		h.do(a, assign("amy", "readers"))
		h.issue(a, rbac.Login{User: "amy"})
		rev = lastRevision(t, a)
		h.do(a, func(tx *rbac.Tx) error { return tx.DeleteUser("Amy") })
		got := actionsSince(t, a, rev)
		if len(got) != 3 || !strings.HasPrefix(got[0], "RevokeTicket amy ") || got[1] != "DeassignUser amy readers" || got[2] != "DeleteUser amy " {
			t.Errorf("deleting a user logged %q", got)
		}
		// The names are free again, and new records inherit nothing from the
		// old records.
		u := h.user(a, "amy", "")
		h.groups(a, map[string][]string{"staff": nil})
		must(t, a.View(ctx, func(tx *rbac.Tx) error {
			if m, err := tx.AssignedGroups(u.Name); len(m) != 0 || err != nil {
				t.Errorf("a new user of an old name is in %v, %v", m, err)
			}
			if p, err := tx.GroupPermissions("staff"); len(p) != 0 || err != nil {
				t.Errorf("a new group of an old name has %v, %v", p, err)
			}
			return nil
		}))
	})
}

func lastRevision(t testing.TB, a *rbac.Authority) rbac.Revision {
	t.Helper()
	var rev rbac.Revision
	must(t, a.View(ctx, func(tx *rbac.Tx) error {
		for c, err := range tx.Changes(rbac.ChangeQuery{Newest: true, Limit: 1}) {
			must(t, err)
			rev = c.Revision
		}
		return nil
	}))
	return rev
}

func actionsSince(t testing.TB, a *rbac.Authority, rev rbac.Revision) []string {
	t.Helper()
	var actions []string
	must(t, a.View(ctx, func(tx *rbac.Tx) error {
		actions = nil
		for c, err := range tx.Changes(rbac.ChangeQuery{After: rev}) {
			must(t, err)
			actions = append(actions, c.Action+" "+c.Subject+" "+c.Object)
		}
		return nil
	}))
	return actions
}

// A changed name renames: relations of the record follow.
func TestRenaming(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.open(rbac.Config{})
		world(t, h, a)
		h.do(a, func(tx *rbac.Tx) error {
			u, err1 := tx.User("amy")
			g, err2 := tx.Group("staff")
			u.Name, u.Email, g.Name = "Amelia", "a@x", "crew"
			return errors.Join(err1, err2, tx.ModifyUser(u), tx.ModifyGroup(g))
		})
		must(t, a.View(ctx, func(tx *rbac.Tx) error {
			if _, err := tx.User("amy"); !errors.Is(err, rbac.ErrNotFound) {
				t.Errorf("the old name: %v; want ErrNotFound", err)
			}
			m, err := tx.AssignedGroups("amelia")
			if err != nil || len(m) != 1 || m[0].User != "amelia" || m[0].Group != "crew" {
				t.Errorf("memberships after renaming: %+v, %v", m, err)
			}
			if p := permissionNames(tx.GroupPermissions("crew")); !slices.Equal(p, []string{"post.read", "post.write"}) {
				t.Errorf("permissions after renaming: %v", p)
			}
			if u, err := tx.UserByEmail("A@X"); err != nil || u.Name != "amelia" || u.Email != "a@x" {
				t.Errorf("UserByEmail = %+v, %v", u, err)
			}
			return nil
		}))
	})
}

func permissionNames(ps []rbac.Permission, err error) []string {
	if err != nil {
		return []string{err.Error()}
	}
	names := []string{}
	for _, p := range ps {
		names = append(names, p.Name)
	}
	return names
}

// A Modify call that changes no field, and a second grant, are no changes.
func TestNothingChangedIsNoRevision(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.open(rbac.Config{})
		world(t, h, a)
		h.do(a, func(tx *rbac.Tx) error {
			return tx.ModifyMembership(rbac.Membership{User: "amy", Group: "staff", Until: far})
		})
		rev := lastRevision(t, a)
		h.do(a, func(tx *rbac.Tx) error {
			u, err1 := tx.User("bob")
			g, err2 := tx.Group("staff")
			p, err3 := tx.Permission("post.read")
			s, err4 := tx.Sections()
			u.Created, u.LastLogin, g.Created, p.Created = far, far, far, far // ignored on input
			return errors.Join(err1, err2, err3, err4, tx.ModifyUser(u), tx.ModifyGroup(g), tx.ModifyPermission(p), tx.ModifySection(s[0]),
				tx.ModifyMembership(rbac.Membership{User: "amy", Group: "staff", Until: far.Add(300).In(time.FixedZone("", 3600))}), tx.ModifyGrant(rbac.Grant{Group: "staff", Permission: "post.write"}),
				grant("staff", "post.write")(tx), tx.GrantPermission(rbac.Grant{Group: "staff", Permission: "post.write", Note: "again"}))
		})
		if got := actionsSince(t, a, rev); len(got) != 0 {
			t.Errorf("changes were logged where nothing changed: %q", got)
		}
	})
}
