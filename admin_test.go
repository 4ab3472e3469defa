package rbac_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/rbac-go/rbac"
)

// A refusal is a call that must be refused with one kind of error that names one field.
type refusal struct {
	name  string
	call  func(tx *rbac.Tx) error
	kind  error
	field string
}

// world adds the records that refusals and reviews are about: amy is in staff, staff
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

func TestRefusedCalls(t *testing.T) {
	long := strings.Repeat("x", 257)
	refusals := []refusal{
		{"a user needs a name", addUser(rbac.User{}), rbac.ErrInvalid, "Name"},
		{"a user's name is a user name", addUser(rbac.User{Name: "a  b"}), rbac.ErrInvalid, "Name"},
		{"a user's name is taken in any form", addUser(rbac.User{Name: "ＢＯＢ"}), rbac.ErrExists, "Name"},
		{"an e-mail is taken in any case", addUser(rbac.User{Name: "x", Email: "bob@EXAMPLE.com"}), rbac.ErrExists, "Email"},
		{"a subject is taken exactly", addUser(rbac.User{Name: "x", Subject: "auth0|AbC"}), rbac.ErrExists, "Subject"},
		{"an e-mail has no control characters", addUser(rbac.User{Name: "x", Email: "a\n@b"}), rbac.ErrInvalid, "Email"},
		{"a subject has 256 bytes at most", addUser(rbac.User{Name: "x", Subject: long}), rbac.ErrInvalid, "Subject"},
		{"a note is valid UTF-8", addUser(rbac.User{Name: "x", Note: "\xff"}), rbac.ErrInvalid, "Note"},
		{"a display name has no NUL", addUser(rbac.User{Name: "x", DisplayName: "a\x00b"}), rbac.ErrInvalid, "DisplayName"},
		{"an id is taken", func(tx *rbac.Tx) error {
			u, _ := tx.User("amy")
			return addUser(rbac.User{ID: u.ID, Name: "x"})(tx)
		}, rbac.ErrExists, "ID"},
		{"an unknown id cannot be modified", func(tx *rbac.Tx) error { return tx.ModifyUser(rbac.User{ID: uuid.New(), Name: "amy"}) }, rbac.ErrNotFound, "ID"},
		{"a user cannot take another's name", func(tx *rbac.Tx) error {
			u, _ := tx.User("amy")
			u.Name = "Bob"
			return tx.ModifyUser(u)
		}, rbac.ErrExists, "Name"},
		{"nobody is deleted who is not there", func(tx *rbac.Tx) error { return tx.DeleteUser("zoe") }, rbac.ErrNotFound, ""},
		{"a hash has a known format", func(tx *rbac.Tx) error { return tx.SetPasswordHash("amy", "plain text") }, rbac.ErrInvalid, ""},
		{"a hash needs its user", func(tx *rbac.Tx) error { return tx.SetPasswordHash("zoe", "") }, rbac.ErrNotFound, ""},

		{"a group needs a name", addGroup(rbac.Group{}), rbac.ErrInvalid, "Name"},
		{"a group's name has no space at its end", addGroup(rbac.Group{Name: "a "}), rbac.ErrInvalid, "Name"},
		{"a group's name is taken", addGroup(rbac.Group{Name: "staff"}), rbac.ErrExists, "Name"},
		{"a group cannot take another's name", func(tx *rbac.Tx) error {
			g, _ := tx.Group("staff")
			g.Name = "readers"
			return tx.ModifyGroup(g)
		}, rbac.ErrExists, "Name"},
		{"no group is modified that is not there", func(tx *rbac.Tx) error { return tx.ModifyGroup(rbac.Group{ID: uuid.New(), Name: "staff"}) }, rbac.ErrNotFound, "ID"},
		{"no group is deleted that is not there", func(tx *rbac.Tx) error { return tx.DeleteGroup("zoo") }, rbac.ErrNotFound, ""},

		{"a permission has a name", addPermission(rbac.Permission{}), rbac.ErrInvalid, "Name"},
		{"a permission is no pattern", addPermission(rbac.Permission{Name: "post.*"}), rbac.ErrInvalid, "Name"},
		{"a permission is not everything", addPermission(rbac.Permission{Name: "*"}), rbac.ErrInvalid, "Name"},
		{"a permission's name is taken", addPermission(rbac.Permission{Name: "post.read"}), rbac.ErrExists, "Name"},
		{"a permission's section exists", addPermission(rbac.Permission{Name: "x", Section: "none"}), rbac.ErrNotFound, ""},
		{"a permission's name cannot change", func(tx *rbac.Tx) error {
			p, _ := tx.Permission("post.read")
			p.Name = "post.look"
			return tx.ModifyPermission(p)
		}, rbac.ErrInvalid, "Name"},
		{"a permission's name cannot become another's", func(tx *rbac.Tx) error {
			p, _ := tx.Permission("post.read")
			p.Name = "post.write"
			return tx.ModifyPermission(p)
		}, rbac.ErrInvalid, "Name"},
		{"no permission is modified that is not there", func(tx *rbac.Tx) error {
			return tx.ModifyPermission(rbac.Permission{ID: uuid.New(), Name: "post.read"})
		}, rbac.ErrNotFound, "ID"},
		{"a group's id is taken", func(tx *rbac.Tx) error {
			g, _ := tx.Group("staff")
			return addGroup(rbac.Group{ID: g.ID, Name: "x"})(tx)
		}, rbac.ErrExists, "ID"},
		{"a permission's id is taken", func(tx *rbac.Tx) error {
			p, _ := tx.Permission("post.read")
			return addPermission(rbac.Permission{ID: p.ID, Name: "x"})(tx)
		}, rbac.ErrExists, "ID"},
		{"an e-mail is taken by a modified user, too", func(tx *rbac.Tx) error {
			u, _ := tx.User("amy")
			u.Email = "BOB@example.com"
			return tx.ModifyUser(u)
		}, rbac.ErrExists, "Email"},
		{"a subject is taken by a modified user, too", func(tx *rbac.Tx) error {
			u, _ := tx.User("amy")
			u.Subject = "auth0|AbC"
			return tx.ModifyUser(u)
		}, rbac.ErrExists, "Subject"},
		{"a modified user is checked", func(tx *rbac.Tx) error { u, _ := tx.User("amy"); u.Note = "\xff"; return tx.ModifyUser(u) }, rbac.ErrInvalid, "Note"},
		{"a modified group is checked", func(tx *rbac.Tx) error { g, _ := tx.Group("staff"); g.Name = ""; return tx.ModifyGroup(g) }, rbac.ErrInvalid, "Name"},
		{"a modified permission is checked", func(tx *rbac.Tx) error {
			p, _ := tx.Permission("post.read")
			p.Title = "\xff"
			return tx.ModifyPermission(p)
		}, rbac.ErrInvalid, "Title"},
		{"a modified permission's section exists", func(tx *rbac.Tx) error {
			p, _ := tx.Permission("post.read")
			p.Section = "none"
			return tx.ModifyPermission(p)
		}, rbac.ErrNotFound, ""},
		{"a modified section is checked", func(tx *rbac.Tx) error { return tx.ModifySection(rbac.Section{Name: "posts", Title: "\xff"}) }, rbac.ErrInvalid, "Title"},
		{"no permission is deleted that is not there", func(tx *rbac.Tx) error { return tx.DeletePermission("x") }, rbac.ErrNotFound, ""},
		{"a section's name is taken", func(tx *rbac.Tx) error { return tx.AddSection(rbac.Section{Name: "posts"}) }, rbac.ErrExists, "Name"},
		{"a section has a name", func(tx *rbac.Tx) error { return tx.AddSection(rbac.Section{}) }, rbac.ErrInvalid, "Name"},
		{"no section is modified that is not there", func(tx *rbac.Tx) error { return tx.ModifySection(rbac.Section{Name: "x"}) }, rbac.ErrNotFound, ""},
		{"no section is deleted that is not there", func(tx *rbac.Tx) error { return tx.DeleteSection("x") }, rbac.ErrNotFound, ""},

		{"a member is a user", assign("zoe", "staff"), rbac.ErrNotFound, ""},
		{"a membership is in a group", assign("amy", "zoo"), rbac.ErrNotFound, ""},
		{"a membership is made once", assign("AMY", "staff"), rbac.ErrExists, ""},
		{"a scope has no control characters", func(tx *rbac.Tx) error {
			return tx.AssignUser(rbac.Membership{User: "amy", Group: "staff", Scope: "a\x00"})
		}, rbac.ErrInvalid, "Scope"},
		{"a membership's note is valid UTF-8", func(tx *rbac.Tx) error {
			return tx.AssignUser(rbac.Membership{User: "bob", Group: "staff", Note: "\xff"})
		}, rbac.ErrInvalid, "Note"},
		{"a membership ends before the year 10000", assignUntil(time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)), rbac.ErrInvalid, "Until"},
		{"a membership ends before the year 10000 of UTC", assignUntil(time.Date(9999, 12, 31, 23, 0, 0, 0, time.FixedZone("", -3600*5))), rbac.ErrInvalid, "Until"},
		{"an end is not rounded to none", assignUntil(time.Time{}.Add(1)), rbac.ErrInvalid, "Until"},
		{"no end beyond bounds is set later", func(tx *rbac.Tx) error {
			return tx.ModifyMembership(rbac.Membership{User: "amy", Group: "staff", Until: time.Unix(1<<40, 0)})
		}, rbac.ErrInvalid, "Until"},
		{"no membership is modified that is not there", func(tx *rbac.Tx) error {
			return tx.ModifyMembership(rbac.Membership{User: "bob", Group: "staff"})
		}, rbac.ErrNotFound, ""},
		{"no membership ends that is not there", func(tx *rbac.Tx) error {
			return tx.DeassignUser(rbac.Membership{User: "amy", Group: "staff", Scope: "org:1"})
		}, rbac.ErrNotFound, ""},

		{"a grant is of a permission", grant("staff", "x"), rbac.ErrNotFound, ""},
		{"a grant is to a group", grant("zoo", "post.read"), rbac.ErrNotFound, ""},
		{"a grant's note is valid UTF-8", func(tx *rbac.Tx) error {
			return tx.GrantPermission(rbac.Grant{Group: "empty", Permission: "post.read", Note: "\xff"})
		}, rbac.ErrInvalid, "Note"},
		{"no grant is revoked that is not there", func(tx *rbac.Tx) error {
			return tx.RevokePermission(rbac.Grant{Group: "staff", Permission: "post.read"}) // inherited, not granted
		}, rbac.ErrNotFound, ""},
		{"no grant is modified that is not there", func(tx *rbac.Tx) error {
			return tx.ModifyGrant(rbac.Grant{Group: "empty", Permission: "post.read"})
		}, rbac.ErrNotFound, ""},

		{"an inheritance is made once", inherit("staff", "readers"), rbac.ErrExists, ""},
		{"a group does not inherit itself", inherit("staff", "staff"), rbac.ErrCycle, ""},
		{"two groups do not inherit each other", inherit("readers", "staff"), rbac.ErrCycle, ""},
		{"a senior is a group", inherit("zoo", "staff"), rbac.ErrNotFound, ""},
		{"a junior is a group", inherit("staff", "zoo"), rbac.ErrNotFound, ""},
		{"only what is there is taken apart", func(tx *rbac.Tx) error {
			return tx.DeleteInheritance(rbac.Inheritance{Senior: "empty", Junior: "readers"})
		}, rbac.ErrNotFound, ""},
	}
	eachStore(t, func(t *testing.T, h *house) {
		a := h.open(rbac.Config{})
		world(t, h, a)
		before := dump(t, a)
		for _, r := range refusals {
			t.Run(r.name, func(t *testing.T) {
				err := a.Update(ctx, func(tx *rbac.Tx) error { return r.call(tx) })
				refused(t, err, r)
				err = a.Update(ctx, func(tx *rbac.Tx) error {
					refused(t, r.call(tx), r)
					return nil // refused calls leave the transaction usable
				})
				if err != nil {
					t.Errorf("after a refused call the Update failed: %v", err)
				}
				if after := dump(t, a); after != before {
					t.Errorf("a refused call changed something:\n%s\nbefore:\n%s", after, before)
				}
			})
		}
	})
}

func refused(t *testing.T, err error, r refusal) {
	t.Helper()
	var e *rbac.Error
	if !errors.Is(err, r.kind) || !errors.As(err, &e) || e.Kind != r.kind || e.Field != r.field || e.Record == "" {
		t.Errorf("got %#v (%v); want kind %v, field %q", e, err, r.kind, r.field)
	}
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

// dump writes out all that review functions show.
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

// In a View every call that changes something is refused, and an error of its function is returned as it is.
func TestViewIsReadOnly(t *testing.T) {
	writes := map[string]func(*rbac.Tx) error{
		"AddUser": addUser(rbac.User{Name: "x"}), "AddGroup": addGroup(rbac.Group{Name: "x"}),
		"AddPermission":   addPermission(rbac.Permission{Name: "x"}),
		"AddSection":      func(tx *rbac.Tx) error { return tx.AddSection(rbac.Section{Name: "x"}) },
		"ModifyUser":      func(tx *rbac.Tx) error { u, _ := tx.User("amy"); u.Note = "x"; return tx.ModifyUser(u) },
		"ModifyGroup":     func(tx *rbac.Tx) error { g, _ := tx.Group("staff"); g.Note = "x"; return tx.ModifyGroup(g) },
		"SetPasswordHash": func(tx *rbac.Tx) error { return tx.SetPasswordHash("amy", "") },
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
		"AddInheritance": inherit("empty", "staff"),
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

// A panic in an Update rolls back, goes on, and leaves the Authority usable.
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

// A Tx is dead when its function has returned.
func TestTxIsDeadAfterwards(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.open(rbac.Config{})
		world(t, h, a)
		var kept *rbac.Tx
		h.do(a, func(tx *rbac.Tx) error { kept = tx; return nil })
		if err := addUser(rbac.User{Name: "late"})(kept); err == nil {
			t.Error("a dead Tx added a user")
		}
		if _, err := kept.User("amy"); err == nil {
			t.Error("a dead Tx found a user")
		}
		for _, err := range kept.Users(rbac.UserQuery{}) {
			if err == nil {
				t.Error("a dead Tx listed a user")
			}
		}
	})
}

// Deleting takes relations along, and each is a change of its own.
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
		// The names are free again, and new records have nothing of the old.
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

// A changed name renames: what hangs on the record follows.
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

// What a Modify call leaves as it was, and a second grant, are no changes.
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
			return errors.Join(err1, err2, err3, err4, tx.ModifyUser(u), tx.ModifyGroup(g), tx.ModifyPermission(p), tx.ModifySection(s[0]),
				tx.ModifyMembership(rbac.Membership{User: "amy", Group: "staff", Until: far.Add(300).In(time.FixedZone("", 3600))}), tx.ModifyGrant(rbac.Grant{Group: "staff", Permission: "post.write"}),
				grant("staff", "post.write")(tx), tx.GrantPermission(rbac.Grant{Group: "staff", Permission: "post.write", Note: "again"}))
		})
		if got := actionsSince(t, a, rev); len(got) != 0 {
			t.Errorf("changes were logged where nothing changed: %q", got)
		}
	})
}
