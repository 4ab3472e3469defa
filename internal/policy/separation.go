package policy

import (
	"slices"

	"github.com/rbac-go/rbac/store"
)

// Violation is a separation of duty set that has too many members among the
// groups of a user.
type Violation struct {
	Scope   string
	policy  *Policy
	set     *set
	groups  []int32 // the assigned or active groups
	members []int32 // the members of the set that they bring
}

// Set returns the set that is violated.
func (v Violation) Set() store.Separation { return v.set.Separation }

// SetGroups lists the members of the set that the policy has, in byte order of
// their names.
func (v Violation) SetGroups() []string {
	return v.policy.Names(v.policy.ByName(v.set.members))
}

// Paths returns, for each member of the set that the groups bring, the names on
// a shortest path of inheritance from one of the groups to the member.
func (v Violation) Paths() [][]string {
	paths := make([][]string, len(v.members))
	for i, m := range v.members {
		paths[i] = v.policy.Names(v.policy.shortest(v.groups, m))
	}
	return paths
}

// ViolationAmong returns the first set, by name, that groups violate together
// with all that they inherit.
func (p *Policy) ViolationAmong(scope string, groups []int32) (Violation, bool) {
	var first *set
	found := map[*set][]int32{}
	for _, n := range p.Closure(groups) {
		for _, s := range p.group(n).sets {
			found[s] = append(found[s], n)
			if len(found[s]) >= s.Cardinality && (first == nil || s.Name <= first.Name) {
				first = s
			}
		}
	}
	members := p.ByName(found[first])
	return Violation{scope, p, first, groups, members}, first != nil
}

// ViolationBy is ViolationAmong for the groups that are active in some scope
// under another policy.
func (p *Policy) ViolationBy(a Active, under *Policy) (Violation, bool) {
	for _, scope := range scopes(a.scoped) {
		var groups []int32
		for _, n := range a.In(scope).Own() {
			if m, ok := p.groupIDs.Get(under.group(n).ID); ok {
				groups = append(groups, m)
			}
		}
		if v, ok := p.ViolationAmong(scope, groups); ok {
			return v, true
		}
	}
	return Violation{}, false
}

// HasSeparations reports whether the policy checks any set.
func (p *Policy) HasSeparations() bool { return p.sets.Len() > 0 }

// setSeparations makes the policy check these sets, and no others.
func (p *Policy) setSeparations(sets []store.Separation) {
	var old []*set
	for _, s := range p.sets.All() {
		old = append(old, s)
	}
	for _, s := range old {
		p.dropSet(s)
	}
	for _, s := range sets {
		p.putSet(s)
	}
}

func (p *Policy) putSet(row store.Separation) {
	s := &set{Separation: row}
	for _, g := range row.Groups {
		if n, ok := p.groupIDs.Get(g); ok {
			s.members = append(s.members, n)
			edited := p.editGroup(n)
			edited.sets = slices.Concat(edited.sets, []*set{s})
		}
	}
	p.sets.Set(p.serial, row.Name, s)
}

func (p *Policy) dropSet(s *set) {
	for _, n := range s.members {
		edited := p.editGroup(n)
		edited.sets = remove(edited.sets, s)
	}
	p.sets.Delete(p.serial, s.Name)
}
