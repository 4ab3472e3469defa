package rbac_test

import (
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/rbac-go/rbac"
	"pgregory.net/rapid"
)

// The steps of histories that change something in an Update.

func membershipOf(k member) rbac.Membership {
	return rbac.Membership{User: k.user, Group: k.group, Scope: k.scope}
}

var memberSteps = []kind{
	{"AssignUser", 9, func(d *drawing) step {
		k, until := d.membership(), d.end()
		return admin(func(m *standard) faults { return m.AssignUser(k, until) }, func(tx *rbac.Tx) error {
			ms := membershipOf(k)
			ms.Until = until
			return tx.AssignUser(ms)
		})
	}},
	{"AssignUser", 9, func(d *drawing) step {
		k := member{d.user(), d.group(), ""}
		return admin(func(m *standard) faults { return m.AssignUser(k, time.Time{}) }, func(tx *rbac.Tx) error { return tx.AssignUser(membershipOf(k)) })
	}},
	{"ModifyMembership", 7, func(d *drawing) step {
		k, until := d.endedMembership(), d.end()
		return admin(func(m *standard) faults { return m.ModifyMembership(k, until) }, func(tx *rbac.Tx) error {
			ms := membershipOf(k)
			ms.Until = until
			return tx.ModifyMembership(ms)
		})
	}},
	{"DeassignUser", 4, func(d *drawing) step {
		k := d.oldMembership()
		return admin(func(m *standard) faults { return m.DeassignUser(k) }, func(tx *rbac.Tx) error { return tx.DeassignUser(membershipOf(k)) })
	}},
	{"EndScope", 1, func(d *drawing) step {
		scope := d.of("", "x", "x", "y")
		return step{
			model: func(m *standard) (string, faults) { return m.EndScope(scope) },
			tx: func(_ *site, tx *rbac.Tx) (string, error) {
				n, err := tx.EndScope(scope)
				if err != nil {
					return "", err
				}
				return fmt.Sprint(n), nil
			},
		}
	}},
	{"GrantPermission", 6, func(d *drawing) step {
		k := d.grant()
		return admin(func(m *standard) faults { return m.GrantPermission(k) }, func(tx *rbac.Tx) error {
			return tx.GrantPermission(rbac.Grant{Group: k.group, Permission: k.permission})
		})
	}},
	{"RevokePermission", 2, func(d *drawing) step {
		k := d.oldGrant()
		return admin(func(m *standard) faults { return m.RevokePermission(k) }, func(tx *rbac.Tx) error {
			return tx.RevokePermission(rbac.Grant{Group: k.group, Permission: k.permission})
		})
	}},
}

var edgeSteps = []kind{
	{"AddInheritance", 10, func(d *drawing) step {
		e := d.edge()
		return admin(func(m *standard) faults { return m.AddInheritance(e) }, func(tx *rbac.Tx) error {
			return tx.AddInheritance(rbac.Inheritance{Senior: e.senior, Junior: e.junior})
		})
	}},
	{"DeleteInheritance", 4, func(d *drawing) step {
		e := d.oldEdge()
		return admin(func(m *standard) faults { return m.DeleteInheritance(e) }, func(tx *rbac.Tx) error {
			return tx.DeleteInheritance(rbac.Inheritance{Senior: e.senior, Junior: e.junior})
		})
	}},
	{"AddAscendant", 2, func(d *drawing) step {
		e := edge{d.of(allGroups...), d.group()}
		return adding(func(m *standard) faults { return m.AddAscendant(e.senior, e.junior) }, func(tx *rbac.Tx, id uuid.UUID) error {
			_, err := tx.AddAscendant(rbac.Group{ID: id, Name: e.senior}, e.junior)
			return err
		})
	}},
	{"AddDescendant", 2, func(d *drawing) step {
		e := edge{junior: d.of(allGroups...), senior: d.group()}
		return adding(func(m *standard) faults { return m.AddDescendant(e.junior, e.senior) }, func(tx *rbac.Tx, id uuid.UUID) error {
			_, err := tx.AddDescendant(rbac.Group{ID: id, Name: e.junior}, e.senior)
			return err
		})
	}},
}

// ofKind returns the function for static or for dynamic sets.
func ofKind[F any](k setKey, static, dynamic F) F {
	if k.kind == "SSD" {
		return static
	}
	return dynamic
}

var setSteps = []kind{
	{"CreateSet", 9, func(d *drawing) step {
		k, groups, n := d.set(), d.groups(2), draw(d, "%d", anyOf([]int{2, 2, 2, 2, 2, 3, 3, 4, 1, 0}))
		return admin(func(m *standard) faults { return m.CreateSet(k, groups, n) }, func(tx *rbac.Tx) error {
			return ofKind(k, tx.CreateSSDSet, tx.CreateDSDSet)(rbac.SeparationSet{Name: k.name, Groups: groups, Cardinality: n})
		})
	}},
	{"DeleteSet", 2, func(d *drawing) step {
		k := d.oldSet()
		return admin(func(m *standard) faults { return m.DeleteSet(k) }, func(tx *rbac.Tx) error {
			return ofKind(k, tx.DeleteSSDSet, tx.DeleteDSDSet)(k.name)
		})
	}},
	{"AddSetMember", 5, func(d *drawing) step {
		k, group := d.oldSet(), d.group()
		return admin(func(m *standard) faults { return m.AddSetMember(k, group) }, func(tx *rbac.Tx) error {
			return ofKind(k, tx.AddSSDSetMember, tx.AddDSDSetMember)(k.name, group)
		})
	}},
	{"DeleteSetMember", 3, func(d *drawing) step {
		k := d.oldSet()
		group := d.memberOf(k)
		return admin(func(m *standard) faults { return m.DeleteSetMember(k, group) }, func(tx *rbac.Tx) error {
			return ofKind(k, tx.DeleteSSDSetMember, tx.DeleteDSDSetMember)(k.name, group)
		})
	}},
	{"SetCardinality", 4, func(d *drawing) step {
		k, n := d.oldSet(), draw(d, "%d", anyOf([]int{2, 2, 2, 3, 3, 4, 1, 0}))
		return admin(func(m *standard) faults { return m.SetCardinality(k, n) }, func(tx *rbac.Tx) error {
			return ofKind(k, tx.SetSSDSetCardinality, tx.SetDSDSetCardinality)(k.name, n)
		})
	}},
}

func (d *drawing) delegation() rbac.Delegation {
	return rbac.Delegation{Group: d.group(), Assign: d.groups(0), Users: draw(d, "users %v", rapid.Bool())}
}

var delegationSteps = []kind{
	{"AddDelegation", 8, func(d *drawing) step {
		given := d.delegation()
		return admin(func(m *standard) faults { return m.AddDelegation(given.Group, given) }, func(tx *rbac.Tx) error { return tx.AddDelegation(given) })
	}},
	{"ModifyDelegation", 3, func(d *drawing) step {
		given := d.delegation()
		return admin(func(m *standard) faults { return m.ModifyDelegation(given.Group, given) }, func(tx *rbac.Tx) error { return tx.ModifyDelegation(given) })
	}},
	{"DeleteDelegation", 1, func(d *drawing) step {
		group := d.group()
		return admin(func(m *standard) faults { return m.DeleteDelegation(group) }, func(tx *rbac.Tx) error { return tx.DeleteDelegation(group) })
	}},
}

var recordSteps = []kind{
	{"AddUser", 2, func(d *drawing) step {
		user := d.of(append(allUsers, "dan", "eve")...)
		return admin(func(m *standard) faults { return m.AddUser(user) }, addUser(rbac.User{Name: user})) // delegates choose no ids
	}},
	{"DeleteUser", 1, func(d *drawing) step {
		user := d.user()
		return admin(func(m *standard) faults { return m.DeleteUser(user) }, func(tx *rbac.Tx) error { return tx.DeleteUser(user) })
	}},
	{"DisableUser", 1, func(d *drawing) step {
		user := d.user()
		return admin(func(m *standard) faults { return m.DisableUser(user) }, modifyUser(user, func(u *rbac.User) { u.Disabled = true }))
	}},
	{"EnableUser", 2, func(d *drawing) step {
		user := d.user()
		return admin(func(m *standard) faults { return m.EnableUser(user) }, modifyUser(user, func(u *rbac.User) { u.Disabled = false }))
	}},
	{"RenameUser", 1, func(d *drawing) step {
		user, name := d.user(), d.user()
		return admin(func(m *standard) faults { return m.RenameUser(user, name) }, modifyUser(user, func(u *rbac.User) { u.Name = name }))
	}},
	{"AddGroup", 3, func(d *drawing) step {
		group := d.of(allGroups...)
		return adding(func(m *standard) faults { return m.AddGroup(group) }, func(tx *rbac.Tx, id uuid.UUID) error {
			return addGroup(rbac.Group{ID: id, Name: group})(tx)
		})
	}},
	{"DeleteGroup", 3, func(d *drawing) step {
		group := d.group()
		return admin(func(m *standard) faults { return m.DeleteGroup(group) }, func(tx *rbac.Tx) error { return tx.DeleteGroup(group) })
	}},
	{"RenameGroup", 3, func(d *drawing) step {
		group, name := d.group(), d.of(allGroups...)
		return admin(func(m *standard) faults { return m.RenameGroup(group, name) }, func(tx *rbac.Tx) error {
			g, err := tx.Group(group)
			if err != nil {
				return err
			}
			g.Name = name
			return tx.ModifyGroup(g)
		})
	}},
	{"AddPermission", 2, func(d *drawing) step {
		p := rbac.Permission{Name: d.of(append(allPermissions, "door.*", "*")...), Object: d.of("", "lamp"), Operation: d.of("", "touch")}
		return admin(func(m *standard) faults { return m.AddPermission(p.Name, p.Object, p.Operation) }, addPermission(p))
	}},
	{"ModifyPermission", 1, func(d *drawing) step {
		name, object, operation := d.permission(), d.of("", "lamp"), d.of("", "touch")
		return admin(func(m *standard) faults { return m.ModifyPermission(name, object, operation) }, func(tx *rbac.Tx) error {
			p, err := tx.Permission(name)
			if err != nil {
				return err
			}
			p.Object, p.Operation = object, operation
			return tx.ModifyPermission(p)
		})
	}},
	{"DeletePermission", 1, func(d *drawing) step {
		name := d.permission()
		return admin(func(m *standard) faults { return m.DeletePermission(name) }, func(tx *rbac.Tx) error { return tx.DeletePermission(name) })
	}},
}

func modifyUser(user string, modify func(*rbac.User)) func(tx *rbac.Tx) error {
	return func(tx *rbac.Tx) error {
		u, err := tx.User(user)
		if err != nil {
			return err
		}
		modify(&u)
		return tx.ModifyUser(u)
	}
}
