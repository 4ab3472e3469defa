package rbac

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/rbac-go/rbac/internal/names"
	"github.com/rbac-go/rbac/store"
)

// A change is made to a copy of the policy that shares all it does not touch, so that it costs what it concerns and
// not what else there is: no list of names is copied and no group is looked at that does not inherit or give what changed.

// fork returns a policy with the same tables. It is written to until it is published, and p is not any more.
func (p *policy) fork() *policy {
	return &policy{serial: serials.Add(1), policyTables: p.policyTables}
}

// change makes one change to a policy that is not published yet. It reports false if the policy would
// not be what the store has, or if that is less work; then it has to be read anew.
func (p *policy) change(c Change) bool {
	f, ok := policyActions[c.Action]
	return ok && f(p, c)
}

var policyActions = map[string]func(*policy, Change) bool{
	"AddGroup": (*policy).addGroup, "ModifyGroup": (*policy).modifyGroup, "DeleteGroup": (*policy).deleteGroup,
	"AddPermission": (*policy).addPermission, "ModifyPermission": (*policy).modifyPermission, "DeletePermission": (*policy).deletePermission,
	"AddSection": (*policy).setSection, "ModifySection": (*policy).setSection, "DeleteSection": (*policy).deleteSection,
	"GrantPermission": (*policy).grant, "ModifyGrant": (*policy).unchanged, "RevokePermission": (*policy).revoke,
	"AddInheritance": (*policy).inherit, "DeleteInheritance": (*policy).disinherit,
	"CreateDSDSet": (*policy).setSeparation, "AddDSDSetMember": (*policy).setSeparation, "DeleteDSDSetMember": (*policy).setSeparation,
	"SetDSDSetCardinality": (*policy).setSeparation, "DeleteDSDSet": (*policy).deleteSeparation,
	"CreateSSDSet": (*policy).unchanged, "AddSSDSetMember": (*policy).unchanged, "DeleteSSDSetMember": (*policy).unchanged,
	"SetSSDSetCardinality": (*policy).unchanged, "DeleteSSDSet": (*policy).unchanged,
}

// unchanged is for what no check depends on: static sets are asked when something is assigned.
func (p *policy) unchanged(Change) bool { return true }

func (p *policy) addGroup(c Change) bool {
	var g Group
	_, known := p.groupIDs.Get(c.SubjectID)
	_, taken := p.groupNums.Get(c.Subject)
	if !recorded(c.After, &g) || g.ID != c.SubjectID || g.Name != c.Subject || known || taken {
		return false
	}
	p.putGroup(g)
	return !wasteful(p.groups.Len(), p.groupIDs.Len())
}

// sparedNumbers is how many numbers of deleted groups, and of permissions, are put up with, and beyond that as many as
// there are in use. A reload gives them anew; without it sets and tables would grow for as long as the process runs.
const sparedNumbers = 10_000

func wasteful(given, used int) bool { return given-used > max(sparedNumbers, used) }

// recorded reads the record that a change holds.
func recorded(j json.RawMessage, record any) bool { return json.Unmarshal(j, record) == nil }

// editGroup returns the group with a number, to be changed.
func (p *policy) editGroup(n int32) *policyGroup {
	g := p.group(n)
	if g.serial != p.serial {
		c := *g
		c.serial = p.serial
		g = &c
		p.groups.Set(p.serial, n, g)
	}
	return g
}

func (p *policy) modifyGroup(c Change) bool {
	var g Group
	n, ok := p.groupIDs.Get(c.SubjectID)
	if !ok || !recorded(c.After, &g) || g.ID != c.SubjectID {
		return false
	}
	edited := p.editGroup(n)
	if g.Name != edited.Name {
		if _, taken := p.groupNums.Get(g.Name); taken {
			return false
		}
		p.groupNums.Delete(p.serial, edited.Name)
		p.groupNums.Set(p.serial, g.Name, n)
	}
	edited.Group = g
	return true
}

// deleteGroup expects that what goes along was deleted before, change by change.
func (p *policy) deleteGroup(c Change) bool {
	n, ok := p.groupIDs.Get(c.SubjectID)
	if !ok {
		return false
	}
	g := p.group(n)
	if len(g.juniors)+len(g.seniors)+len(g.grants)+len(g.sets) > 0 {
		return false
	}
	p.groups.Set(p.serial, n, nil)
	p.groupNums.Delete(p.serial, g.Name)
	p.groupIDs.Delete(p.serial, g.ID)
	return true
}

func (p *policy) addPermission(c Change) bool {
	var perm Permission
	if !recorded(c.After, &perm) || perm.Name != c.Subject || names.CheckNoPattern(perm.Name) != "" || p.permission(perm.Name) != nil {
		return false
	}
	if _, left := p.loose.Get(perm.Name); left {
		return false // a grant that was there before the permission, in a store that was edited by hand
	}
	var givers []int32
	for _, pattern := range names.Covering(perm.Name) {
		groups, _ := p.loose.Get(pattern)
		givers = append(givers, groups...)
	}
	givers = p.inheritors(sortedSet(givers)...)
	p.putPermission(perm).given = newGroupSet(givers, p.groups.Len())
	p.menu = &lazyMenu{}
	return p.afford(1, len(givers)) && !wasteful(p.permissions.Len(), p.permissionNums.Len())
}

// editPermission returns the permission with a number, to be changed.
func (p *policy) editPermission(n int32) *policyPermission {
	perm := p.permissions.Get(n)
	if perm.serial != p.serial {
		c := *perm
		c.serial = p.serial
		perm = &c
		p.permissions.Set(p.serial, n, perm)
	}
	return perm
}

func (p *policy) modifyPermission(c Change) bool {
	var perm Permission
	n, ok := p.permissionNums.Get(c.Subject)
	if !ok || !recorded(c.After, &perm) || perm.Name != c.Subject {
		return false
	}
	p.editPermission(n).Permission = perm
	p.menu = &lazyMenu{}
	return true
}

// deletePermission expects that its own grants were deleted before; patterns stay.
func (p *policy) deletePermission(c Change) bool {
	n, ok := p.permissionNums.Get(c.Subject)
	if !ok {
		return false
	}
	for _, group := range p.permissions.Get(n).given.numbers() {
		if p.group(group).granted(c.Subject) {
			return false
		}
	}
	p.permissions.Set(p.serial, n, nil)
	p.permissionNums.Delete(p.serial, c.Subject)
	p.names.Delete(p.serial, c.Subject)
	p.menu = &lazyMenu{}
	return true
}

// granted reports whether a group has a grant of exactly this text.
func (g *policyGroup) granted(text string) bool {
	_, ok := slices.BinarySearch(g.grants, text)
	return ok
}

func (p *policy) grant(c Change) bool {
	n, ok := p.groupIDs.Get(c.SubjectID)
	if !ok || p.group(n).granted(c.Object) {
		return false
	}
	text := c.Object
	if num, ok := p.permissionNums.Get(text); ok {
		text = p.permissions.Get(num).Name
	} else if names.IsPattern(text) {
		text = strings.Clone(text) // the host may reuse its bytes, and the policy stays
		groups, _ := p.loose.Get(text)
		p.loose.Set(p.serial, text, sortedSet(append(slices.Clone(groups), n)))
	} else {
		return false
	}
	g := p.editGroup(n)
	g.grants = insert(g.grants, text, strings.Compare)
	return p.give(p.inheritors(n), text)
}

// insert returns a copy of a sorted list with one more in it.
func insert[E any](list []E, e E, compare func(a, b E) int) []E {
	i, _ := slices.BinarySearchFunc(list, e, compare)
	return slices.Concat(list[:i], []E{e}, list[i:])
}

// remove returns a copy of a list without one.
func remove[E comparable](list []E, e E) []E {
	return slices.DeleteFunc(slices.Clone(list), func(o E) bool { return o == e })
}

// give adds groups to those that give what grants name.
func (p *policy) give(groups []int32, grants ...string) bool {
	permissions := p.givenBy(grants)
	if !p.afford(len(permissions), len(groups)) {
		return false
	}
	for _, perm := range permissions {
		edited := p.editPermission(perm)
		edited.given = edited.given.with(groups, p.groups.Len())
	}
	return true
}

// mostWork bounds what changes may cost that are followed one by one, in groups of permissions that are looked at. It
// is a fraction of a second, during which others may have to wait.
const mostWork = 4_000_000

// afford reports whether so many groups of so many permissions may be looked at, besides what was before.
func (p *policy) afford(permissions, groups int) bool {
	p.work += permissions * (1 + groups + p.groups.Len()/64)
	return p.work <= mostWork
}

// givenBy lists the permissions that grants give, by number and each once.
func (p *policy) givenBy(grants []string) []int32 {
	var list []int32
	for _, name := range grants {
		if n, ok := p.permissionNums.Get(name); ok {
			list = append(list, n)
		} else if names.IsPattern(name) {
			for _, n := range p.matching(name) {
				list = append(list, n)
			}
		}
	}
	return sortedSet(list)
}

func (p *policy) revoke(c Change) bool {
	n, ok := p.groupIDs.Get(c.SubjectID)
	if !ok || !p.group(n).granted(c.Object) {
		return false
	}
	if groups, ok := p.loose.Get(c.Object); ok {
		if groups = remove(groups, n); len(groups) > 0 {
			p.loose.Set(p.serial, c.Object, groups)
		} else {
			p.loose.Delete(p.serial, c.Object)
		}
	}
	g := p.editGroup(n)
	g.grants = remove(g.grants, c.Object)
	return p.take(p.inheritors(n), c.Object)
}

// take removes groups, which are sorted and all that inherit any of them, from those that give what grants name, unless they
// give it in another way: by a grant of their own, or of a group that they still inherit.
func (p *policy) take(groups []int32, grants ...string) bool {
	permissions := p.givenBy(grants)
	others := make([][]int32, len(groups)) // what each inherits that is not among groups, and so keeps what it gives
	edges := 0
	for i, n := range groups {
		others[i] = minus(p.group(n).juniors, groups)
		edges += len(others[i])
	}
	if !p.afford(len(permissions), len(groups)+edges) {
		return false
	}
	up := climber{p: p}
	for _, num := range permissions {
		perm := p.permissions.Get(num)
		var keep []int32
		texts := granting(perm.Name)
		for i, n := range groups {
			if p.group(n).grantsAny(texts) || slices.ContainsFunc(others[i], perm.given.has) {
				keep = append(keep, n)
			}
		}
		if lost := minus(groups, sortedSet(up.climb(keep))); len(lost) > 0 {
			p.editPermission(num).given = perm.given.without(lost, p.groups.Len())
		}
	}
	return true
}

// edge finds the groups of a change of an inheritance.
func (p *policy) edge(c Change) (senior, junior int32, there, ok bool) {
	senior, ok1 := p.groupIDs.Get(c.SubjectID)
	junior, ok2 := p.groupIDs.Get(c.ObjectID)
	if !ok1 || !ok2 {
		return 0, 0, false, false
	}
	return senior, junior, slices.Contains(p.group(senior).juniors, junior), true
}

func (p *policy) inherit(c Change) bool {
	senior, junior, there, ok := p.edge(c)
	if !ok || there {
		return false
	}
	s, j := p.editGroup(senior), p.editGroup(junior)
	s.juniors, j.seniors = slices.Concat(s.juniors, []int32{junior}), slices.Concat(j.seniors, []int32{senior})
	return p.give(p.inheritors(senior), p.grantsOf(junior)...)
}

func (p *policy) disinherit(c Change) bool {
	senior, junior, there, ok := p.edge(c)
	if !ok || !there {
		return false
	}
	s, j := p.editGroup(senior), p.editGroup(junior)
	s.juniors, j.seniors = remove(s.juniors, junior), remove(j.seniors, senior)
	return p.take(p.inheritors(senior), p.grantsOf(junior)...)
}

// grantsOf lists what a group and all that it inherits are granted.
func (p *policy) grantsOf(n int32) []string {
	var grants []string
	for _, m := range p.closeOver([]int32{n}) {
		grants = append(grants, p.group(m).grants...)
	}
	return grants
}

func (p *policy) setSection(c Change) bool {
	var s Section
	if !recorded(c.After, &s) || s.Name != c.Subject {
		return false
	}
	p.deleteSection(c)
	p.sections = insert(p.sections, s, func(a, b Section) int { return strings.Compare(a.Name, b.Name) })
	return true
}

func (p *policy) deleteSection(c Change) bool {
	p.sections = slices.DeleteFunc(slices.Clone(p.sections), func(s Section) bool { return s.Name == c.Subject })
	p.menu = &lazyMenu{}
	return true
}

func (p *policy) setSeparation(c Change) bool {
	var set SeparationSet
	if !recorded(c.After, &set) || set.Name != c.Subject {
		return false
	}
	rec := store.Separation{Dynamic: true, Name: set.Name, Cardinality: set.Cardinality}
	for _, name := range set.Groups {
		n, ok := p.groupNums.Get(name)
		if !ok {
			return false
		}
		rec.Groups = append(rec.Groups, p.group(n).ID)
	}
	sortIDs(rec.Groups)
	if old, ok := p.sets.Get(set.Name); ok {
		p.dropSet(old)
	}
	p.putSet(rec)
	return true
}

func (p *policy) deleteSeparation(c Change) bool {
	set, ok := p.sets.Get(c.Subject)
	if ok {
		p.dropSet(set)
	}
	return ok
}

func (p *policy) putSet(rec store.Separation) {
	set := &policySet{Separation: rec}
	for _, g := range rec.Groups {
		if n, ok := p.groupIDs.Get(g); ok {
			set.members = append(set.members, n)
			edited := p.editGroup(n)
			edited.sets = slices.Concat(edited.sets, []*policySet{set})
		}
	}
	p.sets.Set(p.serial, rec.Name, set)
}

func (p *policy) dropSet(set *policySet) {
	for _, n := range set.members {
		edited := p.editGroup(n)
		edited.sets = remove(edited.sets, set)
	}
	p.sets.Delete(p.serial, set.Name)
}
