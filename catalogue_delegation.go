package rbac

import (
	"errors"
	"slices"

	"github.com/google/uuid"
)

// addDelegation leaves an existing delegation of the group unchanged.
func (d *declarer) addDelegation(is Delegation) (uuid.UUID, error) {
	group, err1 := d.groupName(is.Group)
	assign, err2 := d.groupNames(is.Assign)
	if err := errors.Join(err1, err2); err != nil {
		return uuid.Nil, err
	}
	if group == "" || len(assign) == 0 && len(is.Assign) > 0 {
		return uuid.Nil, nil // the groups were deleted
	}
	is.Group, is.Assign = group, assign
	return uuid.Nil, ignore(d.tx.AddDelegation(is), ErrExists)
}

// updateDelegation changes the stored delegation as the declaration has
// changed. A delegation without any group left is deleted.
func (d *declarer) updateDelegation(_ uuid.UUID, was, is Delegation) error {
	if len(is.Assign) == 0 {
		return invalid("delegation", is.Group, "Assign", "empty")
	}
	group, err := d.groupName(is.Group)
	if err != nil || group == "" {
		return err
	}
	stored, err := d.tx.delegation(group)
	if err != nil {
		return ignore(err, ErrNotFound) // deleted by an administrator
	}
	more, err1 := d.groupNames(without(is.Assign, was.Assign))
	less, err2 := d.groupNames(without(was.Assign, is.Assign))
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	stored.Assign = append(without(without(stored.Assign, less), more), more...)
	updateChanged(&stored.Users, was.Users, is.Users)
	updateChanged(&stored.Note, was.Note, is.Note)
	if len(stored.Assign) == 0 {
		return d.tx.DeleteDelegation(group)
	}
	return d.tx.ModifyDelegation(stored)
}

// groupNames returns the present names of declared groups that exist.
func (d *declarer) groupNames(declared []string) (present []string, err error) {
	for _, g := range declared {
		name, err := d.groupName(g)
		if err != nil {
			return nil, err
		}
		if name != "" {
			present = append(present, name)
		}
	}
	return present, nil
}

// without returns a list without the names of another.
func without(list, others []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return slices.Contains(others, s) })
}
