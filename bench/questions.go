package main

import (
	"math/rand/v2"
	"slices"
	"strings"
)

// probe asks whether a user has a permission.
type probe struct {
	user, permission string
	want             bool
}

// compound asks whether a user meets (in_group a or has_permission b) and not
// in_group c.
type compound struct {
	user, a, b, c string
	has           bool // the permission b
	want          bool
}

// change is a membership and a grant that alone decide whether the user has the
// permission.
type change struct{ user, group, permission string }

// questions are the questions to all peers of one world. Half of the probes and
// half of the compounds are allowed.
type questions struct {
	probes    []probe
	compounds []compound
	assigns   []change // the group gives the permission; the user is not in the group and has it from no other
	grants    []change // the user is in the group; nothing gives the user the permission
	revokes   []change // the user has the permission by this group alone
}

// probesOf is the number of probes: enough that the branch predictor of the
// processor cannot learn them.
const probesOf = 1 << 16

// newQuestions returns the questions to a world, the same at every call.
func newQuestions(w *world) *questions {
	a := asker{w, rand.New(rand.NewPCG(1, uint64(w.Users)))}
	q := &questions{}
	for i := range probesOf {
		q.probes = append(q.probes, a.probe(i%2 == 0))
		q.compounds = append(q.compounds, a.compound(i%2 == 0))
	}
	shuffle(a.random, q.probes)
	shuffle(a.random, q.compounds)
	for range 64 {
		q.assigns = append(q.assigns, a.assign())
		q.grants = append(q.grants, a.grant())
		q.revokes = append(q.revokes, a.revoke())
	}
	return q
}

func shuffle[E any](random *rand.Rand, list []E) {
	random.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
}

type asker struct {
	*world
	random *rand.Rand
}

// probe names the user and the permission by new strings, as a request does, so
// that no comparison with the strings of a peer is settled by an equal address.
func (a asker) probe(allowed bool) probe {
	u := a.any(a.users)
	p := a.any(a.permissions)
	if allowed {
		p = pick(a.random, a.grants[pick(a.random, a.memberships[u])])
	} else {
		for a.has(u, p) {
			p = a.any(a.permissions)
		}
	}
	return probe{strings.Clone(a.users[u]), strings.Clone(a.permissions[p]), allowed}
}

// compound draws parts that each decide some answers.
func (a asker) compound(allowed bool) compound {
	for {
		u := a.any(a.users)
		x, y, z := a.someGroup(u), a.somePermission(u), a.someGroup(u)
		if want := (a.inGroup(u, x) || a.has(u, y)) && !a.inGroup(u, z); want == allowed {
			return compound{strings.Clone(a.users[u]), a.groups[x], a.permissions[y], a.groups[z], a.has(u, y), want}
		}
	}
}

// someGroup returns a group of the user, or any group, with even chances.
func (a asker) someGroup(user int32) int32 {
	if a.random.IntN(2) == 0 {
		return pick(a.random, a.memberships[user])
	}
	return a.any(a.groups)
}

func (a asker) somePermission(user int32) int32 {
	if a.random.IntN(2) == 0 {
		return pick(a.random, a.grants[pick(a.random, a.memberships[user])])
	}
	return a.any(a.permissions)
}

func (a asker) assign() change {
	for {
		u, g := a.any(a.users), a.any(a.groups)
		if p := pick(a.random, a.grants[g]); !a.inGroup(u, g) && !a.has(u, p) {
			return a.change(u, g, p)
		}
	}
}

func (a asker) grant() change {
	for {
		u := a.any(a.users)
		if p := a.any(a.permissions); !a.has(u, p) {
			return a.change(u, pick(a.random, a.memberships[u]), p)
		}
	}
}

func (a asker) revoke() change {
	for {
		u := a.any(a.users)
		g := pick(a.random, a.memberships[u])
		p := pick(a.random, a.grants[g])
		if !slices.ContainsFunc(a.memberships[u], func(o int32) bool { return o != g && slices.Contains(a.grants[o], p) }) {
			return a.change(u, g, p)
		}
	}
}

func (a asker) change(u, g, p int32) change {
	return change{a.users[u], a.groups[g], a.permissions[p]}
}

func (a asker) any(names []string) int32 { return a.random.Int32N(int32(len(names))) }

func pick(random *rand.Rand, list []int32) int32 { return list[random.IntN(len(list))] }
