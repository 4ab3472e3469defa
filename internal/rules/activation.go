package rules

import (
	"slices"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/internal/policy"
	"github.com/rbac-go/rbac/store"
)

// ActiveGroups returns the groups active in a ticket in some scope, without
// inherited groups, and the groups left out in some scope because of a dynamic
// set, each in byte order of the names.
func (r Rules) ActiveGroups(t store.Ticket) (active, omitted []store.Group, err error) {
	memberships, err := r.Records.UserMemberships(t.User)
	if err != nil {
		return nil, nil, err
	}
	p, err := r.dynamicPolicy(membershipGroups(memberships))
	if err != nil {
		return nil, nil, err
	}
	active, omitted = p.AcrossScopes(p.Activate(p.Assigned(memberships, r.Now), t))
	return active, omitted, nil
}

// Choice is the result of a choice of groups for a ticket.
type Choice struct {
	Groups    []uuid.UUID // sorted
	Denied    string      // the first group without authorization, or ""
	Violation []Violation // of a dynamic set by the groups, at most one
}

// Choose resolves the names of groups for a ticket of a user, and checks the
// groups in every scope of the user's memberships.
func (r Rules) Choose(user uuid.UUID, names []string) (c Choice, err error) {
	memberships, err := r.Records.UserMemberships(user)
	if err != nil {
		return c, err
	}
	p, err := r.dynamicPolicy(membershipGroups(memberships))
	if err != nil {
		return c, err
	}
	assigned := p.Assigned(memberships, r.Now)
	if c.Groups, c.Denied = p.Authorized(assigned, names); c.Denied != "" {
		return c, nil
	}
	t := store.Ticket{Narrowed: true, Groups: c.Groups}
	for _, scope := range assigned.Scopes() {
		if v, ok := p.ViolationAmong(scope, p.Choose(assigned.In(scope), t)); ok {
			c.Violation = []Violation{{v, user}}
			break
		}
	}
	return c, nil
}

// activatable returns the groups that can be active at all. A group that
// violates a dynamic set alone, by inheritance, gives no permission to anybody.
func (r Rules) activatable(groups []uuid.UUID) ([]uuid.UUID, error) {
	p, err := r.dynamicPolicy(groups)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(groups, func(g uuid.UUID) bool {
		n, _ := p.Number(g)
		_, violated := p.ViolationAmong("", []int32{n})
		return violated
	}), nil
}

// dynamicPolicy is policyOf with all dynamic sets with members among the
// groups.
func (r Rules) dynamicPolicy(groups []uuid.UUID) (*policy.Policy, error) {
	p, err := r.policyOf(groups, nil)
	if err != nil {
		return nil, err
	}
	sets, err := r.Records.Separations(store.SeparationFilter{Dynamic: true, Groups: p.GroupIDs()})
	return p.WithSeparations(sets), err
}

// policyOf makes a policy of groups and all inherited groups, by the
// inheritances in the store and by more inheritances. The policy checks sets.
func (r Rules) policyOf(groups []uuid.UUID, sets []store.Separation,
	more ...store.Inheritance) (*policy.Policy, error) {
	var edges []store.Inheritance
	reached, err := reach(groups, func(g uuid.UUID) ([]uuid.UUID, error) {
		juniors, err := r.Records.Inheritances(store.InheritanceFilter{Senior: g})
		for _, i := range more {
			if i.Senior == g && !slices.Contains(juniors, i) {
				juniors = append(juniors, i)
			}
		}
		edges = append(edges, juniors...)
		return juniorIDs(juniors), err
	})
	if err != nil {
		return nil, err
	}
	return r.smallPolicy(reached, edges, sets)
}

// policyAmong makes a policy of groups and of the inheritances between the
// groups. This suffices for a set if the groups include all groups with a path
// to a member. Further inherited groups are not read: a group at the top may
// inherit thousands.
func (r Rules) policyAmong(groups []uuid.UUID, sets []store.Separation) (*policy.Policy, error) {
	var edges []store.Inheritance
	for _, g := range groups {
		juniors, err := r.Records.Inheritances(store.InheritanceFilter{Senior: g})
		if err != nil {
			return nil, err
		}
		edges = append(edges, juniors...)
	}
	return r.smallPolicy(groups, edges, sets)
}

// smallPolicy leaves out inheritances of further groups.
func (r Rules) smallPolicy(ids []uuid.UUID, edges []store.Inheritance,
	sets []store.Separation) (*policy.Policy, error) {
	groups := make([]store.Group, 0, len(ids))
	for _, id := range ids {
		g, err := r.Records.Group(store.GroupKey{ID: id})
		if err != nil {
			return nil, err
		}
		groups = append(groups, g)
	}
	return policy.New(policy.Tables{Groups: groups, Inheritances: edges, Separations: sets}), nil
}

// membershipGroups lists the groups of memberships, each once.
func membershipGroups(memberships []store.Membership) []uuid.UUID {
	groups := make([]uuid.UUID, len(memberships))
	for i, m := range memberships {
		groups[i] = m.Group
	}
	return SortIDs(groups)
}
