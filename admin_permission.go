package rbac

import (
	"errors"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/internal/names"
	"github.com/rbac-go/rbac/store"
)

// AddPermission adds a permission and returns the stored record. The Section,
// unless empty, must exist. The name cannot contain *, which is for patterns
// only.
func (tx *Tx) AddPermission(p Permission) (Permission, error) {
	if err := tx.writable(errors.Join(tx.checkPermission(p), newPermission(p, Permission{}))); err != nil {
		return Permission{}, err
	}
	_, found := tx.r.Permission(p.Name)
	if err := free(found, "permission", p.Name, "Name"); err != nil {
		return Permission{}, err
	}
	if p.ID != uuid.Nil {
		if err := free(tx.permissionID(p.ID), "permission", p.Name, "ID"); err != nil {
			return Permission{}, err
		}
	}
	var err error
	if p.ID, err = newID(p.ID); err != nil {
		return Permission{}, err
	}
	p.Created = tx.now
	if err := tx.r.PutPermission(store.Permission(p)); err != nil {
		return Permission{}, err
	}
	if tx.permissionIDs != nil {
		tx.permissionIDs[p.ID] = struct{}{}
	}
	return p, tx.log(Change{Action: "AddPermission", Subject: p.Name, SubjectID: p.ID}, nil, p)
}

// checkPermission checks the writable fields of a permission, except for the
// rules of newPermission, and that the section exists.
func (tx *Tx) checkPermission(p Permission) error {
	err := errors.Join(
		validName("permission", "Name", p.Name),
		validText("permission", p.Name, "Title", p.Title),
		validKey("permission", p.Name, "Object", p.Object),
		validKey("permission", p.Name, "Operation", p.Operation),
		validText("permission", p.Name, "Description", p.Description))
	if err != nil || p.Section == "" {
		return err
	}
	_, err = tx.section(p.Section)
	return err
}

// newPermission refuses * and hidden characters in the fields of p that differ
// from the fields of old. Stored values keep working.
func newPermission(p, old Permission) error {
	var errs []error
	if p.Name != old.Name {
		errs = append(errs, invalid("permission", p.Name, "Name", names.CheckNoPattern(p.Name)))
	}
	for _, field := range []struct{ name, value, old string }{
		{"Name", p.Name, old.Name}, {"Object", p.Object, old.Object}, {"Operation", p.Operation, old.Operation},
	} {
		if field.value != field.old {
			errs = append(errs, noHidden("permission", p.Name, field.name, field.value))
		}
	}
	return errors.Join(errs...)
}

// permissionID returns ErrNotFound unless a permission has the id. Stores find
// permissions by name only, so permissionID reads all permissions, once in a
// transaction: a caller that sets an ID usually sets many.
func (tx *Tx) permissionID(id uuid.UUID) error {
	if tx.permissionIDs == nil {
		all, err := tx.r.Permissions()
		if err != nil {
			return err
		}
		tx.permissionIDs = make(map[uuid.UUID]struct{}, len(all))
		for _, p := range all {
			tx.permissionIDs[p.ID] = struct{}{}
		}
	}
	if _, ok := tx.permissionIDs[id]; !ok {
		return ErrNotFound
	}
	return nil
}

// ModifyPermission replaces every writable field of the permission with the ID
// of p. The name cannot change (ErrInvalid), because grants and predicates
// refer to it.
func (tx *Tx) ModifyPermission(p Permission) error {
	if err := tx.writable(tx.checkPermission(p)); err != nil {
		return err
	}
	stored, err := tx.r.Permission(p.Name)
	old := Permission(stored)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	if err != nil || old.ID != p.ID {
		if err := tx.permissionID(p.ID); err != nil {
			return unknownID(err, "permission", p.Name)
		}
		return invalid("permission", p.Name, "Name", "a permission's name cannot change")
	}
	if err := newPermission(p, old); err != nil {
		return err
	}
	p.Created = old.Created
	if p == old {
		return nil
	}
	if err := tx.r.PutPermission(store.Permission(p)); err != nil {
		return err
	}
	return tx.log(Change{Action: "ModifyPermission", Subject: p.Name, SubjectID: p.ID}, old, p)
}

// DeletePermission deletes a permission with its grants. Grants of patterns
// stay. A predicate that names the permission is met by nobody from then on,
// under Not too.
func (tx *Tx) DeletePermission(name string) error {
	p, err := tx.permission(name)
	if err := tx.writable(err); err != nil {
		return err
	}
	delete(tx.permissionIDs, p.ID)
	return tx.write(tx.protect,
		func() error { return tx.endPermissionGrants(p) },
		func() error { return tx.r.DeletePermission(p.ID) },
		func() error {
			return tx.log(Change{Action: "DeletePermission", Subject: p.Name, SubjectID: p.ID}, p, nil)
		})
}

// endPermissionGrants deletes all grants of a permission by name, and logs each.
func (tx *Tx) endPermissionGrants(p Permission) error {
	grants, err := tx.r.Grants(store.GrantFilter{Permission: p.Name})
	if err != nil {
		return err
	}
	for _, grant := range grants {
		g, err := tx.r.Group(store.GroupKey{ID: grant.Group})
		if err != nil {
			return err
		}
		if err := tx.deleteGrant(grant, g.Name); err != nil {
			return err
		}
	}
	return nil
}

// AddSection adds a section.
func (tx *Tx) AddSection(s Section) error {
	if err := tx.writable(errors.Join(checkSection(s), noHidden("section", s.Name, "Name", s.Name))); err != nil {
		return err
	}
	_, found := tx.r.Section(s.Name)
	if err := free(found, "section", s.Name, "Name"); err != nil {
		return err
	}
	if err := tx.r.PutSection(store.Section(s)); err != nil {
		return err
	}
	return tx.log(Change{Action: "AddSection", Subject: s.Name}, nil, s)
}

// checkSection checks the fields of a section, except for hidden characters.
func checkSection(s Section) error {
	return errors.Join(validName("section", "Name", s.Name), validText("section", s.Name, "Title", s.Title))
}

// ModifySection replaces the title and the position of the section with the
// name of s.
func (tx *Tx) ModifySection(s Section) error {
	if err := tx.writable(checkSection(s)); err != nil {
		return err
	}
	old, err := tx.section(s.Name)
	if err != nil || s == old {
		return err
	}
	if err := tx.r.PutSection(store.Section(s)); err != nil {
		return err
	}
	return tx.log(Change{Action: "ModifySection", Subject: s.Name}, old, s)
}

// DeleteSection deletes a section. Its permissions are then in no section.
func (tx *Tx) DeleteSection(name string) error {
	s, err := tx.section(name)
	if err := tx.writable(err); err != nil {
		return err
	}
	return tx.write(
		func() error { return tx.clearSection(name) },
		func() error { return tx.r.DeleteSection(name) },
		func() error { return tx.log(Change{Action: "DeleteSection", Subject: name}, s, nil) })
}

// clearSection removes all permissions from a section.
func (tx *Tx) clearSection(name string) error {
	permissions, err := tx.Permissions()
	if err != nil {
		return err
	}
	for _, p := range permissions {
		if p.Section != name {
			continue
		}
		p.Section = ""
		if err := tx.ModifyPermission(p); err != nil {
			return err
		}
	}
	return nil
}
