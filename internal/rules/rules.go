// Package rules applies the rules of RBAC to the records inside a transaction:
// who inherits what, who is authorized for what, and which sets of separation
// of duty are violated (INCITS 359 sections 6.2 to 6.4).
//
// The functions read records and change none. The cost of a call depends on the
// groups in question, not on the size of the store. Package rbac makes the
// errors of a [Violation], and writes the changes.
package rules

import (
	"bytes"
	"cmp"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/internal/names"
	"github.com/rbac-go/rbac/internal/policy"
	"github.com/rbac-go/rbac/store"
)

// Rules are the rules at the time of a transaction, over its records.
type Rules struct {
	Records store.Records
	Now     time.Time
}

// Juniors returns groups and all groups that they inherit, in the order of
// discovery.
func (r Rules) Juniors(groups ...uuid.UUID) ([]uuid.UUID, error) {
	return reach(groups, r.ImmediateJuniors)
}

// Seniors returns groups and all groups that inherit them, in the order of
// discovery.
func (r Rules) Seniors(groups ...uuid.UUID) ([]uuid.UUID, error) {
	return reach(groups, r.immediateSeniors)
}

// ImmediateJuniors returns the groups that a group inherits immediately, in byte
// order.
func (r Rules) ImmediateJuniors(senior uuid.UUID) ([]uuid.UUID, error) {
	list, err := r.Records.Inheritances(store.InheritanceFilter{Senior: senior})
	return juniorIDs(list), err
}

func juniorIDs(list []store.Inheritance) []uuid.UUID {
	ids := make([]uuid.UUID, len(list))
	for i, e := range list {
		ids[i] = e.Junior
	}
	return ids
}

// immediateSeniors returns the groups that inherit a group immediately, in byte
// order.
func (r Rules) immediateSeniors(junior uuid.UUID) ([]uuid.UUID, error) {
	list, err := r.Records.Inheritances(store.InheritanceFilter{Junior: junior})
	ids := make([]uuid.UUID, len(list))
	for i, e := range list {
		ids[i] = e.Senior
	}
	return ids, err
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

// AuthorizedGroups returns the groups that a user is a member of, in any scope,
// and all groups that they inherit.
func (r Rules) AuthorizedGroups(user uuid.UUID) ([]uuid.UUID, error) {
	memberships, err := r.Records.UserMemberships(user)
	if err != nil {
		return nil, err
	}
	var groups []uuid.UUID
	for _, m := range memberships {
		if policy.Counts(m.Until, r.Now) {
			groups = append(groups, m.Group)
		}
	}
	return r.Juniors(groups...)
}

// PermissionGroups returns the groups that have a permission, by their own
// grant or by that of an inherited group. The result is never nil, because a
// nil filter selects the users of any group.
func (r Rules) PermissionGroups(permission string) ([]uuid.UUID, error) {
	granted := []uuid.UUID{}
	for _, name := range append(names.Covering(permission), permission) {
		grants, err := r.Records.Grants(store.GrantFilter{Permission: name})
		if err != nil {
			return nil, err
		}
		for _, g := range grants {
			granted = append(granted, g.Group)
		}
	}
	return r.Seniors(granted...)
}

// HasHolder reports whether an enabled user has a permission by a membership
// without scope and without end.
func (r Rules) HasHolder(permission string) (bool, error) {
	_, err := r.Records.Permission(permission)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil // a pattern gives existing permissions only
	}
	if err != nil {
		return false, err
	}
	groups, err := r.PermissionGroups(permission)
	if err != nil {
		return false, err
	}
	if groups, err = r.activatable(groups); err != nil {
		return false, err
	}
	holders := store.UserFilter{Groups: groups, At: r.Now, Permanent: true, Enabled: true, Limit: 1}
	for _, err := range r.Records.Users(holders) {
		return err == nil, err
	}
	return false, nil
}

// GrantedPermissions returns the permissions that grants of groups give, in
// byte order of their names.
func (r Rules) GrantedPermissions(groups []uuid.UUID) ([]store.Permission, error) {
	granted := map[string]struct{}{}
	for _, g := range groups {
		grants, err := r.Records.Grants(store.GrantFilter{Group: g})
		if err != nil {
			return nil, err
		}
		for _, grant := range grants {
			granted[grant.Permission] = struct{}{}
		}
	}
	texts := slices.Sorted(maps.Keys(granted))
	if slices.ContainsFunc(texts, names.IsPattern) {
		return r.permissionsMatching(texts)
	}
	permissions := make([]store.Permission, 0, len(texts))
	for _, name := range texts {
		p, err := r.Records.Permission(name)
		if err == nil {
			permissions = append(permissions, p)
		} else if !errors.Is(err, store.ErrNotFound) {
			return nil, err
		}
	}
	return permissions, nil
}

// permissionsMatching reads all permissions, because any of them may match a
// pattern among the sorted grants.
func (r Rules) permissionsMatching(grants []string) ([]store.Permission, error) {
	all, err := r.Records.Permissions()
	all = slices.DeleteFunc(all, func(p store.Permission) bool { return !policy.Gives(grants, p.Name) })
	return all, err
}

// OperationsOn returns the operations that grants of groups give on an object,
// in byte order without repetition. ErrNotFound for an object that no
// permission has.
func (r Rules) OperationsOn(object string, groups []uuid.UUID) ([]string, error) {
	granted, err := r.GrantedPermissions(groups)
	if err != nil {
		return nil, err
	}
	operations := []string{}
	for _, p := range granted {
		if of, operation := objectAndOperation(p); of == object {
			operations = append(operations, operation)
		}
	}
	if len(operations) == 0 {
		return operations, r.objectExists(object)
	}
	slices.Sort(operations)
	return slices.Compact(operations), nil
}

// objectAndOperation returns the fields of a permission, or the parts of its
// name if the fields are empty.
func objectAndOperation(p store.Permission) (object, operation string) {
	dot := strings.LastIndexByte(p.Name, '.')
	return cmp.Or(p.Object, p.Name[:max(dot, 0)]), cmp.Or(p.Operation, p.Name[dot+1:])
}

// objectExists returns ErrNotFound unless a permission has the object. It reads
// all permissions, and is called only if no group has a permission on the
// object.
func (r Rules) objectExists(object string) error {
	all, err := r.Records.Permissions()
	if err != nil {
		return err
	}
	for _, p := range all {
		if of, _ := objectAndOperation(p); of == object {
			return nil
		}
	}
	return store.ErrNotFound
}

// SortIDs sorts ids in place in the order in which stores keep ids, and removes
// duplicates.
func SortIDs(ids []uuid.UUID) []uuid.UUID {
	slices.SortFunc(ids, func(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) })
	return slices.Compact(ids)
}
