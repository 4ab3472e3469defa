package importer

import (
	"slices"

	"github.com/rbac-go/rbac"
)

// addPermission adds a permission. Two rows of one name are one permission.
func (p *Plan) addPermission(of rbac.Permission, at Row) {
	if slices.ContainsFunc(p.permissions, func(o permission) bool { return o.Name == of.Name }) {
		p.rest = append(p.rest, at.as(Taken, "is the same as another permission of that name"))
		return
	}
	p.permissions = append(p.permissions, permission{of, at})
}

// addGrant adds a grant to the group of that name. A row that refers to a group
// or permission that does not exist gives nobody anything, and is left out.
func (p *Plan) addGrant(name, permission string, at Row) {
	i := slices.IndexFunc(p.groups, func(g group) bool { return g.Name == name })
	if i < 0 || permission == "" {
		p.rest = append(p.rest, at.as(NotTaken, "its group or permission does not exist"))
		return
	}
	p.groups[i].grants = append(p.groups[i].grants, grant{permission, at})
}

// addGroupFor adds a permission that no table has, and a group with the
// permission.
func (p *Plan) addGroupFor(permissionName, name string) error {
	if slices.ContainsFunc(p.groups, func(g group) bool { return g.Name == name }) {
		return invalid("group", name, "", "the source has a group of this name, which an import needs: rename the group")
	}
	if !slices.ContainsFunc(p.permissions, func(o permission) bool { return o.Name == permissionName }) {
		p.permissions = append(p.permissions, permission{Permission: rbac.Permission{Name: permissionName}})
	}
	p.groups = append(p.groups, group{Group: rbac.Group{Name: name}, grants: []grant{{permission: permissionName}}})
	return nil
}

// userAt returns the user of a row, by the key of the source. A row of no user is
// left out.
func (p *Plan) userAt(index map[string]int, key string, at Row) *user {
	i, ok := index[key]
	if !ok {
		p.rest = append(p.rest, at.as(NotTaken, "its user does not exist"))
		return nil
	}
	return &p.users[i]
}

// join adds a membership. If the group does not exist, the user is refused.
func (u *user) join(group, scope string, at Row) {
	if group == "" {
		u.refuse("is in a group that does not exist")
	}
	u.joins = append(u.joins, join{group, scope, at})
}

// has adds a permission that the user has without a group.
func (u *user) has(permission, scope string, at Row) {
	if permission == "" {
		u.refuse("has a permission that does not exist")
	}
	u.own = append(u.own, own{permission, scope, at})
}

// checked returns a plan, unless two of its groups have the same name: the
// members of one would have the permissions of both.
func (p *Plan) checked() (*Plan, error) {
	seen := map[string]bool{}
	for _, g := range p.groups {
		if seen[g.Name] {
			return nil, invalid("group", g.Name, "", "two groups of the source would have this name: rename one of them")
		}
		seen[g.Name] = true
	}
	return p, nil
}
