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

	"github.com/google/uuid"

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
	c := &computation{
		r:       r,
		old:     old,
		next:    next,
		now:     now,
		most:    most,
		compare: policy.Compare(old, next),
	}
	touched, err := c.touched(changes)
	if err != nil {
		return Effect{}, err
	}
	for _, u := range slices.SortedFunc(maps.Values(touched), byName) {
		c.add(u.after.name, c.difference(u.before, u.after, nil))
	}
	if err := c.members(touched); err != nil {
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
	c := &computation{old: p, next: p, now: now, most: most}
	before := account{name: u.Name, enabled: !u.Disabled, memberships: was}
	after := account{name: u.Name, enabled: !u.Disabled, memberships: is}
	c.add(u.Name, c.difference(before, after, nil))
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
	old, next *policy.Policy
	now       time.Time
	most      int
	compare   policy.Comparison
	effect    Effect
}

// members adds the effect on the members of groups whose permissions change.
// The memberships of these users stay.
func (c *computation) members(touched map[uuid.UUID]*user) error {
	if len(c.compare.Groups) == 0 {
		return nil
	}
	only := c.compare.Permissions
	if c.compare.Activation {
		only = nil
	}
	members := members{computation: c, only: only, known: map[string]like{}}
	filter := store.UserFilter{Groups: c.compare.Groups, At: c.now, Enabled: true}
	for u, err := range c.r.Users(filter) {
		if err != nil {
			return err
		}
		if touched[u.ID] != nil {
			continue
		}
		if err := members.add(u.ID, u.Name); err != nil {
			return err
		}
	}
	return members.flush()
}

// active returns the groups that are active for an account without a ticket.
func (c *computation) active(p *policy.Policy, a account) policy.Active {
	if !a.enabled {
		return policy.Active{}
	}
	return p.Activate(p.Assigned(a.memberships, c.now), store.Ticket{})
}

// change is what a user gains and loses.
type change struct{ gained, lost []Right }

// difference returns the difference between the rights of an account before and
// after. Only the named permissions can differ; nil: every permission can.
func (c *computation) difference(before, after account, only []string) change {
	was, is := c.active(c.old, before), c.active(c.next, after)
	d := difference{
		was:    rights{c.old, was, only, map[string][]string{}},
		is:     rights{c.next, is, only, map[string][]string{}},
		scopes: scopesOf(was, is),
	}
	return change{gained: d.more(&d.is, &d.was), lost: d.more(&d.was, &d.is)}
}

// add adds the change of a user's rights.
func (c *computation) add(user string, of change) {
	if len(of.gained)+len(of.lost) == 0 {
		return
	}
	c.effect.Users++
	c.keep(&c.effect.Gained, user, of.gained)
	c.keep(&c.effect.Lost, user, of.lost)
}

// keep adds rights of a user to a list, up to the bound.
func (c *computation) keep(list *[]Right, user string, rights []Right) {
	slices.SortFunc(rights, byUser)
	if room := c.most - len(*list); len(rights) > room {
		rights, c.effect.More = rights[:room], true
	}
	for _, right := range rights {
		right.User = user
		*list = append(*list, right)
	}
}

// scopesOf lists the scopes in which groups are active before or after, first
// the scope "".
func scopesOf(before, after policy.Active) []string {
	scopes := append(before.Scopes(), after.Scopes()...)
	slices.Sort(scopes)
	return slices.Compact(scopes)
}

// difference is the difference between the rights of a user before and after.
type difference struct {
	was, is rights
	scopes  []string
}

// more returns the rights of a that b lacks. A permission in a scope is left
// out if the permission is returned for everywhere.
func (d *difference) more(a, b *rights) []Right {
	var list []Right
	everywhere := minus(a.in(""), b.in(""))
	for _, name := range everywhere {
		list = append(list, Right{Permission: name})
	}
	for _, scope := range d.scopes {
		if scope == "" {
			continue
		}
		for _, name := range minus(minus(a.in(scope), b.in(scope)), everywhere) {
			list = append(list, Right{Permission: name, Scope: scope})
		}
	}
	return list
}

// rights are the permissions of active groups under a policy.
type rights struct {
	policy *policy.Policy
	active policy.Active
	only   []string
	found  map[string][]string // by scope
}

// in returns the permissions in a scope, in byte order.
func (r *rights) in(scope string) []string {
	names, ok := r.found[scope]
	if ok {
		return names
	}
	groups := r.active.In(scope)
	if r.only == nil {
		names = r.policy.PermissionsOf(groups)
	}
	for _, name := range r.only {
		if has, _ := r.policy.HasPermission(groups, name); has {
			names = append(names, name)
		}
	}
	r.found[scope] = names
	return names
}

// minus returns the strings of a sorted list that another sorted list lacks.
func minus(list, others []string) []string {
	var rest []string
	for _, s := range list {
		if _, found := slices.BinarySearch(others, s); !found {
			rest = append(rest, s)
		}
	}
	return rest
}
