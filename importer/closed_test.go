package importer_test

import (
	"errors"
	"testing"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/importer"
)

// addGroups adds groups with one grant each; an empty permission is no grant.
func addGroups(t *testing.T, a *rbac.Authority, grants map[string]string) {
	t.Helper()
	update(t, a, func(tx *rbac.Tx) (err error) {
		for name, permission := range grants {
			_, fault := tx.AddGroup(rbac.Group{Name: name})
			err = errors.Join(err, fault)
			if permission != "" {
				err = errors.Join(err, tx.GrantPermission(rbac.Grant{Group: name, Permission: permission}))
			}
		}
		return err
	})
}

// lineOfSeniors has a group that is here, and two new groups that would inherit
// it. The order of the groups is not that of the inheritances.
const lineOfSeniors = `p, role:editor, post, write
p, role:a, post, read
g, role:a, role:chief
g, role:chief, role:editor
g, bob, role:editor
g, eve, role:a
`

// A new group of the source does not inherit a group that is here and gives more
// than in the source, neither at once nor through another new group, and has no
// members. A second import comes to the same.
func TestNewGroupsDoNotInheritClosedGroups(t *testing.T) {
	a := authority(t)
	addGroups(t, a, map[string]string{"role:editor": "*"})
	p := read(t, byRoles, lineOfSeniors)
	const here = "the group role:editor was here before, and gives more than in the source: *"
	const chief = "the group role:chief inherits role:editor: " + here
	for range 2 {
		r, err := p.Apply(ctx, a, importer.Options{})
		must(t, err)
		reported(t, r,
			"policy 2 (p, role:a, post, read): not taken: its group was not taken",
			"policy 3 (g, role:a, role:chief): not taken: its group was not taken",
			"policy 4 (g, role:chief, role:editor): not taken: its group was not taken",
			"policy 5 (g, bob, role:editor): not taken: "+here,
			"policy 6 (g, eve, role:a): not taken: the group role:a inherits role:chief: "+chief)
	}
	r, err := p.Apply(ctx, a, importer.Options{Merge: true})
	must(t, err)
	reported(t, r)
	if !may(t, a, "eve", "rbac.administer", "") {
		t.Error("Merge does not let a new group inherit a group that is here")
	}
}

// The same is true of a group that may assign groups. With Merge, the proof shows
// the delegation, in its scope.
func TestNewGroupsDoNotInheritDelegations(t *testing.T) {
	a := authority(t)
	addGroups(t, a, map[string]string{"role:editor": "", "payers": ""})
	update(t, a, func(tx *rbac.Tx) error {
		return tx.AddDelegation(rbac.Delegation{Group: "role:editor", Assign: []string{"payers"}})
	})
	p := read(t, byRoles, "p, role:chief, post, edit\ng, role:chief, role:editor\ng, eve, role:chief\n")
	r, err := p.Apply(ctx, a, importer.Options{})
	must(t, err)
	if _, err := a.Identity(ctx, "eve"); !errors.Is(err, rbac.ErrNotFound) {
		t.Errorf("eve is here: %v", err)
	}
	proved(t, a, p, r, "eve: post.edit: only in the source: the group role:chief inherits role:editor: "+
		"the group role:editor was here before, and gives more than in the source: the delegation of role:editor")
	r, err = p.Apply(ctx, a, importer.Options{Merge: true})
	must(t, err)
	proved(t, a, p, r, "eve: the delegation of role:editor: only here")
}

// The proof finds a delegation that a user has in some scopes.
func TestProofOfDelegationsInScopes(t *testing.T) {
	a := authority(t)
	addGroups(t, a, map[string]string{"leads": "", "payers": ""})
	p := read(t, byRoles, oneRole)
	r, err := p.Apply(ctx, a, importer.Options{})
	must(t, err)
	proved(t, a, p, r)
	update(t, a, func(tx *rbac.Tx) error {
		return errors.Join(tx.AddDelegation(rbac.Delegation{Group: "leads", Assign: []string{"payers"}}),
			tx.AssignUser(rbac.Membership{User: "amy", Group: "leads", Scope: "org:1"}),
			tx.AssignUser(rbac.Membership{User: "amy", Group: "payers", Scope: "org:2"}))
	})
	proved(t, a, p, r)
	provedGiven(t, a, p, r, "amy: the delegation of leads in org:1"+since)
}

// A pattern gives permissions that are added later, so a group with a pattern
// gives more than the source, inherited patterns included.
func TestPatternsGiveMore(t *testing.T) {
	a := authority(t)
	addGroups(t, a, map[string]string{"role:editor": "", "writers": "post.*"})
	update(t, a, func(tx *rbac.Tx) error {
		_, err := tx.AddPermission(rbac.Permission{Name: "post.write"})
		return errors.Join(err, tx.GrantPermission(rbac.Grant{Group: "role:editor", Permission: "post.write"}), tx.AddInheritance(rbac.Inheritance{Senior: "role:editor", Junior: "writers"}))
	})
	r, err := read(t, byRoles, oneRole).Apply(ctx, a, importer.Options{})
	must(t, err)
	reported(t, r, "policy 2 (g, amy, role:editor): not taken: the group role:editor was here before, and gives more than in the source: post.*")
	if _, err := a.Identity(ctx, "amy"); !errors.Is(err, rbac.ErrNotFound) {
		t.Errorf("amy is here: %v", err)
	}
}
