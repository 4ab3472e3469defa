package rules

import (
	"bytes"
	"slices"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/internal/policy"
	"github.com/rbac-go/rbac/store"
)

// Violation is the violation of a set by a user: of a static set by the groups
// that the user is authorized for, of a dynamic set by the groups that are
// active in an open ticket. Checks find at most one violation of each user.
type Violation struct {
	policy.Violation
	User uuid.UUID
}

// Living reports whether a ticket is open.
type Living func(store.Ticket) bool

// SetsWith returns the sets with a member among groups, static sets first.
func (r Rules) SetsWith(groups []uuid.UUID) ([]store.Separation, error) {
	static, err := r.Records.Separations(store.SeparationFilter{Groups: groups})
	if err != nil {
		return nil, err
	}
	dynamic, err := r.Records.Separations(store.SeparationFilter{Dynamic: true, Groups: groups})
	return slices.Concat(static, dynamic), err
}

// CheckSet returns the violations of a set.
func (r Rules) CheckSet(set store.Separation, living Living) ([]Violation, error) {
	sources, err := r.Seniors(set.Groups...)
	if err != nil {
		return nil, err
	}
	holders, err := r.holders(sources)
	if err != nil {
		return nil, err
	}
	p, err := r.policyAmong(sources, []store.Separation{set})
	if err != nil {
		return nil, err
	}
	found := r.violations(p, holders)
	if !set.Dynamic {
		return found, nil
	}
	holders = make([]holder, len(found)) // only these users can violate the set in a ticket
	for i, v := range found {
		holders[i].id = v.User
	}
	if err := r.readMemberships(holders); err != nil {
		return nil, err
	}
	return r.ticketViolations(holders, p, living)
}

// CheckMembership returns the violation of a static set if a user gets a
// membership.
func (r Rules) CheckMembership(m store.Membership) ([]Violation, error) {
	if !policy.Counts(m.Until, r.Now) {
		return nil, nil
	}
	gained, err := r.Juniors(m.Group)
	if err != nil {
		return nil, err
	}
	sets, err := r.Records.Separations(store.SeparationFilter{Groups: gained})
	if err != nil || len(sets) == 0 {
		return nil, err
	}
	memberships, err := r.Records.UserMemberships(m.User)
	if err != nil {
		return nil, err
	}
	same := func(o store.Membership) bool { return o.Group == m.Group && o.Scope == m.Scope }
	memberships = append(slices.DeleteFunc(memberships, same), m)
	p, err := r.policyOf(membershipGroups(memberships), sets)
	if err != nil {
		return nil, err
	}
	return r.violations(p, []holder{{m.User, memberships}}), nil
}

// CheckInheritance returns the violations of sets, at least one, by an
// additional inheritance. Static sets come first: dynamic sets are checked if
// no static set is violated. The sets are those with a member that the senior
// gains.
func (r Rules) CheckInheritance(edge store.Inheritance, sets []store.Separation, living Living) (
	[]Violation, error) {
	seniors, err := r.Seniors(edge.Senior)
	if err != nil {
		return nil, err
	}
	holders, err := r.holders(seniors)
	if err != nil {
		return nil, err
	}
	if err := r.readMemberships(holders); err != nil {
		return nil, err
	}
	dynamic := func(s store.Separation) bool { return s.Dynamic }
	first := slices.IndexFunc(sets, dynamic)
	if first < 0 {
		first = len(sets)
	}
	p, err := r.policyOf(groupsOfHolders(holders), sets[:first], edge)
	if err != nil {
		return nil, err
	}
	if found := r.violations(p, holders); len(found) > 0 {
		return found, nil
	}
	return r.ticketViolations(holders, p.WithSeparations(sets[first:]), living)
}

// violations returns violations of the sets of p by the authorized groups of
// users.
func (r Rules) violations(p *policy.Policy, holders []holder) []Violation {
	var found []Violation
	violations := p.Violations()
	for _, h := range holders {
		assigned := p.Assigned(h.memberships, r.Now)
		for _, scope := range assigned.Scopes() {
			if v, ok := violations.Among(scope, assigned.In(scope)); ok {
				found = append(found, Violation{v, h.id})
				break
			}
		}
	}
	return found
}

// ticketViolations returns violations of the sets of next by the active groups
// of living tickets. The active groups are determined by the sets in the store.
func (r Rules) ticketViolations(holders []holder, next *policy.Policy, living Living) (
	[]Violation, error) {
	if len(holders) == 0 || !next.HasSeparations() {
		return nil, nil
	}
	now, err := r.dynamicPolicy(groupsOfHolders(holders))
	if err != nil {
		return nil, err
	}
	var found []Violation
	for _, h := range holders {
		tickets, err := r.Records.UserTickets(h.id)
		if err != nil {
			return nil, err
		}
		assigned := now.Assigned(h.memberships, r.Now)
		for _, t := range tickets {
			if !living(t) {
				continue
			}
			if v, ok := next.ViolationBy(now.Activate(assigned, t), now); ok {
				found = append(found, Violation{v, h.id})
				break
			}
		}
	}
	return found, nil
}

// holder is a user with the memberships to check.
type holder struct {
	id          uuid.UUID
	memberships []store.Membership
}

// holders returns the users of groups with the memberships in the groups, by
// id.
func (r Rules) holders(groups []uuid.UUID) ([]holder, error) {
	memberships := map[uuid.UUID][]store.Membership{}
	for _, g := range groups {
		for m, err := range r.Records.Memberships(store.MembershipFilter{Group: g, NoNames: true}) {
			if err != nil {
				return nil, err
			}
			memberships[m.User] = append(memberships[m.User], m.Membership)
		}
	}
	holders := make([]holder, 0, len(memberships))
	for id, list := range memberships {
		holders = append(holders, holder{id, list})
	}
	slices.SortFunc(holders, func(a, b holder) int { return bytes.Compare(a.id[:], b.id[:]) })
	return holders, nil
}

// readMemberships reads all memberships of holders, who are in the order of
// ids.
func (r Rules) readMemberships(holders []holder) error {
	for some := range slices.Chunk(holders, batch) {
		users := make([]uuid.UUID, len(some))
		for i, h := range some {
			users[i], some[i].memberships = h.id, nil
		}
		at := 0
		for m, err := range r.Records.Memberships(store.MembershipFilter{Users: users, NoNames: true}) {
			if err != nil {
				return err
			}
			for some[at].id != m.User {
				at++
			}
			some[at].memberships = append(some[at].memberships, m.Membership)
		}
	}
	return nil
}

// batch is the number of users whose memberships are read together.
const batch = 500

// groupsOfHolders lists the groups of the memberships of holders, each once.
func groupsOfHolders(holders []holder) []uuid.UUID {
	var all []store.Membership
	for _, h := range holders {
		all = append(all, h.memberships...)
	}
	return membershipGroups(all)
}
