package importer

import (
	"errors"
	"maps"
	"slices"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/internal/names"
)

// closeGroups closes the groups that no user of the source may join: groups
// that were deleted here, existing groups that give more than in the source,
// and new groups that would inherit a closed group. closeGroups returns the
// groups of the plan that exist here.
func (i *importing) closeGroups(tx *rbac.Tx) (here map[string]bool, err error) {
	inheritances, err1 := tx.Inheritances()
	delegations, err2 := tx.Delegations()
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	juniors := map[string][]string{}
	for _, of := range inheritances {
		juniors[of.Senior] = append(juniors[of.Senior], of.Junior)
	}
	here = map[string]bool{}
	for _, g := range i.plan.groups {
		_, err := tx.Group(g.Name)
		switch {
		case err == nil:
			here[g.Name] = true
			if i.options.Merge {
				continue
			}
			more, err := i.excess(tx, g.Name, juniors, delegations)
			if err != nil {
				return nil, err
			}
			if more != "" {
				i.closed[g.Name] = "the group " + g.Name + " was here before, and gives more than in the source: " + more
			}
		case !isRefusal(err):
			return nil, err
		case i.gone.groups[g.Name] != "":
			i.closed[g.Name] = "the group " + g.Name + " " + i.gone.groups[g.Name]
		}
	}
	for changed := true; changed; {
		changed = false
		for _, g := range i.plan.groups {
			for _, j := range g.juniors {
				if why := i.closed[j.name]; why != "" && i.closed[g.Name] == "" && !here[g.Name] {
					i.closed[g.Name], changed = "the group "+g.Name+" inherits "+j.name+": "+why, true
				}
			}
		}
	}
	return here, nil
}

// excess returns the first thing that an existing group gives beyond the group
// of the same name in the source, inherited groups included: a delegation, a
// permission, or a pattern, which also gives permissions that are added later.
// Without an excess the result is empty.
func (i *importing) excess(tx *rbac.Tx, group string, juniors map[string][]string, delegations []rbac.Delegation) (string, error) {
	found := reach(group, len(juniors), func(name string) []string { return juniors[name] })
	for _, d := range delegations {
		if found[d.Group] {
			return "the delegation of " + d.Group, nil
		}
	}
	for _, name := range slices.Sorted(maps.Keys(found)) {
		grants, err := tx.Grants(name)
		if err != nil {
			return "", err
		}
		for _, of := range grants {
			if names.IsPattern(of.Permission) {
				return of.Permission, nil
			}
		}
	}
	here, err := tx.GroupPermissions(group)
	there := i.plan.permissionsOf(group)
	for _, p := range here {
		if !there[p.Name] {
			return p.Name, err
		}
	}
	return "", err
}

// permissionsOf returns the permissions that a group of the plan gives, inherited
// permissions included.
func (p *Plan) permissionsOf(name string) map[string]bool {
	byName := map[string]group{}
	for _, g := range p.groups {
		byName[g.Name] = g
	}
	groups := reach(name, len(p.groups), func(name string) (juniors []string) {
		for _, j := range byName[name].juniors {
			juniors = append(juniors, j.name)
		}
		return juniors
	})
	found := map[string]bool{}
	for name := range groups {
		for _, of := range byName[name].grants {
			found[of.permission] = true
		}
	}
	return found
}
