package rbac

import (
	"bytes"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"github.com/rbac-go/rbac/store"
)

// Whether sets are violated is asked of a small policy: the groups that matter to one
// call, and what they inherit. So a check costs what the call touches, whatever else the store holds.

// policyOf makes a policy of groups and all they inherit, as the store has it and with more
// inheritances, that checks sets.
func (tx *Tx) policyOf(groups []uuid.UUID, sets []store.Separation, more ...store.Inheritance) (*policy, error) {
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
		return &policy{}, err
	}
	return tx.smallPolicy(reached, edges, sets)
}

// policyAmong makes a policy of these groups and the inheritances between them. That is enough for a set if the groups are
// all that have a way to its members: what else they inherit, as a group over everything does, is not read.
func (tx *Tx) policyAmong(groups []uuid.UUID, sets []store.Separation) (*policy, error) {
	var edges []store.Inheritance
	for _, g := range groups {
		juniors, err := tx.r.Juniors(g)
		if err != nil {
			return &policy{}, err
		}
		for _, j := range juniors {
			edges = append(edges, store.Inheritance{Senior: g, Junior: j})
		}
	}
	return tx.smallPolicy(groups, edges, sets)
}

// smallPolicy leaves out inheritances of groups that it does not have.
func (tx *Tx) smallPolicy(groups []uuid.UUID, edges []store.Inheritance, sets []store.Separation) (*policy, error) {
	p := newPolicy()
	list, err := tx.groupsOf(groups, nil)
	p.setGroups(list)
	p.setInheritances(edges)
	p.setSeparations(sets)
	return p, err
}

// dynamicPolicy is policyOf with the dynamic sets that groups of it are in.
func (tx *Tx) dynamicPolicy(groups []uuid.UUID) (*policy, error) {
	p, err := tx.policyOf(groups, nil)
	if err != nil {
		return p, err
	}
	sets, err := tx.r.GroupSeparations(true, p.ids())
	p.setSeparations(sets)
	return p, err
}

// holder is a user with memberships that matter to a check.
type holder struct {
	id          uuid.UUID
	memberships []store.Membership
}

// groupsOfHolders lists the groups of the memberships of holders, each once.
func groupsOfHolders(holders []holder) []uuid.UUID {
	var groups []uuid.UUID
	for _, h := range holders {
		for _, m := range h.memberships {
			groups = append(groups, m.Group)
		}
	}
	return sortIDs(groups)
}

// checkSet refuses a set that is violated: by what a user is authorized for, or in an open ticket.
func (tx *Tx) checkSet(rec store.Separation) error {
	givers, err := tx.seniors(rec.Groups...)
	if err != nil {
		return err
	}
	holders, err := tx.holders(givers)
	if err != nil {
		return err
	}
	p, err := tx.policyAmong(givers, []store.Separation{rec})
	if err != nil {
		return err
	}
	found := tx.violations(p, holders)
	if !rec.Dynamic {
		return tx.separationError(found)
	}
	holders = make([]holder, len(found)) // who may violate it in a ticket, now with all their memberships
	for i, v := range found {
		holders[i].id = v.user
		if holders[i].memberships, err = tx.r.UserMemberships(v.user); err != nil {
			return err
		}
	}
	return tx.checkOpenTickets(holders, p)
}

// holders returns the users of groups with their memberships in them, by id.
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

// checkMembership refuses a membership that would make its user violate a static set.
func (tx *Tx) checkMembership(m store.Membership) error {
	if !counts(m.Until, tx.now) {
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
	holders := []holder{{m.User, append(slices.DeleteFunc(memberships, same), m)}}
	p, err := tx.policyOf(groupsOfHolders(holders), sets)
	if err != nil {
		return err
	}
	return tx.separationError(tx.violations(p, holders))
}

// checkInheritance refuses an inheritance through which a user would violate a
// static set, or an open ticket a dynamic one. gained is what the senior would inherit.
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
	for i, h := range holders {
		if holders[i].memberships, err = tx.r.UserMemberships(h.id); err != nil {
			return err
		}
	}
	p, err := tx.policyOf(groupsOfHolders(holders), static, edge)
	if err != nil {
		return err
	}
	if err := tx.separationError(tx.violations(p, holders)); err != nil {
		return err
	}
	p.setSeparations(dynamic)
	return tx.checkOpenTickets(holders, p)
}

// checkOpenTickets refuses if something is active in a living ticket of holders, by the rules
// that the store has, that next does not allow.
func (tx *Tx) checkOpenTickets(holders []holder, next *policy) error {
	if len(holders) == 0 || next.sets.Len() == 0 {
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
		assigned := now.assigned(h.memberships, tx.now)
		for _, t := range tickets {
			if !tx.a.living(t, tx.now) {
				continue
			}
			if v, ok := now.activate(assigned, t).violates(now, next); ok {
				v.user = h.id
				found = append(found, v)
				break
			}
		}
	}
	return tx.separationError(found)
}

// violation is a set that is violated in a scope, by groups that bring its members along.
type violation struct {
	user    uuid.UUID
	policy  *policy
	set     *policySet
	scope   string
	groups  []int32 // assigned, or active
	members []int32
}

// violations are those of static sets, at most one of each user.
func (tx *Tx) violations(p *policy, holders []holder) []violation {
	var found []violation
	for _, h := range holders {
		assigned := p.assigned(h.memberships, tx.now)
		for _, scope := range scopes(assigned) {
			if v, ok := p.violation(scope, assignedIn(assigned, scope)); ok {
				v.user = h.id
				found = append(found, v)
				break
			}
		}
	}
	return found
}

// scopes lists the empty scope and then those of by, in byte order.
func scopes[V any](by map[string]V) []string {
	list := slices.Sorted(maps.Keys(by))
	if len(list) == 0 || list[0] != "" {
		list = slices.Insert(list, 0, "")
	}
	return list
}

// assignedIn returns what is assigned in a scope, and everywhere.
func assignedIn(assigned map[string][]int32, scope string) []int32 {
	if scope == "" {
		return assigned[""]
	}
	return slices.Concat(assigned[""], assigned[scope])
}

func (p *policy) violation(scope string, groups []int32) (violation, bool) {
	set, members, ok := p.violated(p.closeOver(groups))
	return violation{policy: p, set: set, scope: scope, groups: groups, members: members}, ok
}

// violates looks at what is active under one policy with the sets and inheritances of another.
func (a *scopedGroups) violates(now, next *policy) (violation, bool) {
	for _, scope := range scopes(a.scoped) {
		var groups []int32
		for _, n := range a.in(scope).own() {
			if m, ok := next.groupIDs.Get(now.group(n).ID); ok {
				groups = append(groups, m)
			}
		}
		if v, ok := next.violation(scope, groups); ok {
			return v, true
		}
	}
	return violation{}, false
}

// separationError tells of the first violation all, and of others whose they are.
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
	set, err := tx.publicSet(first.set.Separation)
	if err != nil {
		return err
	}
	reason := first.text(set, names[0])
	if len(found) > 1 {
		reason += "; likewise " + strings.Join(names[1:], ", ")
		if more := len(found) - len(names); more > 0 {
			reason += " and " + strconv.Itoa(more) + " more"
		}
	}
	return &Error{Kind: ErrSeparation, Record: setRecord(first.set.Separation), Name: set.Name, Reason: reason}
}

// text reads like: fewer than 2 of accounting, auditing may come together: bob → seniors → accounting, bob → auditing.
func (v violation) text(set SeparationSet, user string) string {
	text := "fewer than " + strconv.Itoa(set.Cardinality) + " of " + listed(set.Groups, ", ") + " may come together"
	if v.scope != "" {
		text += " in " + v.scope
	}
	var paths []string
	for _, m := range v.members {
		paths = append(paths, strings.Join(append([]string{user}, v.policy.shortest(v.groups, m)...), " → "))
	}
	return text + ": " + listed(paths, ", ")
}

// shortest is the way from one of the groups to a group that they inherit, by names.
func (p *policy) shortest(from []int32, to int32) (best []string) {
	for _, root := range from {
		path := p.path(root, func(n int32) bool { return n == to })
		if path != nil && (best == nil || len(path) < len(best)) {
			best = path
		}
	}
	return best
}
