package rbac_test

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/rbac-go/rbac"
)

// The supporting system functions of the standard, with a ticket for a session,
// and its review functions. Tickets are named by the order of issue.

// ticket finds a ticket that identifies its user.
func (m *standard) ticket(n int) (t *session, f faults) {
	if n >= len(m.tickets) || !m.usable(m.tickets[n]) {
		return nil, faults{rbac.ErrNoTicket}
	}
	return &m.tickets[n], nil
}

// choose returns the faults of narrowing a ticket to groups: the user must be
// authorized for each group in some scope, and the groups may violate no
// dynamic set in any scope.
func (m *standard) choose(user string, groups set) (f faults) {
	for group := range groups {
		f.when(!m.authorizedAnywhere(user)[group], rbac.ErrDenied)
	}
	for _, scope := range m.scopes(user) {
		there := intersection(groups, m.authorized(user, scope))
		f.when(m.violates("DSD", m.below(there)), rbac.ErrSeparation)
	}
	return f
}

// Issue is CreateSession. With nil groups all assigned groups are active, now
// and later.
func (m *standard) Issue(user string, groups []string, expires time.Time, remember bool) (f faults) {
	f.when(m.noUser(user), rbac.ErrNotFound)
	f.when(m.users[user], rbac.ErrDenied)
	f.when(!expires.IsZero() && (!m.now.Before(expires) || expires.After(m.now.Add(limitOf(remember)))), rbac.ErrInvalid)
	if groups != nil && !m.noUser(user) {
		f = append(f, m.choose(user, setOf(groups))...)
	}
	if len(f) == 0 {
		m.logIn(session{user: user, narrowed: groups != nil, groups: setOf(groups), expires: expires, remembered: remember})
		m.signedIn(user, "host")
	}
	return f
}

// Logout ends the key of a disabled user, too.
func (m *standard) Logout(n int) faults {
	if n >= len(m.tickets) || !m.lives(m.tickets[n]) {
		return faults{rbac.ErrNoTicket}
	}
	m.tickets[n].ended = true
	return nil
}

func (m *standard) LogoutUser(user string) (ended int, f faults) {
	f.when(m.noUser(user), rbac.ErrNotFound)
	for _, t := range m.tickets {
		if t.user == user && m.lives(t) {
			ended++
		}
	}
	if len(f) == 0 {
		m.endTickets(user)
	}
	return ended, f
}

func (m *standard) AddActiveGroup(n int, group string) faults {
	t, f := m.ticket(n)
	if len(f) > 0 {
		return f
	}
	groups := m.ticketGroups(*t)
	f.when(!m.groups[group], rbac.ErrNotFound)
	f.when(groups[group], rbac.ErrExists)
	groups[group] = true
	f = append(f, m.choose(t.user, groups)...)
	return t.narrowTo(groups, append(f, m.beyond(*t, groups)...))
}

func (m *standard) DropActiveGroup(n int, group string) faults {
	t, f := m.ticket(n)
	if len(f) > 0 {
		return f
	}
	groups := m.ticketGroups(*t)
	f.when(!groups[group], rbac.ErrNotFound)
	delete(groups, group)
	return t.narrowTo(groups, f)
}

func (m *standard) SetActiveGroups(n int, groups []string) faults {
	t, f := m.ticket(n)
	if len(f) > 0 {
		return f
	}
	return t.narrowTo(setOf(groups), append(m.choose(t.user, setOf(groups)), m.beyond(*t, setOf(groups))...))
}

// beyond returns the fault of an API key with a choice of groups, which never
// gets others.
func (m *standard) beyond(t session, groups set) (f faults) {
	for group := range groups {
		f.when(t.key && t.narrowed && !m.below(t.groups)[group], rbac.ErrDenied)
	}
	return f
}

func (t *session) narrowTo(groups set, f faults) faults {
	if len(f) == 0 {
		t.narrowed, t.groups = true, groups
	}
	return f
}

// ticketGroups returns the groups that are active in some scope, without
// inherited groups.
func (m *standard) ticketGroups(t session) set {
	return m.anywhere(t.user, func(scope string) set { own, _ := m.active(t, scope); return own })
}

// TicketGroups is SessionRoles.
func (m *standard) TicketGroups(n int) (string, faults) {
	t, f := m.ticket(n)
	if len(f) > 0 {
		return "", f
	}
	return quoted(sorted(m.ticketGroups(*t))), nil
}

// TicketPermissions is SessionPermissions.
func (m *standard) TicketPermissions(n int) (string, faults) {
	t, f := m.ticket(n)
	if len(f) > 0 {
		return "", f
	}
	all := m.anywhere(t.user, func(scope string) set { return m.gives(m.activeBelow(*t, scope)) })
	return quoted(sorted(all)), nil
}

// Ticket shows whether the ticket was narrowed, and the groups that dynamic
// sets omit.
func (m *standard) Ticket(n int) (string, faults) {
	t, f := m.ticket(n)
	if len(f) > 0 {
		return "", f
	}
	omitted := m.anywhere(t.user, func(scope string) set { _, omitted := m.active(*t, scope); return omitted })
	return ticketLine(t.user, t.narrowed, sorted(omitted), t.key, t.kept, t.remembered, t.created, t.expires), nil
}

func ticketLine(user string, narrowed bool, omitted []string, key, kept, remembered bool, created, expires time.Time) string {
	return fmt.Sprint(user, " narrowed ", narrowed, " omitted ", quoted(omitted), " key ", key, " kept ", kept, " remembered ", remembered,
		" from ", created.Format(time.TimeOnly), " to ", expires.Format(time.TimeOnly))
}

// CheckAccess looks for a permission of the active groups and of everything
// inherited. A permission that does not exist is denied.
func (m *standard) CheckAccess(n int, permission, scope string) faults {
	t, f := m.ticket(n)
	if len(f) > 0 {
		return f
	}
	f.when(!m.gives(m.activeBelow(*t, scope))[permission], rbac.ErrDenied)
	return f
}

func (m *standard) CheckGroup(n int, group, scope string) faults {
	t, f := m.ticket(n)
	if len(f) > 0 {
		return f
	}
	f.when(!m.activeBelow(*t, scope)[group], rbac.ErrDenied)
	return f
}

// Identity has the groups that are active in a ticket of the user that is not
// narrowed.
func (m *standard) Identity(user string) (string, faults) {
	var f faults
	f.when(m.noUser(user), rbac.ErrNotFound)
	f.when(m.users[user], rbac.ErrDenied)
	if len(f) > 0 {
		return "", f
	}
	return m.sees(session{user: user}), nil
}

// Identify has the groups that are active in a ticket.
func (m *standard) Identify(n int) (string, faults) {
	t, f := m.ticket(n)
	if len(f) > 0 {
		return "", f
	}
	return m.sees(*t), nil
}

// sees lists groups and permissions without scope and in each scope, and the
// scopes of each permission.
func (m *standard) sees(t session) string {
	text := t.user
	for _, scope := range allScopes {
		active := m.activeBelow(t, scope)
		text += fmt.Sprint(" ", scope, quoted(sorted(active)), quoted(sorted(m.gives(active))))
	}
	for _, p := range allPermissions {
		text += fmt.Sprint(" ", p, quoted(m.has(t, p)))
	}
	return text
}

// has lists the scopes in which the ticket has a permission; "*" is everywhere.
func (m *standard) has(t session, permission string) (where []string) {
	scopes := m.scopes(t.user)
	for _, scope := range scopes {
		if m.gives(m.activeBelow(t, scope))[permission] {
			where = append(where, scope)
		}
	}
	if slices.Equal(where, scopes) {
		return []string{"*"}
	}
	return slices.DeleteFunc(where, func(scope string) bool { return scope == "" })
}

// AssignedUsers lists memberships, ended memberships too.
func (m *standard) AssignedUsers(group string) (string, faults) {
	return m.memberships(func(k member) bool { return k.group == group }), m.needGroup(group)
}

func (m *standard) AssignedGroups(user string) (string, faults) {
	return m.memberships(func(k member) bool { return k.user == user }), m.needUser(user)
}

func (m *standard) Memberships(q rbac.MembershipQuery) (string, faults) {
	var f faults
	f.when(q.User != "" && m.noUser(q.User), rbac.ErrNotFound)
	f.when(q.Group != "" && !m.groups[q.Group], rbac.ErrNotFound)
	return m.memberships(func(k member) bool {
		until := m.members[k]
		return (q.User == "" || k.user == q.User) && (q.Group == "" || k.group == q.Group) && (q.Scopes == nil || slices.Contains(q.Scopes, k.scope)) &&
			(q.Sources == nil || slices.Contains(q.Sources, map[bool]string{true: "idp"}[m.synced[k]])) &&
			(q.EndingBefore.IsZero() || !until.IsZero() && until.Before(q.EndingBefore))
	}), f
}

func (m *standard) Scopes() (string, faults) {
	scopes := set{}
	for k := range m.members {
		if k.scope != "" {
			scopes[k.scope] = true
		}
	}
	return quoted(sorted(scopes)), nil
}

func (m *standard) memberships(of func(member) bool) string {
	lines := set{}
	for k, until := range m.members {
		if of(k) {
			lines[membershipLine(k, until)] = true
		}
	}
	return quoted(sorted(lines))
}

func membershipLine(k member, until time.Time) string {
	if until.IsZero() {
		return fmt.Sprint(k)
	}
	return fmt.Sprint(k, " until ", until.Format(time.TimeOnly))
}

func (m *standard) needGroup(group string) (f faults) {
	f.when(!m.groups[group], rbac.ErrNotFound)
	return f
}

func (m *standard) needUser(user string) (f faults) {
	f.when(m.noUser(user), rbac.ErrNotFound)
	return f
}

func (m *standard) needPermission(name string) (f faults) {
	_, there := m.permissions[name]
	f.when(!there, rbac.ErrNotFound)
	return f
}

// AuthorizedUsers returns the users of the group and of its seniors.
func (m *standard) AuthorizedUsers(group string) (string, faults) {
	return m.usersWith(func(user string) bool { return m.authorizedAnywhere(user)[group] }), m.needGroup(group)
}

func (m *standard) usersWith(has func(user string) bool) string {
	users := set{}
	for user := range m.users {
		if has(user) {
			users[user] = true
		}
	}
	return quoted(sorted(users))
}

func (m *standard) AuthorizedGroups(user string) (string, faults) {
	return quoted(sorted(m.authorizedAnywhere(user))), m.needUser(user)
}

func (m *standard) GroupPermissions(group string) (string, faults) {
	return quoted(sorted(m.gives(m.below(set{group: true})))), m.needGroup(group)
}

func (m *standard) UserPermissions(user string) (string, faults) {
	return quoted(sorted(m.gives(m.authorizedAnywhere(user)))), m.needUser(user)
}

func (m *standard) PermissionGroups(permission string) (string, faults) {
	groups := set{}
	for group := range m.groups {
		if m.gives(m.below(set{group: true}))[permission] {
			groups[group] = true
		}
	}
	return quoted(sorted(groups)), m.needPermission(permission)
}

func (m *standard) PermissionUsers(permission string) (string, faults) {
	has := func(user string) bool { return m.gives(m.authorizedAnywhere(user))[permission] }
	return m.usersWith(has), m.needPermission(permission)
}

func (m *standard) GroupOperationsOnObject(group, object string) (string, faults) {
	return m.operations(object, m.gives(m.below(set{group: true}))), append(m.needGroup(group), m.needObject(object)...)
}

func (m *standard) UserOperationsOnObject(user, object string) (string, faults) {
	return m.operations(object, m.gives(m.authorizedAnywhere(user))), append(m.needUser(user), m.needObject(object)...)
}

func (m *standard) operations(object string, permissions set) string {
	operations := set{}
	for p := range permissions {
		if r := m.permissions[p]; r.object == object {
			operations[r.operation] = true
		}
	}
	return quoted(sorted(operations))
}

func (m *standard) needObject(object string) (f faults) {
	for _, r := range m.permissions {
		if r.object == object {
			return nil
		}
	}
	return faults{rbac.ErrNotFound}
}

// Set is SSDSet or DSDSet: the groups and the cardinality of a set.
func (m *standard) Set(k setKey) (string, faults) {
	s, there := m.sets[k]
	var f faults
	f.when(!there, rbac.ErrNotFound)
	return fmt.Sprint(k.name, quoted(sorted(s.groups)), s.cardinality), f
}

// Everything lists all names, and the sets of both kinds.
func (m *standard) Everything() (string, faults) {
	text := quoted(sorted(keys(m.users))) + quoted(sorted(m.groups)) + quoted(sorted(keys(m.permissions)))
	for _, kind := range []string{"SSD", "DSD"} {
		for _, name := range allSets {
			if line, f := m.Set(setKey{kind, name}); len(f) == 0 {
				text += " " + line
			}
		}
		text += ";"
	}
	return text + m.delegationLines(), nil
}

func setOf(names []string) set {
	s := set{}
	for _, name := range names {
		s[name] = true
	}
	return s
}

func keys[V any](all map[string]V) set { return setOf(slices.Collect(maps.Keys(all))) }

// quoted prints names; nil and empty print alike.
func quoted(names []string) string { return fmt.Sprintf("%q", names) }
