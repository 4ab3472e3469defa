package rbac

import (
	"cmp"
	"slices"
	"strings"

	"github.com/rbac-go/rbac/internal/names"
)

// GroupOperationsOnObject lists the operations that a group may perform on an
// object, by inheritance too, in byte order without repetition (INCITS 359
// section 6.2.1, RoleOperationsOnObject). [Permission] defines the object and
// the operation of a permission. ErrNotFound for an object that no permission
// has.
func (tx *Tx) GroupOperationsOnObject(group, object string) ([]string, error) {
	permissions, err := tx.GroupPermissions(group)
	return tx.operationsOn(object, permissions, err)
}

// UserOperationsOnObject lists the operations that a user may perform on an
// object by groups in any scope, in byte order without repetition (INCITS 359
// section 6.2.1). ErrNotFound for an object that no permission has.
func (tx *Tx) UserOperationsOnObject(user, object string) ([]string, error) {
	permissions, err := tx.UserPermissions(user)
	return tx.operationsOn(object, permissions, err)
}

// operationsOn returns the operations of permissions on an object, in byte
// order without repetition. The error argument is passed through, as in
// groupsOf.
func (tx *Tx) operationsOn(object string, permissions []Permission, err error) ([]string, error) {
	if err != nil {
		return nil, err
	}
	if reason := names.CheckKey(object); reason != "" {
		return nil, invalid("object", object, "", reason)
	}
	operations := []string{}
	for _, p := range permissions {
		if of, operation := p.objectAndOperation(); of == object {
			operations = append(operations, operation)
		}
	}
	if len(operations) == 0 {
		return operations, tx.objectExists(object)
	}
	slices.Sort(operations)
	return slices.Compact(operations), nil
}

// objectAndOperation returns the fields of a permission, or the parts of its
// name if the fields are empty.
func (p Permission) objectAndOperation() (object, operation string) {
	dot := strings.LastIndexByte(p.Name, '.')
	return cmp.Or(p.Object, p.Name[:max(dot, 0)]), cmp.Or(p.Operation, p.Name[dot+1:])
}

// objectExists returns ErrNotFound unless a permission has the object. It reads
// all permissions, and is called only if a group or user has no permission on
// the object.
func (tx *Tx) objectExists(object string) error {
	all, err := tx.Permissions()
	if err != nil {
		return err
	}
	for _, p := range all {
		if of, _ := p.objectAndOperation(); of == object {
			return nil
		}
	}
	return &Error{Kind: ErrNotFound, Record: "object", Name: object}
}
