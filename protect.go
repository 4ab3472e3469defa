package rbac

import (
	"errors"
	"slices"

	"github.com/google/uuid"
	"github.com/rbac-go/rbac/internal/policy"
	"github.com/rbac-go/rbac/store"
)

// protection is what a transaction must not take away: the permissions of
// Config.Protected that somebody held before its first call that could.
//
// What counts is the state at the end, so one Update may replace the last holder.
// Updates exclude each other, so two cannot each remove one of the last two holders.
type protection struct {
	started bool
	held    []string
}

// protect is called before anything that may take a permission from a user.
func (tx *Tx) protect() error {
	if tx.watch.started {
		return nil
	}
	tx.watch.started = true
	for _, permission := range tx.a.cfg.Protected {
		held, err := tx.isHeld(permission)
		if err != nil {
			return err
		}
		if held {
			tx.watch.held = append(tx.watch.held, permission)
		}
	}
	return nil
}

// checkProtected names every permission that would lose its last holder.
func (tx *Tx) checkProtected() error {
	var lost []error
	for _, permission := range tx.watch.held {
		held, err := tx.isHeld(permission)
		if err != nil {
			return err
		}
		if !held {
			lost = append(lost, &Error{Kind: ErrProtected, Record: "permission", Name: permission})
		}
	}
	return errors.Join(lost...)
}

// isHeld reports whether an enabled user has the permission by a membership without scope and without end.
func (tx *Tx) isHeld(permission string) (bool, error) {
	if _, err := tx.r.Permission(permission); err != nil {
		return false, ignore(err, ErrNotFound) // a pattern gives only what there is
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

// activatable returns those of the groups that can be active at all: one that violates a dynamic
// set alone, by what it inherits, gives nothing to anybody.
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

// permissionGroups returns the groups that give a permission: by a grant of their own
// or of a group they inherit. It is never nil: no group is not the same as any group.
func (tx *Tx) permissionGroups(permission string) ([]uuid.UUID, error) {
	granted := []uuid.UUID{}
	for _, name := range append(policy.Covering(permission), permission) {
		grants, err := tx.r.PermissionGrants(name)
		if err != nil {
			return nil, err
		}
		for _, g := range grants {
			granted = append(granted, g.Group)
		}
	}
	return tx.seniors(granted...)
}
