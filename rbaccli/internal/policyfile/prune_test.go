package policyfile

import (
	"errors"
	"testing"

	"github.com/rbac-go/rbac"
)

const two = `name: x
groups:
  - name: a
    inherits: [b]
    grants: [p]
  - name: b
permissions:
  - name: p
delegations: [{group: a, assign: [b]}]
`

// Without prune nothing is removed; with prune what the file no longer names.
func TestPrune(t *testing.T) {
	eachStore(t, func(t *testing.T, open func() *house) {
		h := open()
		h.apply(two, false)
		const less = "name: x\ngroups:\n  - name: a\n"
		equal(t, "without prune", h.apply(less, false), "")
		equal(t, "extras", h.plan(less, false).String(), `? permission "p"
? group "b"
? inheritance "a of b"
? grant "p to a"
? delegation "a"
`)
		equal(t, "under another name", h.apply("name: y\ngroups:\n  - name: a\n", true), "")
		equal(t, "with prune", h.apply(less, true), `- permission "p"
- group "b"
- inheritance "a of b"
- grant "p to a"
- delegation "a"
`)
		equal(t, "once more", h.apply(less, true), "")
		equal(t, "the rest", h.apply("name: x\n", true), "- group \"a\"\n")
	})
}

// Prune takes away nothing that the file has not brought.
func TestPruneLeavesTheRest(t *testing.T) {
	for _, c := range []struct {
		name   string
		before func(tx *rbac.Tx) error // the apply
		after  func(tx *rbac.Tx) error
		want   string // the steps of the prune
	}{
		{"records that existed before", func(tx *rbac.Tx) error {
			return errors.Join(second(tx.AddGroup(rbac.Group{Name: "a"})), second(tx.AddGroup(rbac.Group{Name: "b"})),
				tx.AddInheritance(rbac.Inheritance{Senior: "a", Junior: "b"}))
		}, nil, "- permission \"p\"\n- grant \"p to a\"\n- delegation \"a\"\n"},
		{"a group that was renamed", nil, func(tx *rbac.Tx) error {
			g, err := tx.Group("a")
			g.Name = "a2"
			return errors.Join(err, tx.ModifyGroup(g))
		}, "- group \"b\"\n"},
		{"a group that was deleted and added by hand", nil, func(tx *rbac.Tx) error {
			return errors.Join(tx.DeleteGroup("a"), second(tx.AddGroup(rbac.Group{Name: "a"})),
				tx.AddInheritance(rbac.Inheritance{Senior: "a", Junior: "b"}), tx.GrantPermission(rbac.Grant{Group: "a", Permission: "p"}))
		}, "- group \"b\"\n"},
		{"a grant that was revoked and granted by hand", nil, func(tx *rbac.Tx) error {
			g := rbac.Grant{Group: "a", Permission: "p"}
			return errors.Join(tx.RevokePermission(g), tx.GrantPermission(g)) // goes with the group
		}, "- permission \"p\"\n- group \"a\"\n- group \"b\"\n- inheritance \"a of b\"\n- delegation \"a\"\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := inMemory(t)
			if c.before != nil {
				h.do(c.before)
			}
			h.apply(two, false)
			if c.after != nil {
				h.do(c.after)
			}
			equal(t, "the prune", h.apply("name: x\n", true), c.want)
		})
	}
}

// A record that the file refers to stays, even if the file does not list it.
func TestPruneKeepsWhatTheFileNeeds(t *testing.T) {
	h := inMemory(t)
	h.apply("name: x\nsections: [{name: s}]\npermissions: [{name: p, section: s}, {name: q}]\ngroups: [{name: a}, {name: b}, {name: c, grants: [p]}]\n", false)
	equal(t, "the prune", h.apply("name: x\npermissions: [{name: q, section: s}]\ngroups: [{name: c, inherits: [a], grants: [p]}]\n", true),
		`~ permission "q": section: none → "s"
- group "b"
+ inheritance "c of a"
`)
}

// Memberships are looked at only if the file has a list of them, and pruned
// only if the file is their source.
func TestPruneMemberships(t *testing.T) {
	h := inMemory(t)
	h.users("amy", "bob")
	h.do(func(tx *rbac.Tx) error {
		return errors.Join(second(tx.AddGroup(rbac.Group{Name: "a"})), second(tx.AddGroup(rbac.Group{Name: "b"})),
			tx.AssignUser(rbac.Membership{User: "amy", Group: "a", Source: "idp"}), tx.AssignUser(rbac.Membership{User: "bob", Group: "b"}))
	})
	const file = "name: x\ngroups: [{name: a}, {name: b}]\n"
	equal(t, "an apply", h.apply(file+"memberships: [{user: Amy, group: a}, {user: amy, group: b}, {user: bob, group: a}]\n", true),
		"+ membership \"amy in b\"\n+ membership \"bob in a\"\n")
	equal(t, "no list", h.apply(file, true), "")
	equal(t, "a shorter list", h.plan(file+"memberships: [{user: bob, group: a}]\n", true).String(),
		"- membership \"amy in b\"\n? membership \"bob in b\"\n")
	equal(t, "an empty list", h.apply(file+"memberships: []\n", true), "- membership \"amy in b\"\n- membership \"bob in a\"\n")
}

// Another program has memberships with the name of the file as their source.
func TestPruneLeavesADirectory(t *testing.T) {
	h := inMemory(t)
	h.users("amy")
	h.do(func(tx *rbac.Tx) error {
		return errors.Join(second(tx.AddGroup(rbac.Group{Name: "staff"})),
			tx.AssignUser(rbac.Membership{User: "amy", Group: "staff", Source: "ldap"}))
	})
	equal(t, "a first prune", h.apply("name: ldap\nmemberships: []\n", true), "")
	equal(t, "no membership of the file", h.apply("name: ldap\nmemberships: [{user: amy, group: staff, scope: org}]\n", true), "+ membership \"amy in staff at org\"\n")
	equal(t, "a second prune", h.apply("name: ldap\nmemberships: []\n", true), "- membership \"amy in staff at org\"\n")
}

// Prune leaves a permission that a program has declared since, and a permission
// that somebody has granted to a group that stays.
func TestPruneLeavesPermissionsInUse(t *testing.T) {
	eachStore(t, func(t *testing.T, open func() *house) {
		h := open()
		h.apply("name: x\npermissions: [{name: p}, {name: declared}, {name: granted}, {name: gone}]\ngroups: [{name: a, grants: [p, gone]}]\n", false)
		must(t, h.Declare(h.ctx(), rbac.Catalogue{Permissions: []rbac.Permission{{Name: "declared"}}}))
		h.do(func(tx *rbac.Tx) error {
			return errors.Join(second(tx.AddGroup(rbac.Group{Name: "own"})),
				tx.GrantPermission(rbac.Grant{Group: "own", Permission: "granted"}),
				tx.GrantPermission(rbac.Grant{Group: "a", Permission: "granted"}))
		})
		p := h.plan("name: x\npermissions: [{name: p}]\ngroups: [{name: a, grants: [p]}]\n", true)
		equal(t, "the plan", p.String(), `- permission "gone"
- grant "gone to a"
? permission "declared"
? permission "granted"
? group "own"
? grant "granted to a"
`)
		before := h.Revision()
		must(t, h.Declare(h.ctx(), rbac.Catalogue{Permissions: []rbac.Permission{{Name: "gone"}}}))
		equal(t, "the revision after Declare", h.Revision(), before)
		if err := p.Apply(h.ctx(), h.Authority); !errors.Is(err, rbac.ErrConflict) {
			t.Errorf("the plan removes a permission that is declared by now: %v", err)
		}
		equal(t, "the apply", h.apply("name: x\n", true), "- permission \"p\"\n- group \"a\"\n- grant \"gone to a\"\n- grant \"p to a\"\n")
		h.do(func(tx *rbac.Tx) error { return tx.RevokePermission(rbac.Grant{Group: "own", Permission: "granted"}) })
		equal(t, "once nobody has the permission", h.apply("name: x\n", true), "- permission \"granted\"\n")
	})
}

// A separation set is recognized by its groups: prune drops no rule that
// somebody else has made.
func TestPruneOfSets(t *testing.T) {
	const groups = "name: x\ngroups: [{name: a}, {name: b}, {name: c}]\n"
	sets := func(which string) string {
		return groups + "separations: [{name: s, groups: [" + which + "], cardinality: 2}, {name: d, groups: [" + which + "], cardinality: 2, dynamic: true}]\n"
	}
	const both = "- separation \"d (dynamic)\"\n- separation \"s (static)\"\n"
	for _, c := range []struct {
		name  string
		after func(h *house)
		want  string
	}{
		{"as the file has made them", func(h *house) {}, both},
		{"as the file has changed them", func(h *house) { h.apply(sets("a, c"), false) }, both},
		{"with a group that was renamed", func(h *house) {
			h.do(func(tx *rbac.Tx) error {
				g, err := tx.Group("b")
				g.Name = "0"
				return errors.Join(err, tx.ModifyGroup(g))
			})
		}, "+ group \"b\"\n" + both},
		{"with other groups", func(h *house) {
			h.do(func(tx *rbac.Tx) error {
				s := rbac.SeparationSet{Name: "s", Groups: []string{"b", "c"}, Cardinality: 2}
				d := rbac.SeparationSet{Name: "d", Groups: []string{"b", "c"}, Cardinality: 2}
				return errors.Join(tx.DeleteSSDSet("s"), tx.CreateSSDSet(s), tx.DeleteDSDSet("d"), tx.CreateDSDSet(d))
			})
		}, ""},
		{"with a further group", func(h *house) {
			h.do(func(tx *rbac.Tx) error {
				return errors.Join(tx.AddSSDSetMember("s", "c"), tx.AddDSDSetMember("d", "c"))
			})
		}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := inMemory(t)
			h.apply(sets("a, b"), false)
			c.after(h)
			equal(t, "the prune", h.apply(groups, true), c.want)
		})
	}
}

func second[T any](_ T, err error) error { return err }
