package rbac

import (
	"maps"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"time"

	"github.com/rbac-go/rbac/store"
)

// activeGroups are the groups that count together, in one scope, as numbers. They do
// not change; what they remember follows from them and their policy.
type activeGroups struct {
	groupLists
	verdicts [4]atomic.Uint64
}

// groupLists are lists that users with the same groups share.
type groupLists struct {
	closed []int32     // the groups and all they inherit, sorted
	course *activation // nil: nothing is inherited, nothing left out, and they were activated in this order
}

// activation is how groups became active.
type activation struct {
	own     []int32 // those assigned, or named by a ticket, in the order in which they were activated
	omitted []int32 // those that were left out, since they would violate a dynamic set; in that order
}

func (l groupLists) own() []int32 {
	if l.course == nil {
		return l.closed
	}
	return l.course.own
}

func (l groupLists) omitted() []int32 {
	if l.course == nil {
		return nil
	}
	return l.course.omitted
}

// remember keeps a verdict on p that follows from the groups alone: a request asks the same again and again. An
// entry is the serial of a predicate and the verdict in one number, so that readers and writers need no lock.
// Only one in so many is kept: what is asked often soon is, and of what is asked once few pay for the writing.
func (a *activeGroups) remember(p *predicate, v verdict) {
	if p.serial != 0 && rand.Uint32()%32 == 0 {
		a.place(p.serial).Store(p.serial + uint64(v-unmet) + 1)
	}
}

// recalled returns the verdict on p that is remembered, if one is.
func (a *activeGroups) recalled(p *predicate) (v verdict, ok bool) {
	serial := p.serial
	e := a.place(serial).Load() - serial - 1
	return verdict(e) + unmet, e <= uint64(met-unmet)
}

// place is where the verdict on the predicate with a serial is kept, if it is.
func (a *activeGroups) place(serial uint64) *atomic.Uint64 {
	return &a.verdicts[serial/serialStep%uint64(len(a.verdicts))]
}

func (l groupLists) equal(b groupLists) bool {
	return slices.Equal(l.closed, b.closed) && slices.Equal(l.own(), b.own()) && slices.Equal(l.omitted(), b.omitted())
}

// assigned returns the groups of the memberships that count at a time, by scope.
func (p *policy) assigned(memberships []store.Membership, now time.Time) map[string][]int32 {
	assigned := map[string][]int32{}
	for _, m := range memberships {
		if n, ok := p.groupIDs.Get(m.Group); ok && counts(m.Until, now) {
			assigned[m.Scope] = append(assigned[m.Scope], n)
		}
	}
	return assigned
}

// activate returns the groups that are active in a ticket, in each scope. Those of a ticket that is not
// narrowed, as of the zero ticket, are all that are assigned; those of a narrowed one the groups it
// names, as far as the user is authorized for them there. A group that would violate a dynamic
// set is left out, whatever the store says of the ticket.
func (p *policy) activate(assigned map[string][]int32, t store.Ticket) *scopedGroups {
	a := &scopedGroups{}
	a.fill(assigned, p.activator(t))
	return a
}

// activator tells what is active of a ticket where some groups are assigned everywhere, and some in a scope.
func (p *policy) activator(t store.Ticket) func(global, scoped []int32) groupLists {
	return func(global, scoped []int32) groupLists {
		own := p.chosen(global, t)
		if len(scoped) > 0 {
			own = append(own, without(p.chosen(slices.Concat(global, scoped), t), own)...)
		}
		return p.together(own)
	}
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
// which they are to be activated: by name. They are not to be written to.
func (p *policy) chosen(assigned []int32, t store.Ticket) []int32 {
	if !t.Narrowed && p.sets.Len() == 0 && slices.IsSorted(assigned) {
		return slices.Clip(assigned)
	}
	chosen := slices.Clone(assigned)
	if t.Narrowed {
		authorized := p.closeOver(assigned)
		chosen = nil
		for _, g := range t.Groups {
			n, ok := p.groupIDs.Get(g)
			if _, found := slices.BinarySearch(authorized, n); ok && found {
				chosen = append(chosen, n)
			}
		}
	}
	p.order(chosen)
	return chosen
}

// order sorts groups as they are to be activated: by name, and nothing else. What is active follows from the contents of
// the store, never from the Config of one process. Without sets the order makes no difference.
func (p *policy) order(groups []int32) {
	if p.sets.Len() == 0 {
		slices.Sort(groups)
		return
	}
	p.byName(groups)
}

// together takes groups one by one, unless one would violate a set together with those before it. Users with
// the same groups get the same lists, as long as others do not take their place among those that are shared.
func (p *policy) together(groups []int32) groupLists {
	place := p.shared.place(groups)
	s := place.Load()
	if s == nil || s.policy != p.serial || !slices.Equal(s.groups, groups) {
		s = &sharedLists{policy: p.serial, groups: groups, groupLists: p.admitted(groups)}
		place.Store(s)
	}
	return s.groupLists
}

// sharedGroups are the lists of users that were identified lately, by what they are made of.
type sharedGroups [1 << 10]atomic.Pointer[sharedLists]

type sharedLists struct {
	policy uint64
	groups []int32
	groupLists
}

// place is where the lists made of groups are, if they are shared.
func (s *sharedGroups) place(groups []int32) *atomic.Pointer[sharedLists] {
	if s == nil {
		return &atomic.Pointer[sharedLists]{} // of a policy made for a check
	}
	hash := uint32(2166136261) // FNV-1a, a number at a time
	for _, n := range groups {
		hash = (hash ^ uint32(n)) * 16777619
	}
	return &s[(hash^hash>>16)%uint32(len(s))]
}

func (p *policy) admitted(groups []int32) groupLists {
	if p.sets.Len() == 0 {
		return lists(p.closeOver(groups), activation{own: groups})
	}
	var c activation
	in, counts := map[int32]bool{}, map[*policySet]int{}
	for _, n := range groups {
		gained := p.gained(n, in)
		more, ok := p.admit(gained, in, counts)
		if !ok {
			c.omitted = append(c.omitted, n)
			continue
		}
		c.own = append(c.own, n)
		for set, members := range more {
			counts[set] += members
		}
		for _, j := range gained {
			in[j] = true
		}
	}
	return lists(slices.Sorted(maps.Keys(in)), c)
}

// lists leaves out how groups became active where that is told by the groups themselves.
func lists(closed []int32, c activation) groupLists {
	if c.omitted == nil && slices.Equal(closed, c.own) {
		return groupLists{closed: c.own}
	}
	return groupLists{closed, &c}
}

// gained lists a group and what it inherits, but not beyond groups of in, which holds all that these inherit.
func (p *policy) gained(n int32, in map[int32]bool) []int32 {
	return reachable([]int32{n}, func(n int32) []int32 {
		if in[n] {
			return nil
		}
		return p.group(n).juniors
	})
}

// admit counts the members of each set that more groups would add. It reports false if a set
// would have too many.
func (p *policy) admit(gained []int32, in map[int32]bool, counts map[*policySet]int) (more map[*policySet]int, ok bool) {
	for _, j := range gained {
		if in[j] {
			continue
		}
		for _, set := range p.group(j).sets {
			if more == nil {
				more = map[*policySet]int{}
			}
			if more[set]++; counts[set]+more[set] >= set.Cardinality {
				return nil, false
			}
		}
	}
	return more, true
}

// violated finds the first set, by name, that groups, closed under inheritance, violate, and its members among them, by name.
func (p *policy) violated(closed []int32) (set *policySet, members []int32, ok bool) {
	found := map[*policySet][]int32{}
	for _, n := range closed {
		for _, s := range p.group(n).sets {
			found[s] = append(found[s], n)
			if len(found[s]) >= s.Cardinality && (set == nil || s.Name <= set.Name) {
				set = s
			}
		}
	}
	return set, p.byName(found[set]), set != nil
}
