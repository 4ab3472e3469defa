package policy

import (
	"encoding/binary"
	"maps"
	"slices"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/store"
)

// Active are the active groups of a user in every scope, under a policy. The
// zero Active has no groups. An Active does not change.
type Active struct {
	everywhere Groups
	scoped     map[string]*Groups // everywhere included; only scopes with a difference
}

// In returns the groups that are active in a scope, including the groups that
// are active everywhere.
func (a *Active) In(scope string) *Groups {
	if groups, ok := a.scoped[scope]; ok {
		return groups
	}
	return &a.everywhere
}

// FirstScopes returns the first scopes with additional groups, in byte order,
// at most as many as the argument most, and the number of all such scopes. A
// user may have very many scopes.
func (a *Active) FirstScopes(most int) (first []string, all int) {
	for scope, groups := range a.scoped {
		if len(groups.closed) == 0 {
			continue
		}
		all++
		at, _ := slices.BinarySearch(first, scope)
		if at < most {
			first = slices.Insert(first[:min(len(first), most-1)], at, scope)
		}
	}
	return first, all
}

// Scopes lists the scopes with a difference from everywhere, in byte order, with
// "" in any case.
func (a *Active) Scopes() []string { return scopes(a.scoped) }

// Groups are groups active together, in a scope and under a policy. Groups do
// not change.
type Groups struct {
	closed     []int32     // the groups and all that they inherit, sorted
	activation *activation // nil: nothing is inherited or omitted, and the order was that of closed
}

// activation is the course of activation of groups.
type activation struct {
	own     []int32 // assigned, or named by a ticket; in the order of activation
	omitted []int32 // left out because of a dynamic set; in the order of activation
}

// Own returns the active groups in the order of activation, without groups
// active by inheritance only. The caller must not write to the list.
func (g *Groups) Own() []int32 {
	if g.activation == nil {
		return g.closed
	}
	return g.activation.own
}

// Omitted returns the groups left out because of dynamic sets, in the order of
// activation. The caller must not write to the list.
func (g *Groups) Omitted() []int32 {
	if g.activation == nil {
		return nil
	}
	return g.activation.omitted
}

// equal reports whether the groups are the same, in the same order of
// activation.
func (g *Groups) equal(b *Groups) bool {
	return slices.Equal(g.closed, b.closed) && slices.Equal(g.Own(), b.Own()) &&
		slices.Equal(g.Omitted(), b.Omitted())
}

// Activate returns the active groups of a ticket of a user. A ticket without a
// choice of groups, like the zero Ticket, activates all assigned groups. A
// narrowed ticket activates the groups named in the ticket, as far as the user
// is authorized for the group in the scope. Groups are activated in the order
// of their names. A group is left out if a dynamic set would then have too many
// members, even if the row of the ticket names the group.
//
// The result follows from the contents of the store alone, never from the
// configuration of a process. Every process therefore activates the same
// groups.
func (p *Policy) Activate(assigned Assigned, t store.Ticket) Active {
	everywhere := assigned[""]
	own := p.Choose(everywhere, t)
	a := Active{everywhere: p.activate(own)}
	made := map[string]*Groups{} // by assignments: most scopes share an entry
	for scope, groups := range assigned {
		if scope == "" {
			continue
		}
		slices.Sort(groups)
		key := numbersKey(groups)
		if _, ok := made[key]; !ok {
			more := p.Choose(slices.Concat(everywhere, groups), t)
			if len(own) > 0 {
				more = without(more, own)
			}
			active := p.activate(slices.Concat(own, more))
			made[key] = &active
		}
		if made[key].equal(&a.everywhere) {
			continue
		}
		if a.scoped == nil {
			a.scoped = map[string]*Groups{}
		}
		a.scoped[scope] = made[key]
	}
	return a
}

// numbersKey returns a key of a map for a list of numbers.
func numbersKey(numbers []int32) string {
	var b []byte
	for _, n := range numbers {
		b = binary.LittleEndian.AppendUint32(b, uint32(n))
	}
	return string(b)
}

// without returns the groups of a list without some others, in the order of the
// list and each once. without writes to the list.
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

// Choose returns the groups to activate in a ticket of a user with assigned
// groups, in the order of activation: all assigned groups, or the choice of a
// narrowed ticket. Dynamic sets are not checked yet. The caller must not write
// to the result.
func (p *Policy) Choose(assigned []int32, t store.Ticket) []int32 {
	if !t.Narrowed && p.sets.Len() == 0 && slices.IsSorted(assigned) {
		return slices.Clip(assigned)
	}
	chosen := slices.Clone(assigned)
	if t.Narrowed {
		authorized := p.Closure(assigned)
		chosen = nil
		for _, g := range t.Groups {
			n, ok := p.groupIDs.Get(g)
			if _, found := slices.BinarySearch(authorized, n); ok && found {
				chosen = append(chosen, n)
			}
		}
	}
	if p.sets.Len() == 0 {
		slices.Sort(chosen) // the order makes no difference
		return chosen
	}
	return p.ByName(chosen)
}

// activate adds groups in their order, and leaves out a group if a set would
// have too many members among the groups so far. Activation is greedy: an
// earlier group is never removed in favour of a later group.
func (p *Policy) activate(groups []int32) Groups {
	if closed := p.Closure(groups); !p.separated(closed) {
		return newGroups(closed, activation{own: groups})
	}
	var a activation
	in, counts := map[int32]bool{}, map[*set]int{}
	for _, n := range groups {
		gained := p.gained(n, in)
		more, ok := p.fits(gained, in, counts)
		if !ok {
			a.omitted = append(a.omitted, n)
			continue
		}
		a.own = append(a.own, n)
		for set, members := range more {
			counts[set] += members
		}
		for _, j := range gained {
			in[j] = true
		}
	}
	return newGroups(slices.Sorted(maps.Keys(in)), a)
}

// newGroups drops an activation that holds no more than the groups.
func newGroups(closed []int32, a activation) Groups {
	if a.omitted == nil && slices.Equal(closed, a.own) {
		return Groups{closed: a.own}
	}
	return Groups{closed, &a}
}

// gained lists a group and all inherited groups. The search stops at groups of
// in, a set closed under inheritance.
func (p *Policy) gained(n int32, in map[int32]bool) []int32 {
	return reachable([]int32{n}, func(n int32) []int32 {
		if in[n] {
			return nil
		}
		return p.group(n).juniors
	})
}

// fits counts the members of each set among gained groups, and returns false if
// a set would have too many members.
func (p *Policy) fits(gained []int32, in map[int32]bool, counts map[*set]int) (
	more map[*set]int, ok bool) {
	for _, j := range gained {
		if in[j] {
			continue
		}
		for _, s := range p.group(j).sets {
			if more == nil {
				more = map[*set]int{}
			}
			if more[s]++; counts[s]+more[s] >= s.Cardinality {
				return nil, false
			}
		}
	}
	return more, true
}

// AcrossScopes returns the own groups and the omitted groups of an Active in
// all scopes together, both in byte order of the names.
func (p *Policy) AcrossScopes(a Active) (own, omitted []store.Group) {
	var active, left []int32
	for _, g := range append(slices.Collect(maps.Values(a.scoped)), &a.everywhere) {
		active, left = append(active, g.Own()...), append(left, g.Omitted()...)
	}
	return p.named(active), p.named(left)
}

// InGroup reports whether a group is active or inherited by an active group,
// and whether the policy has the group at all.
func (p *Policy) InGroup(g *Groups, name string) (in, known bool) {
	n, ok := p.groupNums.Get(name)
	return ok && g.Has(n), ok
}

// Has reports whether the group with a number is active or inherited by an
// active group.
func (g *Groups) Has(n int32) bool {
	_, ok := slices.BinarySearch(g.closed, n)
	return ok
}

// HasPermission reports whether an active group gives a permission, and whether
// the policy has the permission at all.
func (p *Policy) HasPermission(g *Groups, name string) (has, known bool) {
	perm := p.permission(name)
	return perm != nil && perm.givers.meets(g.closed), perm != nil
}

// ClosureGives reports whether groups, closed under inheritance and sorted, give
// a permission to their members.
func (p *Policy) ClosureGives(groups []int32, permission string) bool {
	perm := p.permission(permission)
	return perm != nil && perm.givers.meets(groups)
}

// NamesOf lists the names of active and of inherited groups in byte order.
func (p *Policy) NamesOf(g *Groups) []string {
	return p.Names(p.ByName(g.closed))
}

// PermissionsOf lists the names of the permissions of groups, in byte order.
func (p *Policy) PermissionsOf(g *Groups) []string {
	var grants []string
	for _, n := range g.closed {
		grants = append(grants, p.group(n).grants...)
	}
	var names []string
	for _, n := range p.given(grants) {
		names = append(names, p.permissions.Get(n).Name)
	}
	slices.Sort(names)
	return names
}

// ScopesWith reports whether the groups that are active everywhere give a
// permission, and otherwise lists the scopes with the permission, in byte
// order.
func (p *Policy) ScopesWith(a *Active, permission string) (everywhere bool, scopes []string) {
	perm := p.permission(permission)
	if perm == nil {
		return false, nil
	}
	if perm.givers.meets(a.everywhere.closed) {
		return true, nil
	}
	for scope, groups := range a.scoped {
		if perm.givers.meets(groups.closed) {
			scopes = append(scopes, scope)
		}
	}
	slices.Sort(scopes)
	return false, scopes
}

// Authorized returns the ids, sorted, of named groups. denied is the first name
// of a group without authorization in any scope, "" if the user is authorized
// for all groups.
func (p *Policy) Authorized(assigned Assigned, names []string) (ids []uuid.UUID, denied string) {
	authorized := p.Closure(slices.Concat(slices.Collect(maps.Values(assigned))...))
	for _, name := range names {
		n, ok := p.groupNums.Get(name)
		if _, found := slices.BinarySearch(authorized, n); !ok || !found {
			return nil, name
		}
		ids = append(ids, p.group(n).ID)
	}
	return sortedIDs(ids), ""
}
