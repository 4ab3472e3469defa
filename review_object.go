package rbac

import (
	"cmp"
	"slices"
	"strings"

	"github.com/rbac-go/rbac/internal/names"
)

// GroupOperationsOnObject lists the operations that a group may perform on an object, by inheritance
// too, in byte order and each once (INCITS 359 section 6.2.1, RoleOperationsOnObject). What the
// object and the operation of a permission are, says [Permission]. ErrNotFound for an object that no permission has.
func (tx *Tx) GroupOperationsOnObject(group, object string) ([]string, error) {
	permissions, err := tx.GroupPermissions(group)
	return tx.operationsOn(object, permissions, err)
}

// UserOperationsOnObject lists the operations that the groups of a user, in any scope, allow
// on an object, in byte order and each once (INCITS 359 section 6.2.1). ErrNotFound for
// an object that no permission has.
func (tx *Tx) UserOperationsOnObject(user, object string) ([]string, error) {
	permissions, err := tx.UserPermissions(user)
	return tx.operationsOn(object, permissions, err)
}

func (tx *Tx) operationsOn(object string, permissions []Permission, err error) ([]string, error) {
	if err != nil {
		return nil, err
	}
	if reason := names.CheckKey(object); reason != "" {
		return nil, invalid("object", object, "", reason)
	}
	operations := []string{}
	for _, p := range permissions {
		if on, operation := p.act(); on == object {
			operations = append(operations, operation)
		}
	}
	if len(operations) == 0 {
		return operations, tx.objectExists(object)
	}
	slices.Sort(operations)
	return slices.Compact(operations), nil
}

// act is the object of a permission and the operation on it.
func (p Permission) act() (object, operation string) {
	dot := strings.LastIndexByte(p.Name, '.')
	return cmp.Or(p.Object, p.Name[:max(dot, 0)]), cmp.Or(p.Operation, p.Name[dot+1:])
}

// objectExists looks at all permissions: it is asked only where a group or user has none on the object.
func (tx *Tx) objectExists(object string) error {
	all, err := tx.r.Permissions()
	if err != nil {
		return err
	}
	for _, p := range all {
		if on, _ := p.act(); on == object {
			return nil
		}
	}
	return &Error{Kind: ErrNotFound, Record: "object", Name: object}
}
