package policy

import (
	"maps"
	"slices"

	"github.com/google/uuid"
)

// Affected returns the groups whose members may have other permissions under a
// later policy, in the order of ids. If the later policy was made of the older
// by changes, only the changed parts are visited.
func Affected(old, next *Policy) []uuid.UUID {
	if old == next {
		return nil
	}
	groups := map[uuid.UUID]struct{}{}
	for name, n := range old.permissionNames.From("") {
		otherGivers(old, next, old.permissions.Get(n), next.permission(name), groups)
	}
	for name, n := range next.permissionNames.From("") {
		if old.permission(name) == nil {
			otherGivers(old, next, nil, next.permissions.Get(n), groups)
		}
	}
	// A dynamic set may leave out other groups than before.
	for _, p := range []*Policy{old, next} {
		for _, s := range p.sets.All() {
			p.addIDs(groups, p.inheritors(s.members...))
		}
	}
	return sortedIDs(slices.Collect(maps.Keys(groups)))
}

// otherGivers notes the groups that give a permission under one of two policies
// only. A nil permission does not exist under its policy.
func otherGivers(old, next *Policy, before, after *permission, groups map[uuid.UUID]struct{}) {
	if before == after {
		return
	}
	was, is := old.giverIDs(before), next.giverIDs(after)
	for id := range was {
		if _, ok := is[id]; !ok {
			groups[id] = struct{}{}
		}
	}
	for id := range is {
		if _, ok := was[id]; !ok {
			groups[id] = struct{}{}
		}
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
