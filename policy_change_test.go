package rbac_test

import (
	"testing"

	"github.com/rbac-go/rbac"
)

// Every change that a policy can see, in the Authority that makes the change
// and in an Authority that follows the log, leads to the state of the store,
// and untouched parts of the policy are shared with the state before.
func TestPolicyFollowsChange(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a, b := h.open(rbac.Config{}), h.open(rbac.Config{})
		must(t, a.Update(ctx, all(
			addGroup(rbac.Group{Name: "bystanders"}), addPermission(rbac.Permission{Name: "by.stand"}), grant("bystanders", "by.stand"))))
		for _, tt := range []struct {
			name string
			do   func(*rbac.Tx) error
		}{
			{"a section", func(tx *rbac.Tx) error { return tx.AddSection(rbac.Section{Name: "posts", Title: "Posts"}) }},
			{"another section before it", func(tx *rbac.Tx) error { return tx.AddSection(rbac.Section{Name: "zoo", Position: -1}) }},
			{"groups and permissions", all(
				addGroup(rbac.Group{Name: "bureau"}),
				addGroup(rbac.Group{Name: "chiefs"}), addGroup(rbac.Group{Name: "editors"}), addGroup(rbac.Group{Name: "staff"}),
				addPermission(rbac.Permission{Name: "post.edit", Section: "posts", Position: 2}),
				addPermission(rbac.Permission{Name: "post.read", Section: "posts"}),
				addPermission(rbac.Permission{Name: "post"}))},
			{"a grant", grant("editors", "post.edit")},
			{"a pattern", grant("staff", "post.*")},
			{"an inheritance", inherit("chiefs", "editors")},
			{"another inheritance", inherit("editors", "staff")},
			{"a permission that the pattern gives", addPermission(rbac.Permission{Name: "post.write", Section: "zoo"})},
			{"the note of a grant", func(tx *rbac.Tx) error {
				return tx.ModifyGrant(rbac.Grant{Group: "editors", Permission: "post.edit", Note: "for now"})
			}},
			{"a revoked grant that a pattern replaces", revoke("editors", "post.edit")},
			{"the same again", grant("editors", "post.edit")},
			{"a permission to another section", func(tx *rbac.Tx) error {
				return modifyPermission(tx, "post.read", func(p *rbac.Permission) { p.Section, p.Title = "zoo", "Read" })
			}},
			{"a section to another place", func(tx *rbac.Tx) error { return tx.ModifySection(rbac.Section{Name: "zoo", Position: 9}) }},
			{"names that go round", func(tx *rbac.Tx) error {
				return all(renameGroup("chiefs", "x"), renameGroup("editors", "chiefs"), renameGroup("x", "editors"))(tx)
			}},
			{"names that go back", all(renameGroup("chiefs", "x"), renameGroup("editors", "chiefs"), renameGroup("x", "editors"))},
			{"a dynamic set", func(tx *rbac.Tx) error {
				return tx.CreateDSDSet(rbac.SeparationSet{Name: "desks", Groups: []string{"editors", "staff", "bureau"}, Cardinality: 2})
			}},
			{"a static set", func(tx *rbac.Tx) error {
				return tx.CreateSSDSet(rbac.SeparationSet{Name: "apart", Groups: []string{"editors", "bureau"}, Cardinality: 2})
			}},
			{"a member less", func(tx *rbac.Tx) error { return tx.DeleteDSDSetMember("desks", "staff") }},
			{"a member more", func(tx *rbac.Tx) error { return tx.AddDSDSetMember("desks", "staff") }},
			{"a delegation", delegate("chiefs", "staff", "editors")},
			{"another delegation", delegate("bureau", "chiefs")},
			{"other groups of a delegation", func(tx *rbac.Tx) error {
				return tx.ModifyDelegation(rbac.Delegation{Group: "chiefs", Assign: []string{"bureau", "staff"}, Users: true})
			}},
			{"a delegation of renamed groups", func(tx *rbac.Tx) error {
				return all(renameGroup("staff", "crew"), renameGroup("chiefs", "heads"),
					func(tx *rbac.Tx) error { return tx.DeleteDelegation("heads") }, delegate("heads", "crew", "bureau"),
					renameGroup("crew", "staff"), renameGroup("heads", "chiefs"))(tx)
			}},
			{"a delegation less", func(tx *rbac.Tx) error { return tx.DeleteDelegation("bureau") }},
			{"another cardinality", func(tx *rbac.Tx) error { return tx.SetDSDSetCardinality("desks", 3) }},
			{"a user", func(tx *rbac.Tx) error { _, err := tx.AddUser(rbac.User{Name: "amy"}); return err }},
			{"a membership", assign("amy", "chiefs")},
			{"everything", grant("chiefs", "*")},
			{"an inheritance less", func(tx *rbac.Tx) error {
				return tx.DeleteInheritance(rbac.Inheritance{Senior: "chiefs", Junior: "editors"})
			}},
			{"everything no more", revoke("chiefs", "*")},
			{"the pattern no more", revoke("staff", "post.*")},
			{"a permission less", func(tx *rbac.Tx) error { return tx.DeletePermission("post.edit") }},
			{"a section less", func(tx *rbac.Tx) error { return tx.DeleteSection("zoo") }},
			{"a group less, with all that goes along", all(
				inherit("chiefs", "staff"), inherit("staff", "bureau"), grant("staff", "post.read"), assign("amy", "staff"),
				func(tx *rbac.Tx) error { return tx.SetDSDSetCardinality("desks", 2) },
				func(tx *rbac.Tx) error { return tx.DeleteGroup("staff") })},
			{"a set less", func(tx *rbac.Tx) error { return tx.DeleteDSDSet("desks") }},
			{"an old name for a new group", addGroup(rbac.Group{Name: "staff"})},
			{"an old name for a new permission", addPermission(rbac.Permission{Name: "post.edit"})},
		} {
			for _, who := range []*rbac.Authority{a, b} {
				must1(who.Identify(ctx, rbac.Token{})) // has seen all previous changes
			}
			before := [2][2]any{a.PolicyParts("bystanders", "by.stand"), b.PolicyParts("bystanders", "by.stand")}
			if err := a.Update(ctx, tt.do); err != nil {
				t.Fatalf("%s: %v", tt.name, err)
			}
			for i, who := range []*rbac.Authority{a, b} {
				must1(who.Identify(ctx, rbac.Token{}))
				if drift := must1(who.PolicyDrift(ctx)); drift != "" {
					t.Errorf("%s: Authority %d %s", tt.name, i+1, drift)
				}
				shared := who.PolicyParts("bystanders", "by.stand")
				if everybody := tt.name == "everything" || tt.name == "everything no more"; everybody {
					shared[1] = before[i][1] // * contains all permissions
				}
				if shared != before[i] {
					t.Errorf("%s: Authority %d has made anew what was not touched", tt.name, i+1)
				}
			}
		}
	})
}

func delegate(group string, assign ...string) func(*rbac.Tx) error {
	return func(tx *rbac.Tx) error {
		return tx.AddDelegation(rbac.Delegation{Group: group, Assign: assign})
	}
}

func renameGroup(from, to string) func(*rbac.Tx) error {
	return func(tx *rbac.Tx) error {
		g, err := tx.Group(from)
		if err != nil {
			return err
		}
		g.Name = to
		return tx.ModifyGroup(g)
	}
}

func modifyPermission(tx *rbac.Tx, name string, change func(*rbac.Permission)) error {
	p, err := tx.Permission(name)
	if err != nil {
		return err
	}
	change(&p)
	return tx.ModifyPermission(p)
}

// An Identity from before the end of an inheritance keeps its groups, and a new
// Identity loses them.
func TestSnapshotOutlivesInheritance(t *testing.T) {
	h := newHouse(t, stores[0].open(t))
	a := h.open(rbac.Config{})
	must(t, a.Update(ctx, all(addGroup(rbac.Group{Name: "chiefs"}), addGroup(rbac.Group{Name: "staff"}), inherit("chiefs", "staff"))))
	must(t, a.Update(ctx, all(addUser(rbac.User{Name: "bob"}), assign("bob", "chiefs"))))
	bob := must1(a.Identity(ctx, "bob"))
	must(t, a.Update(ctx, func(tx *rbac.Tx) error {
		return tx.DeleteInheritance(rbac.Inheritance{Senior: "chiefs", Junior: "staff"})
	}))
	then := must1(a.Identity(ctx, "bob"))
	if then.InGroup("staff") || !bob.InGroup("staff") {
		t.Error("bob is in staff until the inheritance ends, and in what was said before it ended")
	}
}
