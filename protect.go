package rbac

import (
	"errors"
	"slices"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/store"
)

// protection has the permissions that a transaction must not take from their
// last holder: those of Config.Protected that had a holder before the first
// call of the transaction that could take a permission away.
//
// The state at the end of the transaction counts, so an Update may replace the
// last holder. Updates exclude each other, so two Updates cannot each remove
// one of the last two holders.
type protection struct {
	started     bool
	permissions []string
}

// protect is called before each step that may take a permission from a user.
func (tx *Tx) protect() error {
	if tx.protection.started {
		return nil
	}
	tx.protection.started = true
	for _, permission := range tx.a.cfg.Protected {
		ok, err := tx.hasHolder(permission)
		if err != nil {
			return err
		}
		if ok {
			tx.protection.permissions = append(tx.protection.permissions, permission)
		}
	}
	return nil
}

// checkProtected returns ErrProtected for each permission that would lose its
// last holder.
func (tx *Tx) checkProtected() error {
	var lost []error
	for _, permission := range tx.protection.permissions {
		ok, err := tx.hasHolder(permission)
		if err != nil {
			return err
		}
		if !ok {
			lost = append(lost, &Error{Kind: ErrProtected, Record: "permission", Name: permission})
		}
	}
	return errors.Join(lost...)
}

// hasHolder reports whether an enabled user has the permission by a membership
// without scope and without end.
func (tx *Tx) hasHolder(permission string) (bool, error) {
	if _, err := tx.r.Permission(permission); err != nil {
		return false, ignore(err, ErrNotFound) // a pattern gives existing permissions only
	}
	groups, err := tx.permissionGroups(permission)
	if err != nil {
		return false, err
	}
	if groups, err = tx.activatable(groups); err != nil {
		return false, err
	}
	for _, err := range tx.r.Users(store.UserFilter{Groups: groups, At: tx.now, Permanent: true, Enabled: true, Limit: 1}) {
		return err == nil, err
	}
	return false, nil
}

// activatable returns the groups that can be active at all. A group that
// violates a dynamic set alone, by inheritance, gives no permission to anybody.
func (tx *Tx) activatable(groups []uuid.UUID) ([]uuid.UUID, error) {
	p, err := tx.dynamicPolicy(groups)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(groups, func(g uuid.UUID) bool {
		n, _ := p.Number(g)
		_, violated := p.ViolationAmong("", []int32{n})
		return violated
	}), nil
}
