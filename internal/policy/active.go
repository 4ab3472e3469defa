package policy

import (
	"encoding/binary"
	"maps"
	"slices"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/store"
)

// Active are the active groups of a user in every scope, under one policy. The
// zero Active has no groups. An Active does not change.
type Active struct {
	everywhere Groups
	scoped     map[string]*Groups // with the groups of everywhere; only scopes that add something
}

// In returns the groups that are active in a scope: those of the scope, and
// those of everywhere.
func (a *Active) In(scope string) *Groups {
	if groups, ok := a.scoped[scope]; ok {
		return groups
	}
	return &a.everywhere
}

// FirstScopes returns the scopes that add groups: the first ones in byte order,
// at most a given number, and the number of all. There may be very many.
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

// Groups are active together, in one scope and under one policy. Groups do not
// change.
type Groups struct {
	closed     []int32     // the groups and all that they inherit, sorted
	activation *activation // nil: nothing is inherited or omitted, and the order was that of closed
}

// activation is the course in which groups became active.
type activation struct {
	own     []int32 // the assigned groups, or those that a ticket names, in the order of activation
	omitted []int32 // the groups that would have violated a dynamic set, in the same order
}

// Own returns the active groups without those that are active by inheritance
// only, in the order of activation. The caller must not write to the list.
func (g *Groups) Own() []int32 {
	if g.activation == nil {
		return g.closed
	}
	return g.activation.own
}

// Omitted returns the groups that dynamic sets left out, in the order of
// activation. The caller must not write to the list.
func (g *Groups) Omitted() []int32 {
	if g.activation == nil {
		return nil
	}
	return g.activation.omitted
}

func (g *Groups) equal(b *Groups) bool {
	return slices.Equal(g.closed, b.closed) && slices.Equal(g.Own(), b.Own()) &&
		slices.Equal(g.Omitted(), b.Omitted())
}

// Activate returns the groups that are active in a ticket of a user. A ticket
// that is not narrowed, such as the zero Ticket, activates all assigned groups.
// A narrowed ticket activates the groups that it names, as far as the user is
// authorized for them in the scope. A group that would violate a dynamic set
// is left out, whatever the store holds of the ticket.
//
// The result follows from the contents of the store alone, never from the
// configuration of a process.
func (p *Policy) Activate(assigned Assigned, t store.Ticket) Active {
	everywhere := assigned[""]
	own := p.Choose(everywhere, t)
	a := Active{everywhere: p.activate(own)}
	made := map[string]*Groups{} // most scopes have the same assignments as others, and share an entry
	for scope, groups := range assigned {
		if scope == "" {
			continue
		}
		slices.Sort(groups)
		key := numbersKey(groups)
		if _, ok := made[key]; !ok {
			more := without(p.Choose(slices.Concat(everywhere, groups), t), own)
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

func numbersKey(numbers []int32) string {
	var b []byte
	for _, n := range numbers {
		b = binary.LittleEndian.AppendUint32(b, uint32(n))
	}
	return string(b)
}

// without returns the groups of a list that are not among others, in their
// order and each once. without writes to the list.
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

// Choose returns the groups that a ticket activates for a user with these
// assigned groups, in the order of activation, before dynamic sets are
// checked. The caller must not write to the result.
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

// activate takes groups one by one, and leaves out a group that would violate a
// set together with those before it.
func (p *Policy) activate(groups []int32) Groups {
	if p.sets.Len() == 0 {
		return newGroups(p.Closure(groups), activation{own: groups})
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

// newGroups leaves out an activation that the groups themselves determine.
func newGroups(closed []int32, a activation) Groups {
	if a.omitted == nil && slices.Equal(closed, a.own) {
		return Groups{closed: a.own}
	}
	return Groups{closed, &a}
}

// gained lists a group and all that it inherits. The search does not go beyond
// groups of in, which holds everything that these inherit.
func (p *Policy) gained(n int32, in map[int32]bool) []int32 {
	return reachable([]int32{n}, func(n int32) []int32 {
		if in[n] {
			return nil
		}
		return p.group(n).juniors
	})
}

// fits counts the members of each set that gained groups would add. It returns
// false if a set would have too many members.
func (p *Policy) fits(gained []int32, in map[int32]bool, counts map[*set]int) (more map[*set]int, ok bool) {
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

// AcrossScopes returns the groups of an Active that are active in some scope,
// without those that are active by inheritance only, and the groups that a
// dynamic set left out in some scope. Both are in byte order of their names.
func (p *Policy) AcrossScopes(a Active) (own, omitted []store.Group) {
	var active, left []int32
	for _, g := range append(slices.Collect(maps.Values(a.scoped)), &a.everywhere) {
		active, left = append(active, g.Own()...), append(left, g.Omitted()...)
	}
	return p.named(active), p.named(left)
}

// InGroup reports whether a group is active or inherited by an active group,
// and whether the policy has a group of that name.
func (p *Policy) InGroup(g *Groups, name string) (in, known bool) {
	n, ok := p.groupNums.Get(name)
	return ok && g.has(n), ok
}

func (g *Groups) has(n int32) bool {
	_, ok := slices.BinarySearch(g.closed, n)
	return ok
}

// HasPermission reports whether an active group gives a permission, and whether
// the policy has a permission of that name.
func (p *Policy) HasPermission(g *Groups, name string) (has, known bool) {
	perm := p.permission(name)
	return perm != nil && perm.givers.meets(g.closed), perm != nil
}

// NamesOf lists the names of active and of inherited groups in byte order.
func (p *Policy) NamesOf(g *Groups) []string {
	return p.Names(p.ByName(g.closed))
}

// PermissionsOf lists the names of the permissions that groups give, in byte
// order.
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

// ScopesWith reports whether the groups of everywhere give a permission.
// Otherwise it lists, in byte order, the scopes whose groups give it.
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

// Authorized returns the ids, sorted, of named groups. It returns the first
// name of a group that a user with these assignments is not authorized for in
// any scope, "" if there is none.
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
