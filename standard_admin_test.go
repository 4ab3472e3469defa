package rbac_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/rbac-go/rbac"
)

// The administrative commands of the standard, each with its preconditions and
// its effect.

func (m *standard) noUser(name string) bool { _, there := m.users[name]; return !there }

func (m *standard) AddUser(user string) faults {
	var f faults
	f.when(!m.noUser(user), rbac.ErrExists)
	return m.changeIf(m.mayCreate, f, func(next *standard) {
		next.users[user] = false
		if next.as != nil {
			next.as.created[user] = true
		}
	})
}

func (m *standard) DeleteUser(user string) faults {
	var f faults
	f.when(m.noUser(user), rbac.ErrNotFound)
	return m.changeIf(m.mayManage(user), f, func(next *standard) {
		delete(next.users, user)
		maps.DeleteFunc(next.members, func(k member, _ time.Time) bool { return k.user == user })
		next.endTickets(user)
		next.as.deleted(user)
		delete(next.passwords, user)
		delete(next.lastLogins, user)
		next.logins = slices.DeleteFunc(next.logins, func(s signIn) bool { return s.user == user })
	})
}

// DisableUser is ModifyUser, and so are the next two functions.
func (m *standard) DisableUser(user string) faults {
	var f faults
	f.when(m.noUser(user), rbac.ErrNotFound)
	return m.changeIf(m.mayManage(user), f, func(next *standard) {
		next.users[user] = true
		for i, t := range next.tickets {
			next.tickets[i].ended = t.ended || t.user == user && !t.kept
		}
	})
}

func (m *standard) EnableUser(user string) faults {
	var f faults
	f.when(m.noUser(user), rbac.ErrNotFound)
	return m.changeIf(m.mayManage(user), f, func(next *standard) { next.users[user] = false })
}

func (m *standard) RenameUser(user, name string) faults {
	var f faults
	f.when(m.noUser(user), rbac.ErrNotFound)
	f.when(!m.noUser(name) && user != name, rbac.ErrExists)
	return m.changeIf(m.mayManage(user), f, func(next *standard) {
		delete(next.users, user)
		next.users[name] = m.users[user]
		to := func(k member) member { k.user = rename(k.user, user, name); return k }
		next.members, next.synced = rekeyed(m.members, to), rekeyed(m.synced, to)
		next.as.renamed(user, name)
		toName := func(u string) string { return rename(u, user, name) }
		next.passwords, next.lastLogins = rekeyed(m.passwords, toName), rekeyed(m.lastLogins, toName)
		for i, s := range next.logins {
			next.logins[i].user = toName(s.user)
		}
		for i, t := range next.tickets {
			if m.lives(t) {
				next.tickets[i].user = rename(t.user, user, name)
			}
		}
	})
}

func (m *standard) endTickets(user string) {
	for i := range m.tickets {
		m.tickets[i].ended = m.tickets[i].ended || m.tickets[i].user == user
	}
}

func (m *standard) AddGroup(group string) faults {
	var f faults
	f.when(m.groups[group], rbac.ErrExists)
	return m.change(f, func(next *standard) { next.groups[group] = true })
}

func (m *standard) DeleteGroup(group string) faults {
	var f faults
	f.when(!m.groups[group], rbac.ErrNotFound)
	for _, s := range m.sets {
		f.when(s.groups[group] && len(s.groups) == s.cardinality, rbac.ErrSeparation)
	}
	return m.change(f, func(next *standard) {
		delete(next.groups, group)
		maps.DeleteFunc(next.members, func(k member, _ time.Time) bool { return k.group == group })
		maps.DeleteFunc(next.grants, func(k grantPair, _ bool) bool { return k.group == group })
		maps.DeleteFunc(next.inherits, func(e edge, _ bool) bool { return e.senior == group || e.junior == group })
		next.dropFromDelegations(group)
		for _, s := range next.sets {
			delete(s.groups, group)
		}
	})
}

func (m *standard) RenameGroup(group, name string) faults {
	var f faults
	f.when(!m.groups[group], rbac.ErrNotFound)
	f.when(m.groups[name] && group != name, rbac.ErrExists)
	to := func(g string) string { return rename(g, group, name) }
	return m.change(f, func(next *standard) {
		next.groups = rekeyed(m.groups, to)
		member := func(k member) member { k.group = to(k.group); return k }
		next.members, next.synced = rekeyed(m.members, member), rekeyed(m.synced, member)
		next.grants = rekeyed(m.grants, func(k grantPair) grantPair { k.group = to(k.group); return k })
		next.inherits = rekeyed(m.inherits, func(e edge) edge { return edge{to(e.senior), to(e.junior)} })
		next.delegations = map[string]delegated{}
		for of, d := range m.delegations {
			next.delegations[to(of)] = delegated{rekeyed(d.assign, to), d.users}
		}
		for k, s := range m.sets {
			next.sets[k] = restriction{rekeyed(s.groups, to), s.cardinality}
		}
		for i, t := range m.tickets {
			next.tickets[i].groups = rekeyed(t.groups, to)
		}
	})
}

func rename(s, from, to string) string {
	if s == from {
		return to
	}
	return s
}

// EndScope ends the memberships of a scope. The result is their number.
func (m *standard) EndScope(scope string) (string, faults) {
	var f faults
	f.when(scope == "", rbac.ErrInvalid)
	n := 0
	for k := range m.members {
		if k.scope == scope {
			n++
		}
	}
	if f = m.change(f, func(next *standard) {
		maps.DeleteFunc(next.members, func(k member, _ time.Time) bool { return k.scope == scope })
	}); f != nil {
		return "", f
	}
	return fmt.Sprint(n), nil
}

// rekeyed returns a map with new keys.
func rekeyed[K comparable, V any](all map[K]V, to func(K) K) map[K]V {
	next := map[K]V{}
	for k, v := range all {
		next[to(k)] = v
	}
	return next
}

func (m *standard) AddPermission(name, object, operation string) faults {
	var f faults
	_, there := m.permissions[name]
	f.when(there, rbac.ErrExists)
	f.when(name == "*" || strings.HasSuffix(name, ".*"), rbac.ErrInvalid)
	return m.change(f, func(next *standard) { next.permissions[name] = rightOf(name, object, operation) })
}

// rightOf splits the name at its last dot where object or operation is not
// given.
func rightOf(name, object, operation string) right {
	dot := strings.LastIndex(name, ".")
	if object == "" {
		object = name[:max(dot, 0)]
	}
	if operation == "" {
		operation = name[dot+1:]
	}
	return right{object, operation}
}

func (m *standard) ModifyPermission(name, object, operation string) faults {
	var f faults
	_, there := m.permissions[name]
	f.when(!there, rbac.ErrNotFound)
	return m.change(f, func(next *standard) { next.permissions[name] = rightOf(name, object, operation) })
}

// DeletePermission keeps patterns.
func (m *standard) DeletePermission(name string) faults {
	var f faults
	_, there := m.permissions[name]
	f.when(!there, rbac.ErrNotFound)
	return m.change(f, func(next *standard) {
		delete(next.permissions, name)
		maps.DeleteFunc(next.grants, func(k grantPair, _ bool) bool { return k.permission == name })
	})
}

// GrantPermission is no fault the second time.
func (m *standard) GrantPermission(k grantPair) faults {
	var f faults
	_, there := m.permissions[k.permission]
	f.when(!m.groups[k.group], rbac.ErrNotFound)
	f.when(!there && !strings.HasSuffix(k.permission, "*"), rbac.ErrNotFound)
	return m.change(f, func(next *standard) { next.grants[k] = true })
}

func (m *standard) RevokePermission(k grantPair) faults {
	var f faults
	f.when(!m.grants[k], rbac.ErrNotFound)
	return m.change(f, func(next *standard) { delete(next.grants, k) })
}

// AssignUser is ErrExists even if the membership has ended.
func (m *standard) AssignUser(k member, until time.Time) faults {
	var f faults
	_, there := m.members[k]
	f.when(m.noUser(k.user), rbac.ErrNotFound)
	f.when(!m.groups[k.group], rbac.ErrNotFound)
	f.when(there, rbac.ErrExists)
	return m.changeIf(m.mayAdd(k, until), f, func(next *standard) { next.members[k] = until; delete(next.synced, k) })
}

func (m *standard) ModifyMembership(k member, until time.Time) faults {
	var f faults
	_, there := m.members[k]
	f.when(!there, rbac.ErrNotFound)
	return m.changeIf(m.mayChange(k, until), f, func(next *standard) { next.members[k] = until })
}

func (m *standard) DeassignUser(k member) faults {
	var f faults
	_, there := m.members[k]
	f.when(!there, rbac.ErrNotFound)
	return m.changeIf(func(t session) bool { return m.mayAssign(t, k.group, k.scope, false) }, f, func(next *standard) {
		delete(next.members, k)
		if next.as != nil {
			next.as.moved[k.user] = true
		}
	})
}

// AddInheritance also adds an edge that is already implied.
func (m *standard) AddInheritance(e edge) faults {
	var f faults
	f.when(!m.groups[e.senior] || !m.groups[e.junior], rbac.ErrNotFound)
	f.when(m.inherits[e], rbac.ErrExists)
	f.when(m.inheritsFrom(e.junior, e.senior), rbac.ErrCycle)
	f.when(m.limited && m.hasJunior(e.senior), rbac.ErrExists)
	return m.change(f, func(next *standard) { next.inherits[e] = true })
}

func (m *standard) hasJunior(senior string) bool {
	for e := range m.inherits {
		if e.senior == senior {
			return true
		}
	}
	return false
}

// DeleteInheritance deletes an immediate inheritance only.
func (m *standard) DeleteInheritance(e edge) faults {
	var f faults
	f.when(!m.inherits[e], rbac.ErrNotFound)
	return m.change(f, func(next *standard) { delete(next.inherits, e) })
}

func (m *standard) AddAscendant(senior, junior string) faults {
	var f faults
	f.when(m.groups[senior], rbac.ErrExists)
	f.when(!m.groups[junior], rbac.ErrNotFound)
	return m.change(f, func(next *standard) { next.groups[senior] = true; next.inherits[edge{senior, junior}] = true })
}

func (m *standard) AddDescendant(junior, senior string) faults {
	var f faults
	f.when(m.groups[junior], rbac.ErrExists)
	f.when(!m.groups[senior], rbac.ErrNotFound)
	f.when(m.limited && m.hasJunior(senior), rbac.ErrExists)
	return m.change(f, func(next *standard) { next.groups[junior] = true; next.inherits[edge{senior, junior}] = true })
}

// CreateSet is CreateSSDSet or CreateDSDSet; the next functions likewise.
func (m *standard) CreateSet(k setKey, groups []string, n int) faults {
	var f faults
	_, there := m.sets[k]
	f.when(there, rbac.ErrExists)
	members := set{}
	for _, group := range groups {
		f.when(!m.groups[group], rbac.ErrNotFound)
		f.when(members[group], rbac.ErrInvalid)
		members[group] = true
	}
	f.when(n < 2 || n > len(groups), rbac.ErrInvalid)
	return m.change(f, func(next *standard) { next.sets[k] = restriction{members, n} })
}

func (m *standard) DeleteSet(k setKey) faults {
	var f faults
	_, there := m.sets[k]
	f.when(!there, rbac.ErrNotFound)
	return m.change(f, func(next *standard) { delete(next.sets, k) })
}

func (m *standard) AddSetMember(k setKey, group string) faults {
	var f faults
	s, there := m.sets[k]
	f.when(!there || !m.groups[group], rbac.ErrNotFound)
	f.when(s.groups[group], rbac.ErrExists)
	return m.change(f, func(next *standard) { next.sets[k].groups[group] = true })
}

func (m *standard) DeleteSetMember(k setKey, group string) faults {
	var f faults
	s := m.sets[k]
	f.when(!s.groups[group], rbac.ErrNotFound)
	f.when(s.groups[group] && len(s.groups) == s.cardinality, rbac.ErrSeparation)
	return m.change(f, func(next *standard) { delete(next.sets[k].groups, group) })
}

func (m *standard) SetCardinality(k setKey, n int) faults {
	var f faults
	s, there := m.sets[k]
	f.when(!there, rbac.ErrNotFound)
	f.when(n < 2 || there && n > len(s.groups), rbac.ErrInvalid)
	return m.change(f, func(next *standard) { next.sets[k] = restriction{next.sets[k].groups, n} })
}

// held reports whether a permission has a holder that counts for
// Config.Protected: an enabled user, with a membership without scope and end,
// in a group that can be active at all.
func (m *standard) held(permission string) bool {
	for k, until := range m.members {
		closed := m.below(set{k.group: true})
		if !m.users[k.user] && k.scope == "" && until.IsZero() && m.gives(closed)[permission] && !m.violates("DSD", closed) {
			return true
		}
	}
	return false
}
