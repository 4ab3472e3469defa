package main

import (
	"slices"

	"github.com/bits-and-blooms/bitset"
)

// bits holds for each user a set of all permissions and a set of all groups.
// Nothing checks faster, and nothing takes more memory or more time for a
// change.
type bits struct {
	users              map[string]*userBits
	groups, permission map[string]uint // the number of each name
	given              []*bitset.BitSet
	members            [][]*userBits
}

type userBits struct {
	has, in *bitset.BitSet
}

func loadBitset(w *world) (subject, error) {
	b := &bits{
		users:      make(map[string]*userBits, len(w.users)),
		groups:     numbers(w.groups),
		permission: numbers(w.permissions),
		given:      make([]*bitset.BitSet, len(w.groups)),
		members:    make([][]*userBits, len(w.groups)),
	}
	for g := range w.groups {
		b.given[g] = bitset.New(uint(len(w.permissions)))
		for _, p := range w.grants[g] {
			b.given[g].Set(uint(p))
		}
	}
	for u, name := range w.users {
		user := &userBits{bitset.New(uint(len(w.permissions))), bitset.New(uint(len(w.groups)))}
		for _, g := range w.memberships[u] {
			user.in.Set(uint(g))
			for _, p := range w.grants[g] {
				user.has.Set(uint(p))
			}
			b.members[g] = append(b.members[g], user)
		}
		b.users[name] = user
	}
	return b, nil
}

func numbers(names []string) map[string]uint {
	m := make(map[string]uint, len(names))
	for i, name := range names {
		m[name] = uint(i)
	}
	return m
}

func (b *bits) check(user, permission string) bool {
	u, ok := b.users[user]
	p, known := b.permission[permission]
	return ok && known && u.has.Test(p)
}

func (b *bits) checks(ps []probe) (allowed int) {
	for i := range ps {
		if b.check(ps[i].user, ps[i].permission) {
			allowed++
		}
	}
	return allowed
}

type bitsReady struct {
	sets    []*bitset.BitSet
	numbers []uint
}

func (b *bits) ready(ps []probe) prepared {
	r := &bitsReady{}
	for _, p := range ps {
		r.sets = append(r.sets, b.users[p.user].has)
		r.numbers = append(r.numbers, b.permission[p.permission])
	}
	return r
}

func (r *bitsReady) each(from, to int) (allowed int) {
	for i := from; i < to; i++ {
		if r.sets[i].Test(r.numbers[i]) {
			allowed++
		}
	}
	return allowed
}

func (r *bitsReady) again(i, n int) (allowed int) {
	set, number := r.sets[i], r.numbers[i]
	for range n {
		if set.Test(number) {
			allowed++
		}
	}
	return allowed
}

// bitsCompound is a compound in numbers.
type bitsCompound struct {
	*userBits
	a, b, c uint
}

func (b *bits) compounds(cs []compound) func(from, to int) int {
	list := make([]bitsCompound, len(cs))
	for i, c := range cs {
		list[i] = bitsCompound{b.users[c.user], b.groups[c.a], b.permission[c.b], b.groups[c.c]}
	}
	return func(from, to int) (allowed int) {
		for i := from; i < to; i++ {
			c := &list[i]
			if (c.in.Test(c.a) || c.has.Test(c.b)) && !c.in.Test(c.c) {
				allowed++
			}
		}
		return allowed
	}
}

func (b *bits) assign(user, group string) error {
	u, g := b.users[user], b.groups[group]
	u.in.Set(g)
	u.has.InPlaceUnion(b.given[g])
	b.members[g] = append(b.members[g], u)
	return nil
}

func (b *bits) deassign(user, group string) error {
	u, g := b.users[user], b.groups[group]
	u.in.Clear(g)
	u.has.ClearAll()
	for other := range u.in.EachSet() {
		u.has.InPlaceUnion(b.given[other])
	}
	b.members[g] = slices.DeleteFunc(b.members[g], func(m *userBits) bool { return m == u })
	return nil
}

func (b *bits) grant(group, permission string) error {
	g, p := b.groups[group], b.permission[permission]
	b.given[g].Set(p)
	for _, u := range b.members[g] {
		u.has.Set(p)
	}
	return nil
}

func (b *bits) revoke(group, permission string) error {
	g, p := b.groups[group], b.permission[permission]
	b.given[g].Clear(p)
	for _, u := range b.members[g] {
		held := false
		for other := range u.in.EachSet() {
			held = held || b.given[other].Test(p)
		}
		u.has.SetTo(p, held)
	}
	return nil
}

func (b *bits) close() error { return nil }
