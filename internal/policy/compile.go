package policy

import (
	"maps"
	"slices"

	"github.com/rbac-go/rbac/internal/names"
	"github.com/rbac-go/rbac/store"
)

// Tables are the source of a policy: rows of a store. The policy keeps the
// rows, and the caller must not write to the rows any more.
type Tables struct {
	Groups       []store.Group
	Inheritances []store.Inheritance
	Permissions  []store.Permission
	Grants       []store.Grant      // in the order of Group and Permission
	Sections     []store.Section    // in the order of Name
	Separations  []store.Separation // the sets to check
	Delegations  []store.Delegation
}

// New compiles a policy. A store edited by hand may have odd rows: references
// to missing groups are left out, and permissions with the form of a pattern,
// too.
func New(t Tables) *Policy {
	p := newPolicy()
	for _, g := range t.Groups {
		p.putGroup(g)
	}
	p.setInheritances(t.Inheritances)
	for _, perm := range t.Permissions {
		if names.CheckNoPattern(perm.Name) == "" {
			p.putPermission(perm)
		} else {
			p.partial = true
		}
	}
	p.setGrants(t.Grants)
	p.setSeparations(t.Separations)
	p.setDelegations(t.Delegations)
	p.sections = t.Sections
	return p
}

// putGroup adds a group under the next number.
func (p *Policy) putGroup(g store.Group) {
	n := int32(p.groups.Len())
	p.groups.Set(p.serial, n, &group{Group: g, serial: p.serial})
	p.groupNums.Set(p.serial, g.Name, n)
	p.groupIDs.Set(p.serial, g.ID, n)
}

// putPermission adds a permission under the next number.
func (p *Policy) putPermission(perm store.Permission) *permission {
	n := int32(p.permissions.Len())
	made := &permission{Permission: perm, serial: p.serial}
	p.permissions.Set(p.serial, n, made)
	p.permissionNums.Set(p.serial, perm.Name, n)
	p.permissionNames.Set(p.serial, perm.Name, n)
	return made
}

// setInheritances fills the juniors and seniors of all groups. Lists are
// clipped: a policy lives long, and appending to a list must not write to it.
func (p *Policy) setInheritances(inheritances []store.Inheritance) {
	for _, i := range inheritances {
		senior, ok1 := p.groupIDs.Get(i.Senior)
		junior, ok2 := p.groupIDs.Get(i.Junior)
		if ok1 && ok2 {
			s, j := p.group(senior), p.group(junior)
			s.juniors, j.seniors = append(s.juniors, junior), append(j.seniors, senior)
		} else {
			p.partial = true
		}
	}
	for n := range p.groups.Len() {
		g := p.group(int32(n))
		g.juniors, g.seniors = slices.Clip(g.juniors), slices.Clip(g.seniors)
	}
}

// setGrants fills the grants of all groups and the givers of all permissions.
// All grants of a permission share the text of its name.
func (p *Policy) setGrants(grants []store.Grant) {
	grantees := make([][]int32, p.permissions.Len()) // by permission
	for _, g := range grants {
		n, ok := p.groupIDs.Get(g.Group)
		if !ok {
			continue
		}
		text := g.Permission
		if perm, ok := p.permissionNums.Get(text); ok {
			text = p.permissions.Get(perm).Name // the same string for all grants
			grantees[perm] = append(grantees[perm], n)
		} else {
			groups, _ := p.otherGrants.Get(text)
			p.otherGrants.Set(p.serial, text, append(groups, n))
		}
		group := p.group(n)
		group.grants = append(group.grants, text)
	}
	for n := range p.groups.Len() {
		g := p.group(int32(n))
		g.grants = slices.Clip(g.grants)
	}
	p.setGivers(grantees)
}

// setGivers computes the givers of each permission: the groups with a grant of
// the name or of a pattern, and all their inheritors.
func (p *Policy) setGivers(grantees [][]int32) {
	for text, groups := range maps.Collect(p.otherGrants.All()) {
		p.otherGrants.Set(p.serial, text, sortedSet(slices.Clone(groups)))
		if names.IsPattern(text) {
			for _, perm := range p.matching(text) {
				grantees[perm] = append(grantees[perm], groups...)
			}
		}
	}
	up := upward{p: p}
	for n, groups := range grantees {
		perm := p.permissions.Get(int32(n))
		perm.givers = newGroupSet(slices.Clip(up.closure(groups)), p.groups.Len())
	}
}

// upward finds the inheritors of many lists of groups in turn. The marks are
// allocated once, and not cleared between lists.
type upward struct {
	p     *Policy
	marks []int32 // by group: the last list with the group
	list  int32
}

// closure appends to groups all their inheritors, and removes repetitions.
// closure writes to groups.
func (u *upward) closure(groups []int32) []int32 {
	if len(groups) == 0 {
		return nil
	}
	if u.marks == nil {
		u.marks = make([]int32, u.p.groups.Len())
	}
	u.list++
	met := groups[:0]
	for _, n := range groups {
		if u.marks[n] != u.list {
			u.marks[n] = u.list
			met = append(met, n)
		}
	}
	for i := 0; i < len(met); i++ {
		for _, n := range u.p.group(met[i]).seniors {
			if u.marks[n] != u.list {
				u.marks[n] = u.list
				met = append(met, n)
			}
		}
	}
	return met
}
