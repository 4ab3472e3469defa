package rbac

import (
	"bytes"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/internal/names"
	"github.com/rbac-go/rbac/internal/policy"
	"github.com/rbac-go/rbac/store"
)

// user returns the user with a name in any form.
func (tx *Tx) user(name string) (store.UserRecord, error) {
	canonical, err := canonicalUser(name)
	if err != nil {
		return store.UserRecord{}, err
	}
	u, err := tx.r.User(store.UserKey{Name: canonical})
	return u, named(err, "user", name)
}

// lockUser is user for a change that excludes concurrent logins of the user.
func (tx *Tx) lockUser(name string) (store.UserRecord, error) {
	u, err := tx.user(name)
	if err != nil {
		return u, err
	}
	u, err = tx.r.LockUser(u.ID)
	return u, named(err, "user", name)
}

// group returns the group with a name.
func (tx *Tx) group(name string) (Group, error) {
	if err := validName("group", "Name", name); err != nil {
		return Group{}, err
	}
	g, err := tx.r.Group(store.GroupKey{Name: name})
	return Group(g), named(err, "group", name)
}

// permission returns the permission with a name.
func (tx *Tx) permission(name string) (Permission, error) {
	if err := validName("permission", "Name", name); err != nil {
		return Permission{}, err
	}
	p, err := tx.r.Permission(name)
	return Permission(p), named(err, "permission", name)
}

// section returns the section with a name.
func (tx *Tx) section(name string) (Section, error) {
	if err := validName("section", "Name", name); err != nil {
		return Section{}, err
	}
	s, err := tx.r.Section(name)
	return Section(s), named(err, "section", name)
}

// groupsOf returns the groups with ids, in byte order of their names. The error
// argument is passed through, so that a function that returns ids can be the
// argument.
func (tx *Tx) groupsOf(ids []uuid.UUID, err error) ([]Group, error) {
	if err != nil {
		return nil, err
	}
	groups := make([]Group, len(ids))
	for i, id := range ids {
		g, err := tx.r.Group(store.GroupKey{ID: id})
		if err != nil {
			return nil, err
		}
		groups[i] = Group(g)
	}
	slices.SortFunc(groups, func(a, b Group) int { return strings.Compare(a.Name, b.Name) })
	return groups, nil
}

func groupNames(groups []Group) []string {
	names := make([]string, len(groups))
	for i, g := range groups {
		names[i] = g.Name
	}
	return names
}

func groupIDs(groups []Group) []uuid.UUID {
	ids := make([]uuid.UUID, len(groups))
	for i, g := range groups {
		ids[i] = g.ID
	}
	return ids
}

// juniors returns groups and all groups that they inherit, in the order of
// discovery.
func (tx *Tx) juniors(groups ...uuid.UUID) ([]uuid.UUID, error) {
	return reach(groups, tx.juniorsOf)
}

// seniors returns groups and all groups that inherit them, in the order of
// discovery.
func (tx *Tx) seniors(groups ...uuid.UUID) ([]uuid.UUID, error) {
	return reach(groups, tx.seniorsOf)
}

// juniorsOf returns the immediate juniors of a group, in byte order.
func (tx *Tx) juniorsOf(senior uuid.UUID) ([]uuid.UUID, error) {
	list, err := tx.r.Inheritances(store.InheritanceFilter{Senior: senior})
	return juniorIDs(list), err
}

// seniorsOf returns the immediate seniors of a group, in byte order.
func (tx *Tx) seniorsOf(junior uuid.UUID) ([]uuid.UUID, error) {
	list, err := tx.r.Inheritances(store.InheritanceFilter{Junior: junior})
	ids := make([]uuid.UUID, len(list))
	for i, e := range list {
		ids[i] = e.Senior
	}
	return ids, err
}

func juniorIDs(list []store.Inheritance) []uuid.UUID {
	ids := make([]uuid.UUID, len(list))
	for i, e := range list {
		ids[i] = e.Junior
	}
	return ids
}

// reach returns the closure of groups under next, in the order of discovery.
func reach(from []uuid.UUID, next func(uuid.UUID) ([]uuid.UUID, error)) ([]uuid.UUID, error) {
	seen := make(map[uuid.UUID]struct{}, len(from))
	reached := make([]uuid.UUID, 0, len(from))
	add := func(groups []uuid.UUID) {
		for _, g := range groups {
			if _, ok := seen[g]; !ok {
				seen[g] = struct{}{}
				reached = append(reached, g)
			}
		}
	}
	add(from)
	for i := 0; i < len(reached); i++ {
		groups, err := next(reached[i])
		if err != nil {
			return nil, err
		}
		add(groups)
	}
	return reached, nil
}

// authorizedGroups returns the groups that a user is a member of at the time of
// the transaction, in any scope, and all groups that they inherit.
func (tx *Tx) authorizedGroups(user uuid.UUID) ([]uuid.UUID, error) {
	memberships, err := tx.r.UserMemberships(user)
	if err != nil {
		return nil, err
	}
	var groups []uuid.UUID
	for _, m := range memberships {
		if policy.Counts(m.Until, tx.now) {
			groups = append(groups, m.Group)
		}
	}
	return tx.juniors(groups...)
}

// permissionGroups returns the groups that have a permission, by their own
// grant or by that of an inherited group. The result is never nil, because a
// nil filter selects the users of any group.
func (tx *Tx) permissionGroups(permission string) ([]uuid.UUID, error) {
	granted := []uuid.UUID{}
	for _, name := range append(names.Covering(permission), permission) {
		grants, err := tx.r.Grants(store.GrantFilter{Permission: name})
		if err != nil {
			return nil, err
		}
		for _, g := range grants {
			granted = append(granted, g.Group)
		}
	}
	return tx.seniors(granted...)
}

// sortIDs sorts ids in the order in which stores keep ids, and removes
// duplicates.
func sortIDs(ids []uuid.UUID) []uuid.UUID {
	slices.SortFunc(ids, func(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) })
	return slices.Compact(ids)
}

// newID returns id, or for a zero id a new id that sorts by the time of
// creation.
func newID(id uuid.UUID) (uuid.UUID, error) {
	if id != uuid.Nil {
		return id, nil
	}
	return uuid.NewV7()
}
