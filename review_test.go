package rbac_test

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/rbac-go/rbac"
)

// names collects a listing, and appends its error as a name.
func names[T any](seq iter.Seq2[T, error], name func(T) string) []string {
	list := []string{}
	for v, err := range seq {
		if err != nil {
			return append(list, "error: "+err.Error())
		}
		list = append(list, name(v))
	}
	return list
}

func userName(u rbac.User) string { return u.Name }

func groupNames(groups []rbac.Group, err error) []string {
	if err != nil {
		return []string{err.Error()}
	}
	list := []string{}
	for _, g := range groups {
		list = append(list, g.Name)
	}
	return list
}

// hospital: chief inherits doctor and nurse, both of which inherit staff. The
// locum's membership has an end; the guest is in a group in one scope only.
func hospital(t *testing.T, h *house, a *rbac.Authority) {
	t.Helper()
	h.groups(a, map[string][]string{
		"staff": {"door.open"}, "doctor": {"chart.write", "chart.read"}, "nurse": {"chart.read"}, "chief": {"budget"}, "visitor": nil,
	})
	h.do(a, func(tx *rbac.Tx) error {
		return errors.Join(inherit("doctor", "staff")(tx), inherit("nurse", "staff")(tx), inherit("chief", "doctor")(tx), inherit("chief", "nurse")(tx))
	})
	h.user(a, "ana", "", "chief")
	h.user(a, "bo", "", "nurse")
	h.user(a, "cy", "")
	h.user(a, "di", "")
	h.do(a, func(tx *rbac.Tx) error {
		return errors.Join(
			tx.AssignUser(rbac.Membership{User: "cy", Group: "doctor", Until: h.clock.Now().Add(time.Hour)}),
			tx.AssignUser(rbac.Membership{User: "di", Group: "nurse", Scope: "ward:3", Note: "trial"}))
	})
}

func TestReview(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.open(rbac.Config{})
		hospital(t, h, a)
		check := func(what string, got, want []string) {
			t.Helper()
			if !slices.Equal(got, want) {
				t.Errorf("%s = %q; want %q", what, got, want)
			}
		}
		review := func(f func(tx *rbac.Tx)) {
			t.Helper()
			must(t, a.View(ctx, func(tx *rbac.Tx) error { f(tx); return nil }))
		}
		review(func(tx *rbac.Tx) {
			check("AuthorizedUsers(staff)", names(tx.AuthorizedUsers("staff"), userName), []string{"ana", "bo", "cy", "di"})
			check("AuthorizedUsers(doctor)", names(tx.AuthorizedUsers("doctor"), userName), []string{"ana", "cy"})
			check("AuthorizedUsers(visitor)", names(tx.AuthorizedUsers("visitor"), userName), []string{})
			check("AssignedUsers(staff)", names(tx.AssignedUsers("staff"), func(m rbac.Membership) string { return m.User }), []string{})
			check("AssignedUsers(nurse)", names(tx.AssignedUsers("nurse"), func(m rbac.Membership) string { return m.User + m.Scope + m.Note }), []string{"bo", "diward:3trial"})
			check("AuthorizedGroups(ana)", groupNames(tx.AuthorizedGroups("Ana")), []string{"chief", "doctor", "nurse", "staff"})
			check("AuthorizedGroups(cy)", groupNames(tx.AuthorizedGroups("cy")), []string{"doctor", "staff"})
			check("GroupPermissions(chief)", permissionNames(tx.GroupPermissions("chief")), []string{"budget", "chart.read", "chart.write", "door.open"})
			if grants := must1(tx.Grants("chief")); len(grants) != 1 || grants[0].Group != "chief" || grants[0].Permission != "budget" {
				t.Errorf("Grants(chief) = %+v", grants)
			}
			if grants := must1(tx.Grants("visitor")); len(grants) != 0 {
				t.Errorf("Grants(visitor) = %+v", grants)
			}
			all := must1(tx.AllGrants())
			for i, g := range all {
				if own := must1(tx.Grants(g.Group)); !slices.Contains(own, g) || i > 0 && all[i-1].Group+"\x00"+all[i-1].Permission >= g.Group+"\x00"+g.Permission {
					t.Errorf("Grants of all groups: %+v in the place %d, of the group: %+v", g, i, own)
				}
			}
			if len(all) < 4 {
				t.Errorf("Grants of all groups: %+v", all)
			}
			if inheritances := must1(tx.Inheritances()); !slices.Equal(inheritances, []rbac.Inheritance{
				{Senior: "chief", Junior: "doctor"}, {Senior: "chief", Junior: "nurse"}, {Senior: "doctor", Junior: "staff"}, {Senior: "nurse", Junior: "staff"},
			}) {
				t.Errorf("Inheritances() = %v", inheritances)
			}
			if _, err := tx.Grants("nobody"); !errors.Is(err, rbac.ErrNotFound) {
				t.Errorf("the grants of an unknown group: %v", err)
			}
			check("GroupPermissions(visitor)", permissionNames(tx.GroupPermissions("visitor")), []string{})
			check("UserPermissions(bo)", permissionNames(tx.UserPermissions("bo")), []string{"chart.read", "door.open"})
			check("PermissionGroups(chart.read)", groupNames(tx.PermissionGroups("chart.read")), []string{"chief", "doctor", "nurse"})
			check("PermissionUsers(chart.write)", names(tx.PermissionUsers("chart.write"), userName), []string{"ana", "cy"})
			check("Users", names(tx.Users(rbac.UserQuery{}), userName), []string{"ana", "bo", "cy", "di"})
			check("Users(Group)", names(tx.Users(rbac.UserQuery{Group: "nurse"}), userName), []string{"ana", "bo", "di"})
			check("Users(Search)", names(tx.Users(rbac.UserQuery{Search: "A"}), userName), []string{"ana"})
			check("Users(After, Limit)", names(tx.Users(rbac.UserQuery{After: "ana", Limit: 2}), userName), []string{"bo", "cy"})
			check("Groups", groupNames(tx.Groups()), []string{"chief", "doctor", "nurse", "staff", "visitor"})
		})
		h.clock.Advance(time.Hour) // the locum's membership ends at this instant
		review(func(tx *rbac.Tx) {
			check("AuthorizedUsers(doctor) after the end", names(tx.AuthorizedUsers("doctor"), userName), []string{"ana"})
			check("AuthorizedGroups(cy) after the end", groupNames(tx.AuthorizedGroups("cy")), []string{})
			check("UserPermissions(cy) after the end", permissionNames(tx.UserPermissions("cy")), []string{})
			check("PermissionUsers(chart.write) after the end", names(tx.PermissionUsers("chart.write"), userName), []string{"ana"})
			if m, err := tx.AssignedGroups("cy"); len(m) != 1 || err != nil || m[0].Until.IsZero() {
				t.Errorf("AssignedGroups(cy) = %v, %v; want the ended membership too", m, err)
			}
		})
	})
}

// Every review function names an argument that is not found.
func TestReviewOfUnknownNames(t *testing.T) {
	lookups := map[string]func(*rbac.Tx) error{
		"User":             func(tx *rbac.Tx) error { _, err := tx.User("zoe"); return err },
		"UserByID":         func(tx *rbac.Tx) error { _, err := tx.UserByID(uuid.New()); return err },
		"UserByEmail":      func(tx *rbac.Tx) error { _, err := tx.UserByEmail("zoe@x"); return err },
		"UserBySubject":    func(tx *rbac.Tx) error { _, err := tx.UserBySubject("zoe"); return err },
		"Group":            func(tx *rbac.Tx) error { _, err := tx.Group("zoo"); return err },
		"Permission":       func(tx *rbac.Tx) error { _, err := tx.Permission("zap"); return err },
		"Users(Group)":     func(tx *rbac.Tx) error { return last(tx.Users(rbac.UserQuery{Group: "zoo"})) },
		"AssignedUsers":    func(tx *rbac.Tx) error { return last(tx.AssignedUsers("zoo")) },
		"AssignedGroups":   func(tx *rbac.Tx) error { _, err := tx.AssignedGroups("zoe"); return err },
		"AuthorizedUsers":  func(tx *rbac.Tx) error { return last(tx.AuthorizedUsers("zoo")) },
		"AuthorizedGroups": func(tx *rbac.Tx) error { _, err := tx.AuthorizedGroups("zoe"); return err },
		"GroupPermissions": func(tx *rbac.Tx) error { _, err := tx.GroupPermissions("zoo"); return err },
		"UserPermissions":  func(tx *rbac.Tx) error { _, err := tx.UserPermissions("zoe"); return err },
		"PermissionGroups": func(tx *rbac.Tx) error { _, err := tx.PermissionGroups("zap"); return err },
		"PermissionUsers":  func(tx *rbac.Tx) error { return last(tx.PermissionUsers("zap")) },
	}
	eachStore(t, func(t *testing.T, h *house) {
		a := h.open(rbac.Config{})
		must(t, a.View(ctx, func(tx *rbac.Tx) error {
			for name, look := range lookups {
				err := look(tx)
				var e *rbac.Error
				if !errors.As(err, &e) || e.Kind != rbac.ErrNotFound || e.Name == "" || e.Record == "" {
					t.Errorf("%s of an unknown name: %v; want ErrNotFound with the name", name, err)
				}
			}
			if _, err := tx.User("a  b"); !errors.Is(err, rbac.ErrInvalid) {
				t.Errorf("User of an impossible name: %v; want ErrInvalid", err)
			}
			return nil
		}))
	})
}

// last drains a listing and returns its error.
func last[T any](seq iter.Seq2[T, error]) (err error) {
	for _, err = range seq {
	}
	return err
}

// A change of a group affects all its members at their next request:
// administrators work on groups, not on each person.
func TestChangingAGroupChangesItsMembers(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.open(rbac.Config{})
		hospital(t, h, a)
		may := func(user, permission string) bool {
			id, err := a.Identity(ctx, user)
			must(t, err)
			return id.HasPermission(permission)
		}
		if may("bo", "chart.write") || !may("ana", "chart.write") || !may("bo", "door.open") {
			t.Fatal("the hospital is not as it should be")
		}
		h.do(a, grant("nurse", "chart.write"))
		if !may("bo", "chart.write") {
			t.Error("a nurse did not get what the nurses were granted")
		}
		h.do(a, func(tx *rbac.Tx) error {
			return tx.DeleteInheritance(rbac.Inheritance{Senior: "nurse", Junior: "staff"})
		})
		if may("bo", "door.open") || !may("ana", "door.open") {
			t.Error("what is inherited by one path only goes with it; by another it stays")
		}
		h.do(a, revoke("nurse", "chart.write"))
		h.do(a, func(tx *rbac.Tx) error { return tx.DeletePermission("door.open") })
		if may("bo", "chart.write") || may("ana", "door.open") {
			t.Error("what was revoked or deleted is still there")
		}
	})
}

// Names and texts are kept in any script.
func TestAnyScript(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.open(rbac.Config{})
		h.do(a, func(tx *rbac.Tx) error {
			for i, name := range []string{"张三", "สมชาย", "Олег", "محمد"} {
				if _, err := tx.AddUser(rbac.User{Name: name, DisplayName: name + " ✓", Note: "مرحبا\n你好"}); err != nil {
					return err
				}
				group, permission := "组"+name, fmt.Sprint("权限.", i)
				_, err1 := tx.AddGroup(rbac.Group{Name: group, DisplayName: "系统管理员"})
				_, err2 := tx.AddPermission(rbac.Permission{Name: permission, Title: "編集", Description: "แก้ไข"})
				if err := errors.Join(err1, err2, grant(group, permission)(tx), assign(name, group)(tx)); err != nil {
					return err
				}
			}
			return nil
		})
		id, err := a.Identity(ctx, "张三")
		must(t, err)
		must(t, rbac.Check(id, rbac.All(rbac.IsUser("张三"), rbac.InGroup("组张三"), rbac.HasPermission("权限.0"))))
		must(t, a.View(ctx, func(tx *rbac.Tx) error {
			u, err := tx.User("олег")
			if u.DisplayName != "Олег ✓" || u.Note != "مرحبا\n你好" {
				t.Errorf("texts came back as %q, %q", u.DisplayName, u.Note)
			}
			return err
		}))
	})
}

// Menu shows each user the sections and permissions of that user, in order.
func TestMenu(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.open(rbac.Config{})
		h.do(a, func(tx *rbac.Tx) error {
			_, err1 := tx.AddGroup(rbac.Group{Name: "staff"})
			errs := []error{err1,
				tx.AddSection(rbac.Section{Name: "b", Title: "Second", Position: 2}),
				tx.AddSection(rbac.Section{Name: "c", Title: "First", Position: 1}),
				tx.AddSection(rbac.Section{Name: "a", Title: "Empty", Position: 0})}
			for i, p := range []rbac.Permission{
				{Name: "p1", Section: "b", Position: 2}, {Name: "p2", Section: "b", Position: 1}, {Name: "p3", Section: "c"},
				{Name: "p4", Section: "a"}, {Name: "p5"}, {Name: "p0", Section: "b", Position: 2},
			} {
				_, err := tx.AddPermission(p)
				errs = append(errs, err)
				if i != 3 {
					errs = append(errs, grant("staff", p.Name)(tx))
				}
			}
			return errors.Join(errs...)
		})
		h.user(a, "amy", "", "staff")
		h.user(a, "bob", "")
		menu := func(id *rbac.Identity) (list []string) {
			for _, s := range a.Menu(id) {
				list = append(list, s.Title)
				for _, p := range s.Permissions {
					list = append(list, p.Name)
				}
			}
			return list
		}
		amy, err := a.Identity(ctx, "amy")
		must(t, err)
		bob, err := a.Identity(ctx, "bob")
		must(t, err)
		if got, want := menu(amy), []string{"First", "p3", "Second", "p2", "p0", "p1"}; !slices.Equal(got, want) {
			t.Errorf("amy's menu is %q; want %q", got, want)
		}
		if got := menu(bob); got != nil {
			t.Errorf("bob's menu is %q; want none", got)
		}
		if got := menu(nil); got != nil {
			t.Errorf("nobody's menu is %q; want none", got)
		}
		if got := menu(rbac.NewIdentity("zoe", nil, []string{"p3"})); !slices.Equal(got, []string{"First", "p3"}) {
			t.Errorf("the menu of an Identity of the host's own is %q", got)
		}
		h.do(a, func(tx *rbac.Tx) error { return tx.DeleteSection("b") })
		amy, err = a.Identity(ctx, "amy")
		must(t, err)
		if got := menu(amy); !slices.Equal(got, []string{"First", "p3"}) {
			t.Errorf("after deleting a section the menu is %q", got)
		}
	})
}

// A listing is as of the time of reading: the listing shows earlier changes of
// its transaction, and can be read again.
func TestListingsAreReadLate(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.open(rbac.Config{})
		world(t, h, a)
		h.do(a, func(tx *rbac.Tx) error {
			listings := map[string]func() []string{}
			for name, users := range map[string]iter.Seq2[rbac.User, error]{
				"AuthorizedUsers": tx.AuthorizedUsers("new"), "Users": tx.Users(rbac.UserQuery{Group: "new"}), "PermissionUsers": tx.PermissionUsers("new"),
			} {
				listings[name] = func() []string { return names(users, userName) }
			}
			assigned := tx.AssignedUsers("new")
			listings["AssignedUsers"] = func() []string { return names(assigned, func(m rbac.Membership) string { return m.User }) }
			for name, list := range listings {
				if got := list(); len(got) != 1 || !strings.Contains(got[0], "not found") {
					t.Errorf("%s before there is anything: %q", name, got)
				}
			}
			must(t, errors.Join(addGroup(rbac.Group{Name: "new"})(tx), addPermission(rbac.Permission{Name: "new"})(tx), grant("new", "new")(tx), assign("bob", "new")(tx)))
			for name, list := range listings {
				if got := list(); !slices.Equal(got, []string{"bob"}) {
					t.Errorf("%s = %q; want bob", name, got)
				}
			}
			must(t, inherit("staff", "new")(tx))
			for _, name := range []string{"AuthorizedUsers", "Users", "PermissionUsers"} {
				if got := listings[name](); !slices.Equal(got, []string{"amy", "bob"}) {
					t.Errorf("%s = %q; want amy, who is authorized now, and bob", name, got)
				}
			}
			return nil
		})
	})
}

// AssignedGroups is in the order of the groups' names, in any order of
// assignment.
func TestAssignedGroupsAreSorted(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.open(rbac.Config{})
		for _, g := range []string{"c", "a", "b"} {
			h.groups(a, map[string][]string{g: nil})
		}
		h.user(a, "amy", "", "c", "a", "b")
		must(t, a.View(ctx, func(tx *rbac.Tx) error {
			var got []string
			memberships, err := tx.AssignedGroups("amy")
			for _, m := range memberships {
				got = append(got, m.Group)
			}
			if !slices.Equal(got, []string{"a", "b", "c"}) {
				t.Errorf("AssignedGroups = %q; want a, b, c", got)
			}
			return err
		}))
	})
}

// A review that could not read everything is an error, not a shorter list.
func TestReviewIsWholeOrAnError(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		world(t, h, h.open(rbac.Config{}))
		h.store = whileUpdating(h.store, func(name string, _ []any) error {
			if name == "Permission" {
				return rbac.ErrUnavailable
			}
			return nil
		})
		err := h.open(rbac.Config{}).Update(ctx, func(tx *rbac.Tx) error {
			// after a change of a permission the store is asked
			if _, err := tx.AddPermission(rbac.Permission{Name: "other"}); err != nil {
				return err
			}
			if p, err := tx.UserPermissions("amy"); !errors.Is(err, rbac.ErrUnavailable) || p != nil {
				t.Errorf("UserPermissions = %v, %v; want ErrUnavailable", p, err)
			}
			return nil
		})
		if !errors.Is(err, rbac.ErrUnavailable) {
			t.Errorf("the Update: %v; want ErrUnavailable", err)
		}
	})
}
