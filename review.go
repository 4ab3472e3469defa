package rbac

import (
	"cmp"
	"errors"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/rbac-go/rbac/internal/policy"
	"github.com/rbac-go/rbac/store"
)

// Review functions look at the records, at the time the transaction began. They
// answer what a user is assigned to, in any scope and whether or not the account is
// disabled; what a request may do is decided by a predicate alone. A sequence looks when
// it is ranged over, each time anew; an error is yielded once, last.

// User returns the user with that name, given in any form.
func (tx *Tx) User(name string) (User, error) {
	u, err := tx.user(name)
	return User(u.User), err
}

// UserByID returns the user with that id.
func (tx *Tx) UserByID(id uuid.UUID) (User, error) {
	u, err := tx.r.User(id)
	return User(u.User), named(err, "user", id.String())
}

// UserByEmail returns the user who has the mailbox of that e-mail address. Two
// addresses are one mailbox if their domains have the same IDNA2008 A-labels, so
// that bob@faß.example is bob@xn--fa-hia.example and not bob@fass.example, and if
// what stands before the @ is the same in Unicode's NFC, without regard to the case
// of A to Z. A domain that is no host name is compared like what stands before the @.
func (tx *Tx) UserByEmail(address string) (User, error) {
	return tx.userBy(address, "Email", address, func(address string) (store.UserRecord, error) { return userWithEmail(tx.r, address) })
}

// UserBySubject returns the user with exactly that subject.
func (tx *Tx) UserBySubject(subject string) (User, error) {
	return tx.userBy(subject, "Subject", subject, tx.r.UserBySubject)
}

func (tx *Tx) userBy(name, field, key string, find func(string) (store.UserRecord, error)) (User, error) {
	if reason := badString(name, 1); reason != "" {
		return User{}, invalid("user", name, field, reason)
	}
	u, err := find(key)
	return User(u.User), named(err, "user", name)
}

// Group returns the group with that name.
func (tx *Tx) Group(name string) (Group, error) { return tx.group(name) }

// Permission returns the permission with that name.
func (tx *Tx) Permission(name string) (Permission, error) { return tx.permission(name) }

// Users lists the users that the query selects, in byte order of their names.
func (tx *Tx) Users(q UserQuery) iter.Seq2[User, error] {
	filter := store.UserFilter{Search: q.Search, After: q.After, Limit: q.Limit, At: tx.now}
	if q.Group == "" {
		return tx.users(filter)
	}
	return lazily(func() (iter.Seq2[User, error], error) {
		g, err := tx.group(q.Group)
		if err != nil {
			return nil, err
		}
		filter.Groups, err = tx.seniors(g.ID)
		return tx.users(filter), err
	})
}

func (tx *Tx) users(f store.UserFilter) iter.Seq2[User, error] {
	return func(yield func(User, error) bool) {
		for u, err := range tx.r.Users(f) {
			if !yield(User(u.User), err) {
				return
			}
		}
	}
}

// lazily is the listing that find gives at the time it is read, which may be after
// changes of this transaction. An error of find is its only entry.
func lazily[T any](find func() (iter.Seq2[T, error], error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		list, err := find()
		if err != nil {
			var none T
			yield(none, err)
			return
		}
		list(yield)
	}
}

// Groups lists all groups in byte order of their names.
func (tx *Tx) Groups() ([]Group, error) { return publicRows(tx.r.Groups, publicGroup) }

// Permissions lists all permissions in byte order of their names.
func (tx *Tx) Permissions() ([]Permission, error) {
	return publicRows(tx.r.Permissions, publicPermission)
}

// Sections lists all sections in byte order of their names.
func (tx *Tx) Sections() ([]Section, error) { return publicRows(tx.r.Sections, publicSection) }

// AssignedUsers lists the memberships of a group, in any scope, ended ones too, by
// the id of the user and the scope (INCITS 359 section 6.1.3).
func (tx *Tx) AssignedUsers(group string) iter.Seq2[Membership, error] {
	return lazily(func() (iter.Seq2[Membership, error], error) {
		g, err := tx.group(group)
		return tx.members(g), err
	})
}

func (tx *Tx) members(g Group) iter.Seq2[Membership, error] {
	return func(yield func(Membership, error) bool) {
		for m, err := range tx.r.GroupMembers(g.ID) {
			if err != nil {
				yield(Membership{}, err)
				return
			}
			if !yield(publicMembership(m.Membership, m.UserName, g.Name), nil) {
				return
			}
		}
	}
}

// AssignedGroups lists the memberships of a user, in any scope, ended ones too, by
// group and scope (INCITS 359 section 6.1.3, AssignedRoles).
func (tx *Tx) AssignedGroups(user string) ([]Membership, error) {
	u, err := tx.user(user)
	if err != nil {
		return nil, err
	}
	records, err := tx.r.UserMemberships(u.ID)
	if err != nil {
		return nil, err
	}
	names := map[uuid.UUID]string{}
	memberships := make([]Membership, len(records))
	for i, m := range records {
		if _, ok := names[m.Group]; !ok {
			g, err := tx.r.Group(m.Group)
			if err != nil {
				return nil, err
			}
			names[m.Group] = g.Name
		}
		memberships[i] = publicMembership(m, u.Name, names[m.Group])
	}
	slices.SortFunc(memberships, byGroup)
	return memberships, nil
}

// counts reports whether a membership with an end has not ended.
func counts(until, now time.Time) bool { return until.IsZero() || now.Before(until) }

// AuthorizedUsers lists the users who are members, in any scope, of the group or of
// one that inherits it, in byte order of their names (INCITS 359 section 6.2.1).
func (tx *Tx) AuthorizedUsers(group string) iter.Seq2[User, error] {
	return lazily(func() (iter.Seq2[User, error], error) {
		g, err := tx.group(group)
		if err != nil {
			return nil, err
		}
		groups, err := tx.seniors(g.ID)
		return tx.users(store.UserFilter{Groups: groups, At: tx.now}), err
	})
}

// AuthorizedGroups lists the groups that a user is a member of, in any scope, and
// those that they inherit, in byte order of their names (INCITS 359 section 6.2.1, AuthorizedRoles).
func (tx *Tx) AuthorizedGroups(user string) ([]Group, error) {
	u, err := tx.user(user)
	if err != nil {
		return nil, err
	}
	return tx.groupsOf(tx.authorizedGroups(u.ID))
}

func (tx *Tx) groupsOf(ids []uuid.UUID, err error) ([]Group, error) {
	if err != nil {
		return nil, err
	}
	groups := make([]Group, len(ids))
	for i, id := range ids {
		g, err := tx.r.Group(id)
		if err != nil {
			return nil, err
		}
		groups[i] = Group(g)
	}
	slices.SortFunc(groups, func(a, b Group) int { return strings.Compare(a.Name, b.Name) })
	return groups, nil
}

// GroupPermissions lists the permissions that a group gives, inherited ones
// included, in byte order of their names (INCITS 359 section 6.2.1, RolePermissions).
func (tx *Tx) GroupPermissions(group string) ([]Permission, error) {
	g, err := tx.group(group)
	if err != nil {
		return nil, err
	}
	return tx.permissionsOf(tx.juniors(g.ID))
}

// UserPermissions lists the permissions that the groups of a user give, in any scope,
// in byte order of their names (INCITS 359 section 6.2.1).
func (tx *Tx) UserPermissions(user string) ([]Permission, error) {
	u, err := tx.user(user)
	if err != nil {
		return nil, err
	}
	return tx.permissionsOf(tx.authorizedGroups(u.ID))
}

func (tx *Tx) permissionsOf(groups []uuid.UUID, err error) ([]Permission, error) {
	if err != nil {
		return nil, err
	}
	granted := map[string]struct{}{}
	for _, g := range groups {
		grants, err := tx.r.GroupGrants(g)
		if err != nil {
			return nil, err
		}
		for _, grant := range grants {
			granted[grant.Permission] = struct{}{}
		}
	}
	return tx.permissionsNamed(granted)
}

func (tx *Tx) permissionsNamed(names map[string]struct{}) ([]Permission, error) {
	permissions := make([]Permission, 0, len(names))
	if slices.ContainsFunc(slices.Collect(maps.Keys(names)), policy.IsPattern) {
		return tx.permissionsMatching(names)
	}
	for name := range names {
		p, err := tx.r.Permission(name)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return nil, err
		}
		if err == nil {
			permissions = append(permissions, Permission(p))
		}
	}
	slices.SortFunc(permissions, byPermission)
	return permissions, nil
}

// permissionsMatching is permissionsNamed for names with patterns among them: any permission may match.
func (tx *Tx) permissionsMatching(names map[string]struct{}) ([]Permission, error) {
	all, err := tx.Permissions()
	grants := slices.Sorted(maps.Keys(names))
	return slices.DeleteFunc(all, func(p Permission) bool { return !policy.Gives(grants, p.Name) }), err
}

// PermissionGroups lists the groups that give a permission, by a grant of their own or
// of a group they inherit, in byte order of their names.
func (tx *Tx) PermissionGroups(permission string) ([]Group, error) {
	if _, err := tx.permission(permission); err != nil {
		return nil, err
	}
	return tx.groupsOf(tx.permissionGroups(permission))
}

// PermissionUsers lists the users who have a permission, in any scope, in byte order of their names.
func (tx *Tx) PermissionUsers(permission string) iter.Seq2[User, error] {
	return lazily(func() (iter.Seq2[User, error], error) {
		if _, err := tx.permission(permission); err != nil {
			return nil, err
		}
		groups, err := tx.permissionGroups(permission)
		return tx.users(store.UserFilter{Groups: groups, At: tx.now}), err
	})
}

// Changes lists the entries of the change log that the query selects, those of the
// running Update included. ErrInvalid for a Since or Until out of the years 1970 to 9999.
func (tx *Tx) Changes(q ChangeQuery) iter.Seq2[Change, error] {
	err := errors.Join(validTime("change query", "", "Since", q.Since), validTime("change query", "", "Until", q.Until))
	q.Since, q.Until = instant(q.Since), instant(q.Until)
	return lazily(func() (iter.Seq2[Change, error], error) { return tx.changeLog(q), err })
}

func (tx *Tx) changeLog(q ChangeQuery) iter.Seq2[Change, error] {
	return func(yield func(Change, error) bool) {
		for c, err := range tx.r.Changes(store.ChangeFilter(q)) {
			if !yield(Change(c), err) {
				return
			}
		}
	}
}

func byGroup(a, b Membership) int {
	return cmp.Or(strings.Compare(a.Group, b.Group), strings.Compare(a.Scope, b.Scope))
}

func byPermission(a, b Permission) int { return strings.Compare(a.Name, b.Name) }
