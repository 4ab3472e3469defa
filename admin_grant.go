package rbac

import (
	"errors"
	"slices"
	"strings"

	"github.com/rbac-go/rbac/internal/names"
	"github.com/rbac-go/rbac/store"
)

// GrantPermission grants a permission, or a pattern of permissions, to a group.
// A second grant of the same permission or pattern changes nothing, the Note
// included (INCITS 359 section 6.1.1).
//
// The pattern * matches every permission. The pattern post.* matches every
// permission whose name is longer than post. and begins with post., including
// permissions that are added later. A pattern with an empty segment, such as
// post..*, is ErrInvalid. A grant of a pattern is a single grant: revoking one
// of the matching permissions is ErrNotFound, and revokes nothing.
func (tx *Tx) GrantPermission(g Grant) error {
	group, err := tx.grantKey(g)
	if err == nil {
		err = invalid("grant", g.Permission, "Permission", names.CheckNewGrant(g.Permission))
	}
	if err != nil {
		return err
	}
	if !names.IsPattern(g.Permission) {
		if _, err := tx.permission(g.Permission); err != nil {
			return err
		}
	}
	if _, err := tx.r.Grant(group.ID, g.Permission); !errors.Is(err, ErrNotFound) {
		return err
	}
	rec := store.Grant{Group: group.ID, Permission: g.Permission, Note: g.Note,
		GrantedBy: tx.actor.name, GrantedAt: tx.now}
	if err := tx.r.PutGrant(rec); err != nil {
		return err
	}
	return tx.logGrant("GrantPermission", rec, group.Name, nil, publicGrant(rec, group.Name))
}

// grantKey returns the group of a grant to change, after checking the texts of
// the grant.
func (tx *Tx) grantKey(g Grant) (Group, error) {
	check := names.CheckName
	if names.IsPattern(g.Permission) {
		check = names.CheckPattern
	}
	err := errors.Join(
		invalid("grant", g.Permission, "Permission", check(g.Permission)),
		validText("grant", grantName(g), "Note", g.Note))
	if err := tx.writable(err); err != nil {
		return Group{}, err
	}
	return tx.group(g.Group)
}

// grantName returns the name of a grant in errors.
func grantName(g Grant) string { return g.Permission + " to " + g.Group }

// Grants lists the grants of a group itself, patterns included, in byte order
// of the permissions. GroupPermissions lists the resulting permissions.
func (tx *Tx) Grants(group string) ([]Grant, error) {
	g, err := tx.group(group)
	if err != nil {
		return nil, err
	}
	grants, err := tx.r.Grants(store.GrantFilter{Group: g.ID})
	return publicEach(grants, func(rec store.Grant) Grant { return publicGrant(rec, g.Name) }), err
}

// AllGrants lists the grants of all groups, in byte order of the groups and
// permissions.
func (tx *Tx) AllGrants() ([]Grant, error) {
	name, err1 := tx.groupNames()
	all, err2 := tx.r.Grants(store.GrantFilter{})
	list := publicEach(all, func(rec store.Grant) Grant { return publicGrant(rec, name[rec.Group]) })
	slices.SortStableFunc(list, func(a, b Grant) int { return strings.Compare(a.Group, b.Group) })
	return list, errors.Join(err1, err2)
}

// publicGrant returns the grant with the name of its group.
func publicGrant(g store.Grant, group string) Grant {
	return Grant{Group: group, Permission: g.Permission, Note: g.Note,
		GrantedBy: g.GrantedBy, GrantedAt: g.GrantedAt}
}

// logGrant writes a Change about a group, the subject, and a permission.
func (tx *Tx) logGrant(action string, g store.Grant, group string, before, after any) error {
	c := Change{Action: action, Subject: group, SubjectID: g.Group, Object: g.Permission}
	return tx.log(c, before, after)
}

// grant returns the group and the record of an existing grant.
func (tx *Tx) grant(g Grant) (Group, store.Grant, error) {
	group, err := tx.grantKey(g)
	if err != nil {
		return Group{}, store.Grant{}, err
	}
	rec, err := tx.r.Grant(group.ID, g.Permission)
	return group, rec, named(err, "grant", grantName(g))
}

// ModifyGrant replaces the Note of the grant with g's group and permission.
func (tx *Tx) ModifyGrant(g Grant) error {
	group, old, err := tx.grant(g)
	if err != nil || old.Note == g.Note {
		return err
	}
	rec := old
	rec.Note = g.Note
	if err := tx.r.PutGrant(rec); err != nil {
		return err
	}
	before, after := publicGrant(old, group.Name), publicGrant(rec, group.Name)
	return tx.logGrant("ModifyGrant", rec, group.Name, before, after)
}

// RevokePermission revokes a grant. The group may still have the permission by
// another grant, or from a group that it inherits.
func (tx *Tx) RevokePermission(g Grant) error {
	group, rec, err := tx.grant(g)
	if err := tx.writable(err); err != nil {
		return err
	}
	return tx.write(tx.protect, func() error { return tx.deleteGrant(rec, group.Name) })
}

// deleteGrant deletes a grant and writes a Change. The caller has called
// protect.
func (tx *Tx) deleteGrant(g store.Grant, group string) error {
	if err := tx.r.DeleteGrant(g.Group, g.Permission); err != nil {
		return err
	}
	return tx.logGrant("RevokePermission", g, group, publicGrant(g, group), nil)
}
