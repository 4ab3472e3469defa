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
		}, "- permission \"p\"\n- group \"b\"\n"},
		{"a group that was deleted and added by hand", nil, func(tx *rbac.Tx) error {
			return errors.Join(tx.DeleteGroup("a"), second(tx.AddGroup(rbac.Group{Name: "a"})),
				tx.AddInheritance(rbac.Inheritance{Senior: "a", Junior: "b"}), tx.GrantPermission(rbac.Grant{Group: "a", Permission: "p"}))
		}, "- permission \"p\"\n- group \"b\"\n"},
		{"a grant that was revoked and granted by hand", nil, func(tx *rbac.Tx) error {
			g := rbac.Grant{Group: "a", Permission: "p"}
			return errors.Join(tx.RevokePermission(g), tx.GrantPermission(g))
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

func second[T any](_ T, err error) error { return err }
