package rbac

import (
	"cmp"
	"maps"
	"slices"
	"sync/atomic"
	"time"
)

// activeGroups are the groups that count together, in one scope, as numbers. They do
// not change; what they remember follows from them and their policy.
type activeGroups struct {
	own      []int32 // those assigned, or named by a ticket, in the order in which they were activated
	closed   []int32 // these and all they inherit, sorted
	omitted  []int32 // those that were left out, since they would violate a dynamic set; in that order
	verdicts [4]atomic.Uint64
}

// remember judges by the groups, and keeps the last verdicts: a request asks the same again and again. An
// entry is the serial of a predicate and its verdict in one number, so that readers and writers need no lock.
func (a *activeGroups) remember(p *predicate, v view) verdict {
	place := a.place(p)
	if e := place.Load(); e>>2 == p.serial {
		return verdict(e&3) - 1
	}
	verdict := p.rule.judge(v)
	place.Store(p.serial<<2 | uint64(verdict+1))
	return verdict
}

// place is where the verdict on p is kept, if it is.
func (a *activeGroups) place(p *predicate) *atomic.Uint64 {
	return &a.verdicts[p.serial%uint64(len(a.verdicts))]
}

// remembered reports whether p is met and id remembers it.
func remembered(id *Identity, p Predicate) bool {
	q, ok := p.(*predicate)
	if !ok || q == nil || id == nil || id.here == nil {
		return false
	}
	return id.here.place(q).Load() == q.serial<<2|uint64(met+1)
}

func (a *activeGroups) equal(b *activeGroups) bool {
	return slices.Equal(a.own, b.own) && slices.Equal(a.closed, b.closed) && slices.Equal(a.omitted, b.omitted)
}

// assigned returns the groups of the memberships that count at a time, by scope.
func (p *policy) assigned(memberships []MembershipRecord, now time.Time) map[string][]int32 {
	assigned := map[string][]int32{}
	for _, m := range memberships {
		if n, ok := p.groupIDs[m.Group]; ok && m.countsAt(now) {
			assigned[m.Scope] = append(assigned[m.Scope], n)
		}
	}
	return assigned
}

// activate returns the groups that are active in a ticket, in each scope. Those of a ticket that is not
// narrowed, as of the zero ticket, are all that are assigned; those of a narrowed one the groups it
// names, as far as the user is authorized for them there. A group that would violate a dynamic
// set is left out, whatever the store says of the ticket.
func (p *policy) activate(assigned map[string][]int32, t TicketRecord) *scopedGroups {
	return newScopedGroups(assigned, func(global, scoped []int32) *activeGroups {
		own := p.chosen(global, t)
		if len(scoped) > 0 {
			own = append(own, without(p.chosen(slices.Concat(global, scoped), t), own)...)
		}
		return p.together(own)
	})
}

// without returns those of groups that are not among others, in their order and each once.
func without(groups, others []int32) []int32 {
	seen := make(map[int32]bool, len(others))
	for _, n := range others {
		seen[n] = true
	}
	return slices.DeleteFunc(groups, func(n int32) bool {
		found := seen[n]
		seen[n] = true
		return found
	})
}

// chosen returns the groups of a ticket of whoever is assigned to these, in the order in
// which they are to be activated: those with a protected permission before the others, then by name.
func (p *policy) chosen(assigned []int32, t TicketRecord) []int32 {
	chosen := slices.Clone(assigned)
	if t.Narrowed {
		authorized := p.closeOver(assigned)
		chosen = nil
		for _, g := range t.Groups {
			n, ok := p.groupIDs[g]
			if _, found := slices.BinarySearch(authorized, n); ok && found {
				chosen = append(chosen, n)
			}
		}
	}
	rank := func(n int32) int {
		if p.groups[n].first {
			return 0
		}
		return 1
	}
	slices.SortFunc(chosen, func(a, b int32) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a, b)) // numbers go by name
	})
	return chosen
}

// together takes groups one by one, unless one would violate a set together with those before it.
func (p *policy) together(groups []int32) *activeGroups {
	if len(p.sets) == 0 {
		return &activeGroups{own: groups, closed: p.closeOver(groups)}
	}
	a := &activeGroups{}
	in, counts := map[int32]bool{}, map[int32]int{}
	for _, n := range groups {
		more, ok := p.admit(n, in, counts)
		if !ok {
			a.omitted = append(a.omitted, n)
			continue
		}
		a.own = append(a.own, n)
		for set, members := range more {
			counts[set] += members
		}
		for _, j := range p.groups[n].closure {
			in[j] = true
		}
	}
	a.closed = slices.Sorted(maps.Keys(in))
	return a
}

// admit counts the members of each set that one more group would add. It reports false if a set
// would have too many.
func (p *policy) admit(n int32, in map[int32]bool, counts map[int32]int) (more map[int32]int, ok bool) {
	for _, j := range p.groups[n].closure {
		if in[j] {
			continue
		}
		for _, set := range p.groups[j].sets {
			if more == nil {
				more = map[int32]int{}
			}
			if more[set]++; counts[set]+more[set] >= p.sets[set].Cardinality {
				return nil, false
			}
		}
	}
	return more, true
}

// setSeparations makes p check these sets. A member that p does not have counts nowhere.
func (p *policy) setSeparations(sets []SeparationRecord) {
	p.sets = sets
	for n := range p.groups {
		p.groups[n].sets = nil
	}
	for i, set := range sets {
		for _, g := range set.Groups {
			if n, ok := p.groupIDs[g]; ok {
				p.groups[n].sets = append(p.groups[n].sets, int32(i))
			}
		}
	}
}

// violated finds the first set, by name, that groups, closed under inheritance, violate, and its members among them.
func (p *policy) violated(closed []int32) (set int32, members []int32, ok bool) {
	found := map[int32][]int32{}
	for _, n := range closed {
		for _, s := range p.groups[n].sets {
			found[s] = append(found[s], n)
		}
	}
	for _, s := range slices.Sorted(maps.Keys(found)) {
		if len(found[s]) >= p.sets[s].Cardinality {
			return s, found[s], true
		}
	}
	return 0, nil, false
}

// activateFirst marks groups that are activated before others.
func (p *policy) activateFirst(groups []int32) {
	for _, n := range groups {
		p.groups[n].first = true
	}
}
