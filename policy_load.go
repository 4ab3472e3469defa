package rbac

import (
	"maps"
	"slices"

	"github.com/rbac-go/rbac/internal/names"
	"github.com/rbac-go/rbac/store"
)

// loadPolicy reads and compiles the policy that r shows.
func loadPolicy(r store.Records) (*policy, error) {
	p := newPolicy()
	p.shared = &sharedGroups{}
	var granted grantees
	for _, step := range []func(store.Records) error{p.readGroups, p.readInheritances, p.readPermissions,
		func(r store.Records) (err error) { granted, err = p.readGrants(r); return err }, p.readSeparations, p.readSections} {
		if err := step(r); err != nil {
			return nil, err
		}
	}
	p.spread(granted)
	return p, nil
}

func (p *policy) readGroups(r store.Records) error {
	groups, err := publicRows(r.Groups, publicGroup)
	p.setGroups(groups)
	return err
}

func (p *policy) setGroups(groups []Group) {
	for _, g := range groups {
		p.putGroup(g)
	}
}

// putGroup numbers a new group.
func (p *policy) putGroup(g Group) {
	n := int32(p.groups.Len())
	p.groups.Set(p.serial, n, &policyGroup{Group: g, serial: p.serial})
	p.groupNums.Set(p.serial, g.Name, n)
	p.groupIDs.Set(p.serial, g.ID, n)
}

func (p *policy) readInheritances(r store.Records) error {
	inheritances, err := r.Inheritances()
	p.setInheritances(inheritances)
	return err
}

// setInheritances leaves out those of groups that p does not have.
func (p *policy) setInheritances(inheritances []store.Inheritance) {
	for _, i := range inheritances {
		senior, ok1 := p.groupIDs.Get(i.Senior)
		junior, ok2 := p.groupIDs.Get(i.Junior)
		if ok1 && ok2 {
			s, j := p.group(senior), p.group(junior)
			s.juniors, j.seniors = append(s.juniors, junior), append(j.seniors, senior)
		}
	}
	for n := range p.groups.Len() {
		g := p.group(int32(n))
		g.juniors, g.seniors = slices.Clip(g.juniors), slices.Clip(g.seniors)
	}
}

func (p *policy) readPermissions(r store.Records) error {
	permissions, err := publicRows(r.Permissions, publicPermission)
	for _, perm := range permissions {
		if names.CheckNoPattern(perm.Name) == "" { // else the store was edited by hand, or is of a version that took such names
			p.putPermission(perm)
		}
	}
	return err
}

// putPermission numbers a new permission.
func (p *policy) putPermission(perm Permission) *policyPermission {
	n := int32(p.permissions.Len())
	made := &policyPermission{Permission: perm, serial: p.serial}
	p.permissions.Set(p.serial, n, made)
	p.permissionNums.Set(p.serial, perm.Name, n)
	p.names.Set(p.serial, perm.Name, n)
	return made
}

// grantees are the groups with a grant that gives a permission, by its number.
type grantees [][]int32

func (p *policy) readGrants(r store.Records) (grantees, error) {
	grants, err := r.Grants()
	granted := make(grantees, p.permissions.Len())
	for _, g := range grants {
		n, ok := p.groupIDs.Get(g.Group)
		if !ok {
			continue
		}
		name := g.Permission
		if perm, ok := p.permissionNums.Get(name); ok {
			name = p.permissions.Get(perm).Name // one text for all who name it
			granted[perm] = append(granted[perm], n)
		} else {
			groups, _ := p.loose.Get(name)
			p.loose.Set(p.serial, name, append(groups, n))
		}
		group := p.group(n)
		group.grants = append(group.grants, name) // they come in the order of group and permission
	}
	for n := range p.groups.Len() {
		g := p.group(int32(n))
		g.grants = slices.Clip(g.grants)
	}
	return granted, err
}

// spread gives each permission the groups that are granted it, and all that inherit these.
func (p *policy) spread(granted grantees) {
	for pattern, groups := range maps.Collect(p.loose.All()) {
		p.loose.Set(p.serial, pattern, sortedSet(slices.Clone(groups)))
		if names.IsPattern(pattern) {
			for _, perm := range p.matching(pattern) {
				granted[perm] = append(granted[perm], groups...)
			}
		}
	}
	seniors := climber{p: p}
	for n, groups := range granted {
		perm := p.permissions.Get(int32(n))
		perm.given = newGroupSet(slices.Clip(seniors.climb(groups)), p.groups.Len())
	}
}

// climber finds the inheritors of many lists of groups, one after the other.
type climber struct {
	p     *policy
	seen  []int32 // in which round a group was met last; made when there is one
	round int32
}

// climb returns groups, of a list that is nobody else's, with all that inherit them, each once.
func (c *climber) climb(groups []int32) []int32 {
	if len(groups) == 0 {
		return nil
	}
	if c.seen == nil {
		c.seen = make([]int32, c.p.groups.Len())
	}
	c.round++
	met := groups[:0]
	for _, n := range groups {
		if c.seen[n] != c.round {
			c.seen[n] = c.round
			met = append(met, n)
		}
	}
	for i := 0; i < len(met); i++ {
		for _, n := range c.p.group(met[i]).seniors {
			if c.seen[n] != c.round {
				c.seen[n] = c.round
				met = append(met, n)
			}
		}
	}
	return met
}

func (p *policy) readSeparations(r store.Records) error {
	sets, err := r.Separations(true)
	p.setSeparations(sets)
	return err
}

// setSeparations makes p check these sets, and no others.
func (p *policy) setSeparations(sets []store.Separation) {
	for _, set := range maps.Collect(p.sets.All()) {
		p.dropSet(set)
	}
	for _, set := range sets {
		p.putSet(set)
	}
}

func (p *policy) readSections(r store.Records) error {
	sections, err := publicRows(r.Sections, publicSection)
	p.sections = sections
	return err
}
