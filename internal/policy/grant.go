package policy

import (
	"slices"
	"strings"

	"github.com/rbac-go/rbac/internal/names"
	"github.com/rbac-go/rbac/store"
)

// This file applies changes of grants and inheritances. Each permission has a
// set of givers, closed under inheritance. A new grant or inheritance adds the
// senior group and all inheritors to the givers of the gained permissions. A
// revoked grant or deleted inheritance may leave another path to a permission,
// so dropGivers looks for the remaining paths.

// granted reports whether the group has a grant of exactly the text.
func (g *group) granted(text string) bool {
	_, ok := slices.BinarySearch(g.grants, text)
	return ok
}

// grant adds a grant of a permission or of a pattern. A grant of an unknown
// name is refused: the permission must be added first.
func (p *Policy) grant(c store.Change) bool {
	n, ok := p.groupIDs.Get(c.SubjectID)
	if !ok || p.group(n).granted(c.Object) {
		return false
	}
	text := c.Object
	if num, ok := p.permissionNums.Get(text); ok {
		text = p.permissions.Get(num).Name
	} else if names.IsPattern(text) {
		text = strings.Clone(text) // the host may reuse the bytes, and the policy stays
		groups, _ := p.otherGrants.Get(text)
		p.otherGrants.Set(p.serial, text, sortedSet(append(slices.Clone(groups), n)))
	} else {
		return false
	}
	g := p.editGroup(n)
	g.grants = insert(g.grants, text, strings.Compare)
	return p.addGivers(p.inheritors(n), text)
}

// revoke deletes a grant. Other grants of the group, and inherited grants, may
// still give the permissions.
func (p *Policy) revoke(c store.Change) bool {
	n, ok := p.groupIDs.Get(c.SubjectID)
	if !ok || !p.group(n).granted(c.Object) {
		return false
	}
	if groups, ok := p.otherGrants.Get(c.Object); ok {
		if groups = remove(groups, n); len(groups) > 0 {
			p.otherGrants.Set(p.serial, c.Object, groups)
		} else {
			p.otherGrants.Delete(p.serial, c.Object)
		}
	}
	g := p.editGroup(n)
	g.grants = remove(g.grants, c.Object)
	return p.dropGivers(p.inheritors(n), c.Object)
}

// inherit adds an inheritance: the senior and all its inheritors gain the
// grants of the junior and of all groups that the junior inherits.
func (p *Policy) inherit(c store.Change) bool {
	senior, junior, exists, ok := p.inheritance(c)
	if !ok || exists {
		return false
	}
	s, j := p.editGroup(senior), p.editGroup(junior)
	s.juniors = slices.Concat(s.juniors, []int32{junior})
	j.seniors = slices.Concat(j.seniors, []int32{senior})
	return p.addGivers(p.inheritors(senior), p.grantsOf(junior)...)
}

// disinherit deletes an inheritance, immediate ones only.
func (p *Policy) disinherit(c store.Change) bool {
	senior, junior, exists, ok := p.inheritance(c)
	if !ok || !exists {
		return false
	}
	s, j := p.editGroup(senior), p.editGroup(junior)
	s.juniors, j.seniors = remove(s.juniors, junior), remove(j.seniors, senior)
	return p.dropGivers(p.inheritors(senior), p.grantsOf(junior)...)
}

// inheritance finds the groups of a change of an inheritance.
func (p *Policy) inheritance(c store.Change) (senior, junior int32, exists, ok bool) {
	senior, ok1 := p.groupIDs.Get(c.SubjectID)
	junior, ok2 := p.groupIDs.Get(c.ObjectID)
	if !ok1 || !ok2 {
		return 0, 0, false, false
	}
	return senior, junior, slices.Contains(p.group(senior).juniors, junior), true
}

// grantsOf lists the grants of a group, inherited grants included.
func (p *Policy) grantsOf(n int32) []string {
	var grants []string
	for _, m := range p.Closure([]int32{n}) {
		grants = append(grants, p.group(m).grants...)
	}
	return grants
}

// given lists the permissions of grants, by number and each once.
func (p *Policy) given(grants []string) []int32 {
	var list []int32
	for _, text := range grants {
		if n, ok := p.permissionNums.Get(text); ok {
			list = append(list, n)
		} else if names.IsPattern(text) {
			for _, n := range p.matching(text) {
				list = append(list, n)
			}
		}
	}
	return sortedSet(list)
}

// addGivers adds groups to the givers of the permissions of grants.
func (p *Policy) addGivers(groups []int32, grants ...string) bool {
	permissions := p.given(grants)
	if !p.afford(len(permissions), len(groups)) {
		return false
	}
	for _, n := range permissions {
		edited := p.editPermission(n)
		edited.givers = edited.givers.with(groups, p.groups.Len())
	}
	return true
}

// dropGivers removes groups from the givers of the permissions of grants,
// unless a group still gives the permission by a grant of the group itself or
// of an inherited group. The groups are sorted and include all their
// inheritors.
//
// A group remains a giver if the group has a matching grant, or a junior
// outside the groups is a giver; then all inheritors of the group remain
// givers, too.
func (p *Policy) dropGivers(groups []int32, grants ...string) bool {
	permissions := p.given(grants)
	others := make([][]int32, len(groups)) // the juniors outside groups: their permissions stay
	edges := 0
	for i, n := range groups {
		others[i] = minus(p.group(n).juniors, groups)
		edges += len(others[i])
	}
	if !p.afford(len(permissions), len(groups)+edges) {
		return false
	}
	up := upward{p: p}
	for _, num := range permissions {
		perm := p.permissions.Get(num)
		var keep []int32
		texts := giving(perm.Name)
		for i, n := range groups {
			if givesAny(p.group(n).grants, texts) || slices.ContainsFunc(others[i], perm.givers.has) {
				keep = append(keep, n)
			}
		}
		if lost := minus(groups, sortedSet(up.closure(keep))); len(lost) > 0 {
			p.editPermission(num).givers = perm.givers.without(lost, p.groups.Len())
		}
	}
	return true
}

// maxWork bounds the cost of applying changes, counted in visits to a group for
// a permission. The bound is a fraction of a second: requests may have to wait
// as long.
const maxWork = 4_000_000

// afford adds the cost of visiting groups for each of some permissions, and
// reports whether the sum is within maxWork.
func (p *Policy) afford(permissions, groups int) bool {
	p.work += permissions * (1 + groups + p.groups.Len()/64)
	return p.work <= maxWork
}
