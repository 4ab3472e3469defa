package rbac

import (
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/internal/rules"
	"github.com/rbac-go/rbac/store"
)

// rules returns the rules over the records of the transaction.
func (tx *Tx) rules() rules.Rules { return rules.Rules{Records: tx.r, Now: tx.now} }

// user returns the user with a name in any form.
func (tx *Tx) user(name string) (store.UserRecord, error) {
	canonical, err := canonicalUser(name)
	if err != nil {
		return store.UserRecord{}, err
	}
	u, err := tx.r.User(store.UserKey{Name: canonical})
	return u, named(err, "user", name)
}

// lockUser is user for a change that excludes concurrent logins of the user. The
// caller checks the powers of a delegate.
func (tx *Tx) lockUser(name string) (store.UserRecord, error) {
	u, err := tx.user(name)
	if err := tx.delegable(err); err != nil {
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

// newID returns id, or for a zero id a new id that sorts by the time of
// creation.
func newID(id uuid.UUID) (uuid.UUID, error) {
	if id != uuid.Nil {
		return id, nil
	}
	return uuid.NewV7()
}
