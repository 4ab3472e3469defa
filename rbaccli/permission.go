package rbaccli

import (
	"errors"

	"github.com/rbac-go/rbac"
)

// permissionVerbs are the verbs for permissions.
type permissionVerbs struct {
	List   permissionList   `cmd:"" help:"List permissions."`
	Show   permissionShow   `cmd:"" help:"Show a permission and the groups that have it."`
	Add    permissionAdd    `cmd:"" help:"Add a permission."`
	Change permissionChange `cmd:"" help:"Change the texts of a permission."`
	Remove permissionRemove `cmd:"" help:"Remove a permission, with its grants."`
}

// permissionRow is a permission in the output.
type permissionRow struct {
	Name        string `json:"name"`
	Title       string `json:"title"`
	Section     string `json:"section"`
	Description string `json:"description"`
	Position    int    `json:"position" table:"-"`
	Created     moment `json:"created" table:"-"`
	ID          string `json:"id" table:"-"`
}

func newPermissionRow(p rbac.Permission) permissionRow {
	return permissionRow{p.Name, p.Title, p.Section, p.Description, p.Position, moment(p.Created), p.ID.String()}
}

type permissionList struct {
	Section string `placeholder:"SECTION" help:"Only the permissions of this section."`
}

func (v *permissionList) Run(c *call) error {
	return list(c, func(tx *rbac.Tx) ([]permissionRow, error) {
		permissions, err := permissionsOf(tx, v.Section)
		return mapped(permissions, newPermissionRow), err
	})
}

type permissionShow struct {
	Name string `arg:"" help:"The name of the permission."`
}

// permissionRecord is a permission with the groups that have it.
type permissionRecord struct {
	Name        string   `json:"name"`
	Title       string   `json:"title"`
	Section     string   `json:"section"`
	Description string   `json:"description"`
	Position    int      `json:"position"`
	Created     moment   `json:"created"`
	ID          string   `json:"id"`
	Groups      []string `json:"groups"`
}

func (v *permissionShow) Run(c *call) error {
	return show(c, func(tx *rbac.Tx) (r permissionRecord, err error) {
		p, err := tx.Permission(v.Name)
		if err != nil {
			return r, err
		}
		groups, err := tx.PermissionGroups(p.Name)
		names := mapped(groups, func(g rbac.Group) string { return g.Name })
		return permissionRecord{p.Name, p.Title, p.Section, p.Description, p.Position, moment(p.Created), p.ID.String(), names}, err
	})
}

type permissionFields struct {
	Title       *string `placeholder:"TEXT" help:"The name for people."`
	Description *string `placeholder:"TEXT" help:"What the permission allows."`
	Section     *string `placeholder:"SECTION" help:"The heading under which the permission is listed. A new section is added."`
	Position    *int    `placeholder:"N" help:"The place in the section."`
}

// set sets the fields, and adds the section if it is new.
func (f permissionFields) set(tx *rbac.Tx, p *rbac.Permission) error {
	setTo(&p.Title, f.Title)
	setTo(&p.Description, f.Description)
	setTo(&p.Section, f.Section)
	setTo(&p.Position, f.Position)
	if f.Section == nil || *f.Section == "" {
		return nil
	}
	if err := tx.AddSection(rbac.Section{Name: *f.Section}); err != nil && !errors.Is(err, rbac.ErrExists) {
		return err
	}
	return nil
}

type permissionAdd struct {
	Name string `arg:"" help:"The name of the permission, as programs write it. The name never changes."`
	permissionFields
	change
}

func (v *permissionAdd) Run(c *call) error {
	return v.apply(c, func(tx *rbac.Tx) error {
		p := rbac.Permission{Name: v.Name}
		if err := v.set(tx, &p); err != nil {
			return err
		}
		_, err := tx.AddPermission(p)
		return err
	})
}

type permissionChange struct {
	Name string `arg:"" help:"The name of the permission."`
	permissionFields
	change
}

func (v *permissionChange) Run(c *call) error {
	return v.apply(c, func(tx *rbac.Tx) error {
		p, err := tx.Permission(v.Name)
		if err != nil {
			return err
		}
		if err := v.set(tx, &p); err != nil {
			return err
		}
		return tx.ModifyPermission(p)
	})
}

type permissionRemove struct {
	Name string `arg:"" help:"The name of the permission."`
	change
}

func (v *permissionRemove) Run(c *call) error {
	return v.apply(c, func(tx *rbac.Tx) error { return tx.DeletePermission(v.Name) })
}
