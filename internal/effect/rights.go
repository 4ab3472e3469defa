package effect

import (
	"maps"
	"math/bits"
	"slices"
	"time"

	"github.com/rbac-go/rbac/internal/policy"
	"github.com/rbac-go/rbac/store"
)

// side computes the rights of accounts under the policy before, or after, the
// changes.
//
// Most users are in few groups, and many users in the same. The permissions of
// a group are therefore looked up once, and those of a user are a union of bit
// sets: 100,000 users cost a fraction of a second.
type side struct {
	policy  *policy.Policy
	numbers *numbers
	given   map[int32]set // by number of the group, inherited permissions included
	words   int           // of the sets in given
}

// numbers numbers permissions in the order in which they are met. Both sides
// use the same numbers, since sets of two sides are compared.
type numbers struct {
	byName map[string]int
	names  []string
}

// set is a set of permissions: bit n of the words is the permission number n.
type set []uint64

// maxWords bounds the words of the sets that a side keeps: 16 MB. Then all sets
// are dropped.
const maxWords = 1 << 21

func newSides(old, next *policy.Policy) (before, after side) {
	n := &numbers{byName: map[string]int{}}
	return side{policy: old, numbers: n, given: map[int32]set{}},
		side{policy: next, numbers: n, given: map[int32]set{}}
}

// active returns the groups that are active for an account without a ticket, by
// scope. Inherited groups, and in a scope those active everywhere, may be left
// out.
func (s *side) active(a account, now time.Time) policy.Assigned {
	if !a.enabled {
		return nil
	}
	assigned := s.policy.Assigned(a.memberships, now)
	if s.policy.CountSeparations() == 0 {
		return assigned
	}
	active := s.policy.Activate(assigned, store.Ticket{})
	own := policy.Assigned{}
	for _, scope := range active.Scopes() {
		own[scope] = active.In(scope).Own()
	}
	return own
}

// permissions returns the permissions of active groups and of all that they
// inherit. The caller must not write to the set.
func (s *side) permissions(groups []int32) set {
	var all set
	for i, n := range groups {
		if i == 0 {
			all = s.ofGroup(n)
		} else {
			all = all.union(s.ofGroup(n))
		}
	}
	return all
}

func (s *side) ofGroup(n int32) set {
	given, ok := s.given[n]
	if ok {
		return given
	}
	// A group that is active among others is active alone, too.
	alone := s.policy.Activate(policy.Assigned{"": {n}}, store.Ticket{})
	for _, name := range s.policy.PermissionsOf(alone.In("")) {
		given = given.with(s.numbers.of(name))
	}
	if s.words += len(given); s.words > maxWords {
		clear(s.given)
		s.words = len(given)
	}
	s.given[n] = given
	return given
}

func (n *numbers) of(name string) int {
	number, ok := n.byName[name]
	if !ok {
		number = len(n.names)
		n.byName[name], n.names = number, append(n.names, name)
	}
	return number
}

// with returns the set with one more permission. with may write to the set.
func (s set) with(n int) set {
	if short := n/64 + 1 - len(s); short > 0 {
		s = append(s, make(set, short)...)
	}
	s[n/64] |= 1 << (n % 64)
	return s
}

func (s set) union(other set) set {
	if len(s) < len(other) {
		s, other = other, s
	}
	if len(other.minus(s)) == 0 {
		return s
	}
	all := slices.Clone(s)
	for i, word := range other {
		all[i] |= word
	}
	return all
}

// minus returns the permissions of the set that another set lacks; nil if there
// are none.
func (s set) minus(other set) set {
	var rest set
	for i, word := range s {
		if i < len(other) {
			word &^= other[i]
		}
		if word != 0 && rest == nil {
			rest = make(set, len(s))
		}
		if word != 0 {
			rest[i] = word
		}
	}
	return rest
}

// all yields the numbers of the permissions.
func (s set) all(yield func(n int) bool) {
	for i, word := range s {
		for ; word != 0; word &= word - 1 {
			if !yield(64*i + bits.TrailingZeros64(word)) {
				return
			}
		}
	}
}

// scoped are permissions in a scope.
type scoped struct {
	scope       string
	permissions set
}

// difference returns what an account gains and loses, in no certain order. A
// permission in a scope is left out if the permission is returned for
// everywhere.
func (c *computation) difference(before, after account) (gained, lost []scoped) {
	was, is := c.old.active(before, c.now), c.next.active(after, c.now)
	wasAll, isAll := c.old.permissions(was[""]), c.next.permissions(is[""])
	gainedAll, lostAll := isAll.minus(wasAll), wasAll.minus(isAll)
	gained, lost = more(gained, "", gainedAll), more(lost, "", lostAll)
	add := func(scope string) {
		was := wasAll.union(c.old.permissions(was[scope]))
		is := isAll.union(c.next.permissions(is[scope]))
		gained = more(gained, scope, is.minus(was).minus(gainedAll))
		lost = more(lost, scope, was.minus(is).minus(lostAll))
	}
	for scope := range maps.Keys(was) {
		if scope != "" {
			add(scope)
		}
	}
	for scope := range maps.Keys(is) {
		if _, done := was[scope]; !done && scope != "" {
			add(scope)
		}
	}
	return gained, lost
}

func more(list []scoped, scope string, permissions set) []scoped {
	if permissions == nil {
		return list
	}
	return append(list, scoped{scope, permissions})
}
