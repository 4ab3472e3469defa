package rbac

import (
	"errors"

	"github.com/rbac-go/rbac/internal/policy"
	"github.com/rbac-go/rbac/store"
)

// GrantPermission gives a group a permission, or a pattern of permissions. A second grant of
// the same changes nothing, its Note included (INCITS 359 section 6.1.1).
//
// The pattern * is every permission, and post.* every one whose name begins with post. and
// goes on, those that are added later included. One with an empty segment, such as post..*, is ErrInvalid. A pattern is a grant of its own: revoking a
// permission that it gives is ErrNotFound, and takes nothing away.
func (tx *Tx) GrantPermission(g Grant) error {
	if err := tx.writable(); err != nil {
		return err
	}
	group, err := tx.grantKey(g)
	if err == nil {
		err = sensibleGrant(g)
	}
	if err != nil {
		return err
	}
	if !policy.IsPattern(g.Permission) {
		if _, err := tx.permission(g.Permission); err != nil {
			return err
		}
	}
	if _, err := tx.r.Grant(group.ID, g.Permission); !errors.Is(err, ErrNotFound) {
		return err
	}
	rec := store.Grant{Group: group.ID, Permission: g.Permission, Note: g.Note, GrantedBy: tx.actor.name, GrantedAt: tx.now}
	if err := tx.r.AddGrant(rec); err != nil {
		return err
	}
	return tx.logGrant("GrantPermission", rec, group.Name, nil, publicGrant(rec, group.Name))
}

// grantKey finds the group of a grant and checks its texts.
func (tx *Tx) grantKey(g Grant) (Group, error) {
	valid := validName
	if policy.IsPattern(g.Permission) {
		valid = validPattern
	}
	err := errors.Join(
		valid("grant", "Permission", g.Permission),
		validText("grant", grantName(g), "Note", g.Note))
	if err != nil {
		return Group{}, err
	}
	return tx.group(g.Group)
}

// grantName names a grant in errors.
func grantName(g Grant) string { return g.Permission + " to " + g.Group }

func publicGrant(g store.Grant, group string) Grant {
	return Grant{Group: group, Permission: g.Permission, Note: g.Note, GrantedBy: g.GrantedBy, GrantedAt: g.GrantedAt}
}

func (tx *Tx) logGrant(action string, g store.Grant, group string, before, after any) error {
	return tx.log(Change{Action: action, Subject: group, SubjectID: g.Group, Object: g.Permission}, before, after)
}

func (tx *Tx) grant(g Grant) (Group, store.Grant, error) {
	group, err := tx.grantKey(g)
	if err != nil {
		return Group{}, store.Grant{}, err
	}
	rec, err := tx.r.Grant(group.ID, g.Permission)
	return group, rec, named(err, "grant", grantName(g))
}

// ModifyGrant replaces the Note of the grant with that group and permission.
func (tx *Tx) ModifyGrant(g Grant) error {
	if err := tx.writable(); err != nil {
		return err
	}
	group, old, err := tx.grant(g)
	if err != nil || old.Note == g.Note {
		return err
	}
	rec := old
	rec.Note = g.Note
	if err := tx.r.SetGrant(rec); err != nil {
		return err
	}
	return tx.logGrant("ModifyGrant", rec, group.Name, publicGrant(old, group.Name), publicGrant(rec, group.Name))
}

// RevokePermission takes back what GrantPermission gave to that group. The group
// may still have the permission from a group it inherits.
func (tx *Tx) RevokePermission(g Grant) error {
	if err := tx.writable(); err != nil {
		return err
	}
	group, rec, err := tx.grant(g)
	if err != nil {
		return err
	}
	return tx.write(tx.protect, func() error { return tx.deleteGrant(rec, group.Name) })
}

func (tx *Tx) deleteGrant(g store.Grant, group string) error {
	if err := tx.r.DeleteGrant(g.Group, g.Permission); err != nil {
		return err
	}
	return tx.logGrant("RevokePermission", g, group, publicGrant(g, group), nil)
}
