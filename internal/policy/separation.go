package policy

import (
	"slices"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/store"
)

// Violation is a violated separation of duty set: the groups of a user include
// too many of its members. A set with cardinality n is violated by n members.
type Violation struct {
	Scope   string
	policy  *Policy
	set     *set
	groups  []int32 // the assigned or active groups
	members []int32 // the members of the set among groups and inherited groups
}

// Set returns the violated set.
func (v Violation) Set() store.Separation { return v.set.Separation }

// SetGroups lists the names of the members of the set known to the policy, in
// byte order.
func (v Violation) SetGroups() []string {
	return v.policy.Names(v.policy.ByName(v.set.members))
}

// Paths returns, for each member of the set among the groups, the names on a
// shortest path of inheritance from a group of the user to the member.
func (v Violation) Paths() [][]string {
	paths := make([][]string, len(v.members))
	for i, m := range v.members {
		paths[i] = v.policy.Names(v.policy.shortest(v.groups, m))
	}
	return paths
}

// ViolationAmong returns the violation of the first set, by name, among groups
// and all inherited groups. The scope is noted in the result.
func (p *Policy) ViolationAmong(scope string, groups []int32) (Violation, bool) {
	return p.Violations().Among(scope, groups)
}

// Violations finds violations of the sets of a policy by many users. A search
// through the groups that a group inherits is made once. Violations are not safe
// for concurrent use.
type Violations struct {
	policy  *Policy
	members map[int32][]int32 // of sets, by a group that is or inherits them
}

// Violations returns Violations that have not searched yet.
func (p *Policy) Violations() *Violations { return &Violations{p, map[int32][]int32{}} }

// Among is [Policy.ViolationAmong].
func (v *Violations) Among(scope string, groups []int32) (Violation, bool) {
	var members []int32
	for _, n := range groups {
		members = append(members, v.membersOf(n)...)
	}
	var first *set
	found := map[*set][]int32{}
	for _, n := range sortedSet(members) {
		for _, s := range v.policy.group(n).sets {
			found[s] = append(found[s], n)
			if len(found[s]) >= s.Cardinality && (first == nil || s.Name <= first.Name) {
				first = s
			}
		}
	}
	return Violation{scope, v.policy, first, groups, v.policy.ByName(found[first])}, first != nil
}

func (v *Violations) membersOf(n int32) []int32 {
	members, ok := v.members[n]
	if !ok {
		for _, m := range v.policy.Closure([]int32{n}) {
			if len(v.policy.group(m).sets) > 0 {
				members = append(members, m)
			}
		}
		v.members[n] = members
	}
	return members
}

// ViolationBy is ViolationAmong for the groups of an Active of another policy,
// in the first scope with a violation.
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

// Separates reports whether a group, or a group that it inherits, is a member of
// a set. Only the activation of such a group leaves out others.
func (p *Policy) Separates(group uuid.UUID) bool {
	n, ok := p.groupIDs.Get(group)
	return ok && p.separated(p.Closure([]int32{n}))
}

// separated reports whether any of some groups is a member of a set.
func (p *Policy) separated(groups []int32) bool {
	return p.sets.Len() > 0 && slices.ContainsFunc(groups, func(n int32) bool { return len(p.group(n).sets) > 0 })
}

// setSeparations replaces all sets of the policy.
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

// putSet adds a set to the policy and to the members known to the policy.
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

// dropSet removes a set from the policy and from its members.
func (p *Policy) dropSet(s *set) {
	for _, n := range s.members {
		edited := p.editGroup(n)
		edited.sets = remove(edited.sets, s)
	}
	p.sets.Delete(p.serial, s.Name)
}
