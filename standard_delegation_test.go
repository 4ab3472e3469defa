package rbac_test

import (
	"fmt"
	"maps"
	"time"

	"github.com/rbac-go/rbac"
)

// Delegations are not of the standard. The model of UpdateAs is written from
// the documentation of UpdateAs and Delegation.

// delegated is what the members of a group may assign, and whether they may
// administer users.
type delegated struct {
	assign set
	users  bool
}

// acting is the user of an UpdateAs, or the user's ticket.
type acting struct {
	user           string
	ticket         int // -1: none
	gone           bool
	created, moved set // users who were created, or left a group, in the UpdateAs
}

func (d acting) String() string {
	if d.ticket >= 0 {
		return fmt.Sprint("ticket ", d.ticket)
	}
	return d.user
}

func (d *acting) clone() *acting {
	if d == nil {
		return nil
	}
	n := *d
	n.created, n.moved = maps.Clone(d.created), maps.Clone(d.moved)
	return &n
}

func (d *acting) deleted(user string) {
	if d != nil {
		d.gone = d.gone || d.user == user
		delete(d.created, user)
		delete(d.moved, user)
	}
}

func (d *acting) renamed(user, name string) {
	if d != nil {
		to := func(u string) string { return rename(u, user, name) }
		d.user, d.created, d.moved = to(d.user), rekeyed(d.created, to), rekeyed(d.moved, to)
	}
}

// begins makes the user of d, without whom there is no UpdateAs, the actor.
func (m *standard) begins(d acting) (f faults) {
	if d.ticket >= 0 {
		_, f = m.ticket(d.ticket)
	} else {
		_, f = m.Identity(d.user)
	}
	d.created, d.moved = set{}, set{}
	m.as = &d
	return f
}

// actor returns the user's ticket, or all groups of the user. It reports false
// if the user may change nothing.
func (m *standard) actor() (session, bool) {
	if m.as.ticket >= 0 {
		if t, f := m.ticket(m.as.ticket); len(f) == 0 {
			return *t, true
		}
		return session{}, false
	}
	t := session{user: m.as.user}
	return t, !m.as.gone && m.lives(t) && !m.users[t.user]
}

func (m *standard) administers(t session, scope string) bool {
	return m.gives(m.activeBelow(t, scope))["rbac.administer"]
}

// inForce reports whether a delegation that holds for the user in a scope
// matches.
func (m *standard) inForce(t session, scope string, matches func(delegated) bool) bool {
	for group, d := range m.delegations {
		if m.activeBelow(t, scope)[group] && matches(d) {
			return true
		}
	}
	return false
}

// mayAssign reports whether the user may assign a group in a scope: by
// delegations with users only, if users is true.
func (m *standard) mayAssign(t session, group, scope string, users bool) bool {
	closure := m.below(set{group: true})
	switch {
	case m.administers(t, ""):
		return true
	case !m.groups[group], m.gives(closure)["rbac.administer"]:
		return false
	case !users && m.administers(t, scope):
		return true
	}
	for junior := range closure {
		if !m.inForce(t, scope, func(d delegated) bool { return d.assign[junior] && (d.users || !users) }) {
			return false
		}
	}
	return true
}

// mayReach reports whether the user may administer the account of another user.
func (m *standard) mayReach(t session, user string) bool {
	if !m.hasMembership(user) {
		return m.mayAdminister(t, "")
	}
	for k := range m.members {
		if k.user == user && !m.mayAssign(t, k.group, k.scope, true) {
			return false
		}
	}
	return true
}

// mayAdminister reports whether there are any accounts in a scope that the user
// may administer.
func (m *standard) mayAdminister(t session, scope string) bool {
	return m.administers(t, "") || m.inForce(t, scope, func(d delegated) bool { return d.users })
}

func (m *standard) hasMembership(user string) bool {
	for k := range m.members {
		if k.user == user {
			return true
		}
	}
	return false
}

func (m *standard) mayManage(user string) func(session) bool {
	return func(t session) bool { return m.as.created[user] || m.mayReach(t, user) }
}

func (m *standard) mayCreate(t session) bool {
	for _, scope := range m.scopes(t.user) {
		if m.mayAdminister(t, scope) {
			return true
		}
	}
	return false
}

// mayAdd is mayChange for a new membership.
func (m *standard) mayAdd(k member, until time.Time) func(session) bool {
	return func(t session) bool {
		known := m.as.created[k.user] || m.as.moved[k.user] || m.hasMembership(k.user)
		return m.mayChange(k, until)(t) && !m.ended(until) && (known || m.mayAssign(t, k.group, "", false))
	}
}

// mayChange reports whether the user may assign the group, and every group that
// is no longer active because of a dynamic set.
func (m *standard) mayChange(k member, until time.Time) func(session) bool {
	next := m.clone()
	next.members[k] = until
	return func(t session) bool {
		if !m.mayAssign(t, k.group, k.scope, false) {
			return false
		}
		for _, scope := range next.scopes(k.user) {
			before, _ := m.active(session{user: k.user}, scope)
			after := next.activeBelow(session{user: k.user}, scope)
			for group := range before {
				if !after[group] && !m.mayAssign(t, group, scope, false) {
					return false
				}
			}
		}
		return true
	}
}

func (m *standard) ended(until time.Time) bool { return !until.IsZero() && !m.now.Before(until) }

// strays reports whether an UpdateAs has created a user whom its user may not
// administer.
func (m *standard) strays() bool {
	if m.as == nil {
		return false
	}
	t, ok := m.actor()
	for user := range m.as.created {
		if !ok || !m.mayReach(t, user) {
			return true
		}
	}
	return false
}

func (m *standard) AddDelegation(group string, d rbac.Delegation) faults {
	_, there := m.delegations[group]
	f := m.delegationFaults(d)
	f.when(there, rbac.ErrExists)
	return m.change(f, func(next *standard) { next.delegations[group] = delegated{setOf(d.Assign), d.Users} })
}

func (m *standard) ModifyDelegation(group string, d rbac.Delegation) faults {
	_, there := m.delegations[group]
	f := m.delegationFaults(d)
	f.when(!there, rbac.ErrNotFound)
	return m.change(f, func(next *standard) { next.delegations[group] = delegated{setOf(d.Assign), d.Users} })
}

func (m *standard) delegationFaults(d rbac.Delegation) (f faults) {
	f.when(!m.groups[d.Group], rbac.ErrNotFound)
	f.when(len(d.Assign) == 0 || len(setOf(d.Assign)) < len(d.Assign), rbac.ErrInvalid)
	for _, group := range d.Assign {
		f.when(!m.groups[group], rbac.ErrNotFound)
	}
	return f
}

func (m *standard) DeleteDelegation(group string) faults {
	var f faults
	_, there := m.delegations[group]
	f.when(!there, rbac.ErrNotFound)
	return m.change(f, func(next *standard) { delete(next.delegations, group) })
}

// dropFromDelegations is a part of DeleteGroup.
func (m *standard) dropFromDelegations(group string) {
	delete(m.delegations, group)
	for of, d := range m.delegations {
		delete(d.assign, group)
		if len(d.assign) == 0 {
			delete(m.delegations, of)
		}
	}
}

// Assignable lists the groups that a user may assign in a scope.
func (m *standard) Assignable(user, scope string) (string, faults) {
	if _, f := m.Identity(user); len(f) > 0 {
		return "", f
	}
	groups := set{}
	for group := range m.groups {
		if m.mayAssign(session{user: user}, group, scope, false) {
			groups[group] = true
		}
	}
	return quoted(sorted(groups)), nil
}

// offer is what the user of an UpdateAs may assign.
type offer struct{ group, scope string }

func (o offer) String() string { return fmt.Sprintf("%s, in %q", o.group, o.scope) }

// offers lists the groups and scopes that the user of an UpdateAs may assign.
func (m *standard) offers() map[offer]bool {
	t, ok := m.actor()
	all := map[offer]bool{}
	for group := range m.groups {
		for _, scope := range allScopes {
			if ok && m.mayAssign(t, group, scope, false) {
				all[offer{group, scope}] = true
			}
		}
	}
	return all
}

// delegates lists the users who are no administrators and may assign a group.
func (m *standard) delegates() set {
	all := set{}
	for user := range m.users {
		n := m.clone()
		if f := n.begins(acting{user: user, ticket: -1}); len(f) == 0 && !n.administers(session{user: user}, "") && len(n.offers()) > 0 {
			all[user] = true
		}
	}
	return all
}

func (m *standard) delegationLines() (text string) {
	for _, group := range sorted(keys(m.delegations)) {
		text += " " + delegationLine(group, sorted(m.delegations[group].assign), m.delegations[group].users)
	}
	return text
}

func delegationLine(group string, assign []string, users bool) string {
	return fmt.Sprint(group, quoted(assign), users)
}
