package policy

import (
	"slices"

	"github.com/google/uuid"
)

// Comparison is the difference between the permissions that two policies give.
type Comparison struct {
	// Permissions are the names of the permissions with other givers, in byte
	// order.
	Permissions []string
	// Groups are the groups whose members may have other permissions, in the
	// order of ids.
	Groups []uuid.UUID
	// Activation reports that a dynamic set may leave out other groups than
	// before. The members of Groups may then have any permission more or less,
	// not only one of Permissions.
	Activation bool
}

// Compare compares a policy with a later policy. If the later policy was made
// of the older by changes, only the changed parts are visited.
func Compare(old, next *Policy) Comparison {
	var c Comparison
	if old == next {
		return c
	}
	groups := map[uuid.UUID]struct{}{}
	for name, n := range old.permissionNames.From("") {
		c.permission(old, next, name, old.permissions.Get(n), next.permission(name), groups)
	}
	for name, n := range next.permissionNames.From("") {
		if old.permission(name) == nil {
			c.permission(old, next, name, nil, next.permissions.Get(n), groups)
		}
	}
	slices.Sort(c.Permissions)
	for _, p := range []*Policy{old, next} {
		for _, s := range p.sets.All() {
			c.Activation = true
			p.addIDs(groups, p.inheritors(s.members...))
		}
	}
	for id := range groups {
		c.Groups = append(c.Groups, id)
	}
	sortedIDs(c.Groups)
	return c
}

// permission notes a permission, and the groups that give the permission under
// one of two policies only. A nil permission does not exist under its policy.
func (c *Comparison) permission(
	old, next *Policy, name string, before, after *permission, groups map[uuid.UUID]struct{},
) {
	if before == after {
		return
	}
	was, is := old.giverIDs(before), next.giverIDs(after)
	changed := false
	for id := range was {
		if _, ok := is[id]; !ok {
			groups[id], changed = struct{}{}, true
		}
	}
	for id := range is {
		if _, ok := was[id]; !ok {
			groups[id], changed = struct{}{}, true
		}
	}
	if changed {
		c.Permissions = append(c.Permissions, name)
	}
}

// giverIDs returns the ids of the groups that give a permission, by name the
// same in every policy.
func (p *Policy) giverIDs(perm *permission) map[uuid.UUID]struct{} {
	ids := map[uuid.UUID]struct{}{}
	if perm != nil {
		p.addIDs(ids, perm.givers.numbers())
	}
	return ids
}

func (p *Policy) addIDs(ids map[uuid.UUID]struct{}, groups []int32) {
	for _, n := range groups {
		if g := p.group(n); g != nil {
			ids[g.ID] = struct{}{}
		}
	}
}
