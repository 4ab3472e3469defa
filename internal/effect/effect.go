// Package effect computes the effect of changes on the rights of users: who
// gains and who loses which permission, and in which scope.
//
// Package effect reads the users and memberships of a store as they were before
// the changes, and applies the changes in memory. Package rbac runs the changes
// in a transaction that is rolled back, and so finds out which changes there
// would be.
package effect

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/rbac-go/rbac/internal/policy"
	"github.com/rbac-go/rbac/store"
)

// Right is a permission that a user has in a scope. The scope "" is everywhere.
type Right struct{ User, Permission, Scope string }

// Effect is the effect of changes on rights.
type Effect struct {
	Users        int // how many users gain or lose a right
	Gained, Lost []Right
	More         bool // Gained or Lost leaves out rights
}

// Of returns the effect of changes: from the policy old to the policy next, and
// from the users in r, which are those before the changes. Gained and Lost have
// at most as many rights as the argument most, in the order of user, permission
// and scope. Users who are changed themselves come first, and other users
// follow in byte order of their names, until the lists are full. Users is exact.
func Of(
	r store.Records, changes []store.Change, old, next *policy.Policy, now time.Time, most int,
) (Effect, error) {
	c := newComputation(r, old, next, now, most)
	touched, err := c.touched(changes)
	if err != nil {
		return Effect{}, err
	}
	for _, u := range slices.SortedFunc(maps.Values(touched), byName) {
		c.add(u.after.name, u.before, u.after)
	}
	if err := c.members(policy.Affected(old, next), touched); err != nil {
		return Effect{}, err
	}
	slices.SortFunc(c.effect.Gained, byUser)
	slices.SortFunc(c.effect.Lost, byUser)
	return c.effect, nil
}

// OfMemberships returns the effect of the memberships of a user in r, where the
// user had other memberships before. The policy stays. The bound is that of
// [Of].
func OfMemberships(
	r store.Records, u store.User, was []store.Membership, p *policy.Policy, now time.Time, most int,
) (Effect, error) {
	is, err := r.UserMemberships(u.ID)
	if err != nil {
		return Effect{}, err
	}
	c := newComputation(r, p, p, now, most)
	before := account{name: u.Name, enabled: !u.Disabled, memberships: was}
	after := account{name: u.Name, enabled: !u.Disabled, memberships: is}
	c.add(u.Name, before, after)
	return c.effect, nil
}

func byUser(a, b Right) int {
	return cmp.Or(
		strings.Compare(a.User, b.User),
		strings.Compare(a.Permission, b.Permission),
		strings.Compare(a.Scope, b.Scope))
}

type computation struct {
	r         store.Records
	old, next side
	now       time.Time
	most      int
	effect    Effect
}

func newComputation(r store.Records, old, next *policy.Policy, now time.Time, most int) *computation {
	c := &computation{r: r, now: now, most: most}
	c.old, c.next = newSides(old, next)
	return c
}

// add adds the difference between the rights of an account before and after.
func (c *computation) add(user string, before, after account) {
	gained, lost := c.difference(before, after)
	if len(gained)+len(lost) == 0 {
		return
	}
	c.effect.Users++
	c.keep(&c.effect.Gained, user, gained)
	c.keep(&c.effect.Lost, user, lost)
}

// keep adds rights of a user to a list, up to the bound.
func (c *computation) keep(list *[]Right, user string, of []scoped) {
	room := c.most - len(*list)
	if room == 0 {
		c.effect.More = c.effect.More || len(of) > 0
		return
	}
	var rights []Right
	for _, in := range of {
		for n := range in.permissions.all {
			rights = append(rights, Right{user, c.old.numbers.names[n], in.scope})
		}
	}
	slices.SortFunc(rights, byUser)
	if len(rights) > room {
		rights, c.effect.More = rights[:room], true
	}
	*list = append(*list, rights...)
}
