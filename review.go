package rbac

import (
	"cmp"
	"errors"
	"iter"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/internal/emailkey"
	"github.com/rbac-go/rbac/internal/names"
	"github.com/rbac-go/rbac/store"
)

// User returns the user with a name, in any form; see [Tx.AddUser].
func (tx *Tx) User(name string) (User, error) {
	u, err := tx.user(name)
	return User(u.User), err
}

// UserByID returns the user with an id.
func (tx *Tx) UserByID(id uuid.UUID) (User, error) {
	u, err := tx.r.User(store.UserKey{ID: id})
	return User(u.User), named(err, "user", id.String())
}

// UserByEmail returns the user who has the mailbox of an e-mail address. Two
// addresses are the same mailbox if their domains have the same IDNA2008
// A-labels, and their local parts are the same in Unicode's NFC without regard
// to the case of A to Z. So bob@faß.example is bob@xn--fa-hia.example and not
// bob@fass.example. A domain that is no host name is compared like a local
// part.
func (tx *Tx) UserByEmail(address string) (User, error) {
	return userBy(address, "Email", func() (store.UserRecord, error) { return emailkey.Find(tx.r, address) })
}

// HasPassword reports whether a user has a password. If so, the user can log in
// with the password, and a LinkReset is right rather than a LinkInvite.
func (tx *Tx) HasPassword(user string) (bool, error) {
	u, err := tx.user(user)
	return u.PasswordHash != "", err
}

// UserBySubject returns the user with exactly the subject.
func (tx *Tx) UserBySubject(subject string) (User, error) {
	return userBy(subject, "Subject", func() (store.UserRecord, error) {
		return tx.r.User(store.UserKey{Subject: subject})
	})
}

// userBy returns the user that find finds by a key. An empty or malformed key
// is ErrInvalid for the field.
func userBy(key, field string, find func() (store.UserRecord, error)) (User, error) {
	if reason := names.CheckKey(key); reason != "" {
		return User{}, invalid("user", key, field, reason)
	}
	u, err := find()
	return User(u.User), named(err, "user", key)
}

// Group returns the group with a name.
func (tx *Tx) Group(name string) (Group, error) { return tx.group(name) }

// Permission returns the permission with a name.
func (tx *Tx) Permission(name string) (Permission, error) { return tx.permission(name) }

// lazily returns a sequence that calls find each time it is ranged over, so
// that the sequence includes earlier changes of the transaction. An error of
// find is the only entry of the sequence.
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

// AssignedUsers lists the memberships of a group in any scope, ended
// memberships included, in the order of the users' ids and the scopes (INCITS
// 359 section 6.1.3).
func (tx *Tx) AssignedUsers(group string) iter.Seq2[Membership, error] {
	return lazily(func() (iter.Seq2[Membership, error], error) {
		g, err := tx.group(group)
		return tx.members(store.MembershipFilter{Group: g.ID}, MembershipQuery{}), err
	})
}

// AssignedGroups lists the memberships of a user in any scope, ended
// memberships included, in the order of groups and scopes (INCITS 359 section
// 6.1.3, AssignedRoles).
func (tx *Tx) AssignedGroups(user string) ([]Membership, error) {
	u, err := tx.user(user)
	if err != nil {
		return nil, err
	}
	memberships := []Membership{}
	for m, err := range tx.r.Memberships(store.MembershipFilter{Users: []uuid.UUID{u.ID}}) {
		if err != nil {
			return nil, err
		}
		memberships = append(memberships, publicMembership(m.Membership, u.Name, m.GroupName))
	}
	slices.SortFunc(memberships, byGroup)
	return memberships, nil
}

// AuthorizedUsers lists the users who are members, in any scope, of a group or
// of a group that inherits it, in byte order of their names (INCITS 359 section
// 6.2.1).
func (tx *Tx) AuthorizedUsers(group string) iter.Seq2[User, error] {
	return lazily(func() (iter.Seq2[User, error], error) {
		g, err := tx.group(group)
		if err != nil {
			return nil, err
		}
		groups, err := tx.rules().Seniors(g.ID)
		return tx.users(store.UserFilter{Groups: groups, At: tx.now}), err
	})
}

// AuthorizedGroups lists the groups that a user is a member of, in any scope,
// and the groups that they inherit, in byte order of their names (INCITS 359
// section 6.2.1, AuthorizedRoles).
func (tx *Tx) AuthorizedGroups(user string) ([]Group, error) {
	u, err := tx.user(user)
	if err != nil {
		return nil, err
	}
	return tx.groupsOf(tx.rules().AuthorizedGroups(u.ID))
}

// GroupPermissions lists the permissions of a group, inherited permissions
// included, in byte order of their names (INCITS 359 section 6.2.1,
// RolePermissions).
func (tx *Tx) GroupPermissions(group string) ([]Permission, error) {
	g, err := tx.group(group)
	if err != nil {
		return nil, err
	}
	return tx.permissionsOf(tx.rules().Juniors(g.ID))
}

// UserPermissions lists the permissions that a user has by groups in any scope,
// in byte order of their names (INCITS 359 section 6.2.1).
func (tx *Tx) UserPermissions(user string) ([]Permission, error) {
	u, err := tx.user(user)
	if err != nil {
		return nil, err
	}
	return tx.permissionsOf(tx.rules().AuthorizedGroups(u.ID))
}

// permissionsOf returns the permissions that grants of groups give. The error
// argument is passed through, as in groupsOf.
func (tx *Tx) permissionsOf(groups []uuid.UUID, err error) ([]Permission, error) {
	if err != nil {
		return nil, err
	}
	granted, err := tx.rules().GrantedPermissions(groups)
	return publicEach(granted, publicPermission), err
}

// PermissionGroups lists the groups that have a permission, by their own grant
// or by that of an inherited group, in byte order of their names.
func (tx *Tx) PermissionGroups(permission string) ([]Group, error) {
	return tx.groupsOf(tx.permissionGroups(permission))
}

// PermissionUsers lists the users who have a permission in any scope, in byte
// order of their names.
func (tx *Tx) PermissionUsers(permission string) iter.Seq2[User, error] {
	return lazily(func() (iter.Seq2[User, error], error) {
		groups, err := tx.permissionGroups(permission)
		return tx.users(store.UserFilter{Groups: groups, At: tx.now}), err
	})
}

// Changes lists the entries of the change log that a query selects, entries of
// the running Update included. ErrInvalid for a Since or Until outside the
// years 1970 to 9999.
func (tx *Tx) Changes(q ChangeQuery) iter.Seq2[Change, error] {
	err := errors.Join(
		validTime("change query", "", "Since", q.Since),
		validTime("change query", "", "Until", q.Until))
	q.Since, q.Until = instant(q.Since), instant(q.Until)
	return lazily(func() (iter.Seq2[Change, error], error) { return tx.changeLog(q), err })
}

func (tx *Tx) changeLog(q ChangeQuery) iter.Seq2[Change, error] {
	filter := store.ChangeFilter{
		After:   q.After,
		Actor:   q.Actor,
		Subject: q.Subject,
		Action:  q.Action,
		Scope:   q.Scope,
		Since:   q.Since,
		Until:   q.Until,
		Last:    store.ChangeKey{Revision: q.Last.Revision, Seq: q.Last.Seq},
		Limit:   q.Limit,
		Newest:  q.Newest,
	}
	return func(yield func(Change, error) bool) {
		for c, err := range tx.r.Changes(filter) {
			if !yield(Change(c), err) {
				return
			}
		}
	}
}

func byGroup(a, b Membership) int {
	return cmp.Or(strings.Compare(a.Group, b.Group), strings.Compare(a.Scope, b.Scope))
}

// GroupOperationsOnObject lists the operations that a group may perform on an
// object, by inheritance too, in byte order without repetition (INCITS 359
// section 6.2.1, RoleOperationsOnObject). [Permission] defines the object and
// the operation of a permission. ErrNotFound if no permission has the object.
func (tx *Tx) GroupOperationsOnObject(group, object string) ([]string, error) {
	g, err := tx.group(group)
	if err != nil {
		return nil, err
	}
	groups, err := tx.rules().Juniors(g.ID)
	return tx.operationsOn(object, groups, err)
}

// UserOperationsOnObject lists the operations that a user may perform on an
// object by groups in any scope, in byte order without repetition (INCITS 359
// section 6.2.1). ErrNotFound for an object that no permission has.
func (tx *Tx) UserOperationsOnObject(user, object string) ([]string, error) {
	u, err := tx.user(user)
	if err != nil {
		return nil, err
	}
	groups, err := tx.rules().AuthorizedGroups(u.ID)
	return tx.operationsOn(object, groups, err)
}

// operationsOn returns the operations that groups give on an object. The error
// argument is passed through, as in groupsOf.
func (tx *Tx) operationsOn(object string, groups []uuid.UUID, err error) ([]string, error) {
	if err != nil {
		return nil, err
	}
	if reason := names.CheckKey(object); reason != "" {
		return nil, invalid("object", object, "", reason)
	}
	operations, err := tx.rules().OperationsOn(object, groups)
	return operations, named(err, "object", object)
}
