package rbac_test

import (
	"slices"
	"time"

	"github.com/rbac-go/rbac"
)

// Sync is an Update of its own: the user leaves groups that Sync had added, and
// joins groups that the user is no member of.
func (m *standard) Sync(user, scope string, groups []string, additive bool) faults {
	var f faults
	f.when(m.noUser(user), rbac.ErrNotFound)
	for _, group := range groups {
		f.when(!m.groups[group], rbac.ErrNotFound)
	}
	if len(f) > 0 {
		return f
	}
	for _, group := range groups { // no Map
		_, there := m.members[member{user, group, scope}]
		f.when(!there && m.gives(m.below(set{group: true}))["rbac.administer"], rbac.ErrInvalid)
	}
	if len(f) > 0 {
		return f
	}
	next := m.clone()
	for k := range m.members {
		if m.synced[k] && k.user == user && k.scope == scope && !slices.Contains(groups, k.group) && !additive {
			f = append(f, next.change(nil, func(n *standard) { delete(n.members, k) })...)
		}
	}
	for _, group := range groups {
		k := member{user, group, scope}
		if _, there := next.members[k]; !there {
			f = append(f, next.change(nil, func(n *standard) { n.members[k], n.synced[k] = time.Time{}, true })...)
		}
	}
	f.when(next.loses(m), rbac.ErrProtected)
	if len(f) == 0 {
		*m = *next
	}
	return f
}

var syncSteps = []kind{
	{"Sync", 12, func(d *drawing) step {
		user, scope, additive := d.user(), d.of("", "", "x"), d.of("", "", "additive") != ""
		groups := []string{d.group(), d.group()}[:rapidCount(d)]
		return act(func(m *standard) faults { return m.Sync(user, scope, groups, additive) }, func(w *site) error {
			_, err := w.authority().Sync(ctx, rbac.Provision{User: user, Source: "idp", Scope: scope, Groups: groups, Additive: additive})
			return err
		})
	}},
}

// rapidCount draws how many of two groups a claim has.
func rapidCount(d *drawing) int { return len(d.of("", "a", "ab", "ab")) }
