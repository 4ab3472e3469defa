package console

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/rbac-go/rbac"
)

const (
	matrixGroups      = 12
	matrixPermissions = 50
)

// matrixData is the data of the page of groups × permissions.
type matrixData struct {
	Search, GroupSearch string
	Groups              []string
	MoreGroups          bool
	Sections            []matrixSection
	MorePermissions     bool
	Since               rbac.Revision
	Granted             []string // the cells that can be revoked here
}

type matrixSection struct {
	Title string
	Rows  []matrixRow
}

type matrixRow struct {
	rbac.Permission
	Cells []matrixCell
}

// matrixCell states whether a group has a permission.
type matrixCell struct {
	Group   string
	Key     string // the value of the box
	Has     bool
	Through string // why the cell is locked: a pattern, or the group that is inherited; empty: it is not
}

// cellKey names a cell in a form.
func cellKey(group, permission string) string {
	return url.Values{"group": {group}, "permission": {permission}}.Encode()
}

func (c *console) matrix(v *visit) error {
	d, err := read(v, func(tx *rbac.Tx, d *matrixData) error {
		d.Search, d.GroupSearch, d.Since = v.query("q"), v.query("g"), tx.Revision()
		groups, err := tx.Groups()
		if err != nil {
			return err
		}
		groups = searchGroups(groups, d.GroupSearch)
		d.MoreGroups = len(groups) > matrixGroups
		permissions, err := tx.Permissions()
		if err != nil {
			return err
		}
		permissions = searchPermissions(permissions, d.Search)
		d.MorePermissions = len(permissions) > matrixPermissions
		return v.cells(tx, groups[:min(len(groups), matrixGroups)], permissions[:min(len(permissions), matrixPermissions)], d)
	})
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "matrix", frame{Data: d})
}

// cells fills the matrix.
func (v *visit) cells(tx *rbac.Tx, groups []rbac.Group, permissions []rbac.Permission, d *matrixData) error {
	h, err := readHierarchy(tx)
	if err != nil {
		return err
	}
	for _, g := range groups {
		d.Groups = append(d.Groups, g.Name)
	}
	sections, err := orderedSections(tx)
	if err != nil {
		return err
	}
	for _, s := range sections {
		rows := matrixSection{Title: cmp.Or(s.Title, s.Name)}
		for _, p := range permissions {
			if p.Section != s.Name {
				continue
			}
			row, err := h.matrixRow(tx, d.Groups, p)
			if err != nil {
				return err
			}
			for _, cell := range row.Cells {
				if cell.Has && cell.Through == "" {
					d.Granted = append(d.Granted, cell.Key)
				}
			}
			rows.Rows = append(rows.Rows, row)
		}
		if len(rows.Rows) > 0 {
			d.Sections = append(d.Sections, rows)
		}
	}
	return nil
}

// matrixRow returns the cells of a permission. A cell is locked if a pattern or
// an inherited group gives the permission, and the group has no grant of the
// permission that could be revoked.
//
// A group at the top can inherit thousands of groups. So the inheritance is
// followed only among the groups that have the permission.
func (h hierarchy) matrixRow(tx *rbac.Tx, groups []string, p rbac.Permission) (matrixRow, error) {
	row := matrixRow{Permission: p}
	having, err := tx.PermissionGroups(p.Name)
	if err != nil {
		return row, err
	}
	among := map[string]bool{}
	for _, g := range having {
		among[g.Name] = true
	}
	for _, g := range groups {
		cell := matrixCell{Group: g, Key: cellKey(g, p.Name), Has: among[g]}
		if cell.Has {
			if cell.Through, err = h.nearest(tx, g, p.Name, among); err != nil {
				return row, err
			}
		}
		row.Cells = append(row.Cells, cell)
	}
	return row, nil
}

// saveMatrix stages the cells that differ from the cells that the page had.
func (c *console) saveMatrix(v *visit) error {
	since, err := parseRevision(v.form("since"))
	if err != nil {
		return err
	}
	form := v.r.PostForm
	var edits []edit
	add := func(do string, cells, others []string) error {
		skip := map[string]bool{}
		for _, key := range others {
			skip[key] = true
		}
		for _, key := range cells {
			if skip[key] {
				continue
			}
			cell, err := url.ParseQuery(key)
			if err != nil || !cell.Has("group") || !cell.Has("permission") {
				return fmt.Errorf("%w: no cell", rbac.ErrInvalid)
			}
			edits = append(edits, makeEdit(do, "group", cell.Get("group"), "permission", cell.Get("permission")))
		}
		return nil
	}
	err = cmp.Or(add("grant", form["cell"], form["granted"]), add("revoke", form["granted"], form["cell"]))
	switch {
	case err != nil:
		return err
	case len(edits) == 0:
		v.redirect(v.back())
		return nil
	case len(edits) > maxEdits:
		return errMany
	}
	return v.stage(http.StatusOK, edits, since, nil)
}

// orderedSections returns the sections in their order, and last the section of
// permissions that have none.
func orderedSections(tx *rbac.Tx) ([]rbac.Section, error) {
	sections, err := tx.Sections()
	slices.SortStableFunc(sections, func(a, b rbac.Section) int {
		return cmp.Or(cmp.Compare(a.Position, b.Position), cmp.Compare(a.Name, b.Name))
	})
	return append(sections, rbac.Section{}), err
}
