package rbac

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/internal/policy"
	"github.com/rbac-go/rbac/store"
)

// Separation of duty sets (INCITS 359 section 6.3 and 6.4) are checked with a
// small policy of the groups in question and all inherited groups. The cost of
// a check depends on the call, not on the size of the store. A static set is
// checked against the authorized groups of a user, a dynamic set against the
// active groups of open tickets.

// policyOf makes a policy of groups and all inherited groups, by the
// inheritances in the store and by more inheritances. The policy checks sets.
func (tx *Tx) policyOf(groups []uuid.UUID, sets []store.Separation,
	more ...store.Inheritance) (*policy.Policy, error) {
	var edges []store.Inheritance
	reached, err := reach(groups, func(g uuid.UUID) ([]uuid.UUID, error) {
		juniors, err := tx.r.Juniors(g)
		for _, i := range more {
			if i.Senior == g && !slices.Contains(juniors, i.Junior) {
				juniors = append(juniors, i.Junior)
			}
		}
		for _, j := range juniors {
			edges = append(edges, store.Inheritance{Senior: g, Junior: j})
		}
		return juniors, err
	})
	if err != nil {
		return nil, err
	}
	return tx.smallPolicy(reached, edges, sets)
}

// policyAmong makes a policy of groups and of the inheritances between the
// groups. This suffices for a set if the groups include all groups with a path
// to a member. Further inherited groups are not read: a group at the top may
// inherit thousands.
func (tx *Tx) policyAmong(groups []uuid.UUID, sets []store.Separation) (*policy.Policy, error) {
	var edges []store.Inheritance
	for _, g := range groups {
		juniors, err := tx.r.Juniors(g)
		if err != nil {
			return nil, err
		}
		for _, j := range juniors {
			edges = append(edges, store.Inheritance{Senior: g, Junior: j})
		}
	}
	return tx.smallPolicy(groups, edges, sets)
}

// smallPolicy leaves out inheritances of further groups.
func (tx *Tx) smallPolicy(ids []uuid.UUID, edges []store.Inheritance,
	sets []store.Separation) (*policy.Policy, error) {
	groups := make([]store.Group, 0, len(ids))
	for _, id := range ids {
		g, err := tx.r.Group(id)
		if err != nil {
			return nil, err
		}
		groups = append(groups, g)
	}
	return policy.New(policy.Tables{Groups: groups, Inheritances: edges, Separations: sets}), nil
}

// dynamicPolicy is policyOf with all dynamic sets with members among the
// groups.
func (tx *Tx) dynamicPolicy(groups []uuid.UUID) (*policy.Policy, error) {
	p, err := tx.policyOf(groups, nil)
	if err != nil {
		return nil, err
	}
	sets, err := tx.r.GroupSeparations(true, p.GroupIDs())
	return p.WithSeparations(sets), err
}

// membershipGroups lists the groups of memberships, each once.
func membershipGroups(memberships []store.Membership) []uuid.UUID {
	groups := make([]uuid.UUID, len(memberships))
	for i, m := range memberships {
		groups[i] = m.Group
	}
	return sortIDs(groups)
}

// holder is a user with the memberships to check.
type holder struct {
	id          uuid.UUID
	memberships []store.Membership
}

// holders returns the users of groups with the memberships in the groups, by
// id.
func (tx *Tx) holders(groups []uuid.UUID) ([]holder, error) {
	memberships := map[uuid.UUID][]store.Membership{}
	for _, g := range groups {
		for m, err := range tx.r.GroupMembers(g) {
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

// readMemberships reads all memberships of holders.
func (tx *Tx) readMemberships(holders []holder) (err error) {
	for i := range holders {
		if holders[i].memberships, err = tx.r.UserMemberships(holders[i].id); err != nil {
			return err
		}
	}
	return nil
}

// groupsOfHolders lists the groups of the memberships of holders, each once.
func groupsOfHolders(holders []holder) []uuid.UUID {
	var all []store.Membership
	for _, h := range holders {
		all = append(all, h.memberships...)
	}
	return membershipGroups(all)
}

// checkSet refuses a violated set: a static set by the authorized groups of a
// user, a dynamic set by an open ticket.
func (tx *Tx) checkSet(set store.Separation) error {
	sources, err := tx.seniors(set.Groups...)
	if err != nil {
		return err
	}
	holders, err := tx.holders(sources)
	if err != nil {
		return err
	}
	p, err := tx.policyAmong(sources, []store.Separation{set})
	if err != nil {
		return err
	}
	found := tx.findViolations(p, holders)
	if !set.Dynamic {
		return tx.separationError(found)
	}
	holders = make([]holder, len(found)) // only these users can violate the set in a ticket
	for i, v := range found {
		holders[i].id = v.user
	}
	if err := tx.readMemberships(holders); err != nil {
		return err
	}
	return tx.checkOpenTickets(holders, p)
}

// checkMembership refuses a membership if the user would violate a static set.
func (tx *Tx) checkMembership(m store.Membership) error {
	if !policy.Counts(m.Until, tx.now) {
		return nil
	}
	gained, err := tx.juniors(m.Group)
	if err != nil {
		return err
	}
	sets, err := tx.r.GroupSeparations(false, gained)
	if err != nil || len(sets) == 0 {
		return err
	}
	memberships, err := tx.r.UserMemberships(m.User)
	if err != nil {
		return err
	}
	same := func(o store.Membership) bool { return o.Group == m.Group && o.Scope == m.Scope }
	memberships = append(slices.DeleteFunc(memberships, same), m)
	p, err := tx.policyOf(membershipGroups(memberships), sets)
	if err != nil {
		return err
	}
	return tx.separationError(tx.findViolations(p, []holder{{m.User, memberships}}))
}

// checkInheritance refuses an inheritance if a user would violate a static set,
// or an open ticket a dynamic set. gained are the newly inherited groups of the
// senior.
func (tx *Tx) checkInheritance(edge store.Inheritance, gained []uuid.UUID) error {
	static, err := tx.r.GroupSeparations(false, gained)
	if err != nil {
		return err
	}
	dynamic, err := tx.r.GroupSeparations(true, gained)
	if err != nil || len(static)+len(dynamic) == 0 {
		return err
	}
	if len(dynamic) > 0 {
		if err := tx.protect(); err != nil {
			return err
		}
	}
	seniors, err := tx.seniors(edge.Senior)
	if err != nil {
		return err
	}
	holders, err := tx.holders(seniors)
	if err != nil {
		return err
	}
	if err := tx.readMemberships(holders); err != nil {
		return err
	}
	p, err := tx.policyOf(groupsOfHolders(holders), static, edge)
	if err != nil {
		return err
	}
	if err := tx.separationError(tx.findViolations(p, holders)); err != nil {
		return err
	}
	return tx.checkOpenTickets(holders, p.WithSeparations(dynamic))
}

// checkOpenTickets refuses if the active groups of a living ticket of holders
// violate a set of next. The active groups are determined by the sets in the
// store.
func (tx *Tx) checkOpenTickets(holders []holder, next *policy.Policy) error {
	if len(holders) == 0 || !next.HasSeparations() {
		return nil
	}
	now, err := tx.dynamicPolicy(groupsOfHolders(holders))
	if err != nil {
		return err
	}
	var found []violation
	for _, h := range holders {
		tickets, err := tx.r.UserTickets(h.id)
		if err != nil {
			return err
		}
		assigned := now.Assigned(h.memberships, tx.now)
		for _, t := range tickets {
			if !tx.a.sessions.Living(t, tx.now) {
				continue
			}
			if v, ok := next.ViolationBy(now.Activate(assigned, t), now); ok {
				found = append(found, violation{v, h.id})
				break
			}
		}
	}
	return tx.separationError(found)
}

// checkTogether refuses a choice of groups for a ticket if the choice violates
// a dynamic set in any scope of the user's assignments.
func (tx *Tx) checkTogether(p *policy.Policy, u User, assigned policy.Assigned,
	groups []uuid.UUID) error {
	t := store.Ticket{Narrowed: true, Groups: groups}
	for _, scope := range assigned.Scopes() {
		if v, ok := p.ViolationAmong(scope, p.Choose(assigned.In(scope), t)); ok {
			return tx.separationError([]violation{{v, u.ID}})
		}
	}
	return nil
}

// violation is the violation of a set by a user.
type violation struct {
	policy.Violation
	user uuid.UUID
}

// findViolations returns violations of the sets of p by the authorized groups
// of users, at most one of each user.
func (tx *Tx) findViolations(p *policy.Policy, holders []holder) []violation {
	var found []violation
	for _, h := range holders {
		assigned := p.Assigned(h.memberships, tx.now)
		for _, scope := range assigned.Scopes() {
			if v, ok := p.ViolationAmong(scope, assigned.In(scope)); ok {
				found = append(found, violation{v, h.id})
				break
			}
		}
	}
	return found
}

// separationError describes the first violation in full, and lists the users of
// further violations.
func (tx *Tx) separationError(found []violation) error {
	if len(found) == 0 {
		return nil
	}
	var names []string
	for _, v := range found[:min(len(found), maxListed+1)] {
		u, err := tx.r.User(v.user)
		if err != nil {
			return err
		}
		names = append(names, u.Name)
	}
	first := found[0]
	set, err := tx.publicSet(first.Set())
	if err != nil {
		return err
	}
	reason := violationText(first.Violation, set.Groups, names[0])
	if len(found) > 1 {
		reason += "; likewise " + strings.Join(names[1:], ", ")
		if more := len(found) - len(names); more > 0 {
			reason += " and " + strconv.Itoa(more) + " more"
		}
	}
	return &Error{Kind: ErrSeparation, Record: setRecord(first.Set()), Name: set.Name, Reason: reason}
}
