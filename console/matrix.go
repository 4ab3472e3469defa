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
	matrixPermissions = 100
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

// matrixCell says whether a group has a permission.
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
	columns := make([]matrixColumn, len(groups))
	for i, g := range groups {
		d.Groups = append(d.Groups, g.Name)
		if columns[i], err = h.column(tx, g.Name, permissions); err != nil {
			return err
		}
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
			row := matrixRow{Permission: p}
			for i, g := range groups {
				cell := columns[i].cell(g.Name, p.Name)
				if cell.Has && cell.Through == "" {
					d.Granted = append(d.Granted, cell.Key)
				}
				row.Cells = append(row.Cells, cell)
			}
			rows.Rows = append(rows.Rows, row)
		}
		if len(rows.Rows) > 0 {
			d.Sections = append(d.Sections, rows)
		}
	}
	return nil
}

// matrixColumn is what a group gives: by grants of its own, and with the groups
// of the grants.
type matrixColumn struct {
	own     giver
	through map[string]string
}

func (h hierarchy) column(tx *rbac.Tx, group string, permissions []rbac.Permission) (c matrixColumn, err error) {
	if c.through, err = h.through(tx, group, permissions); err != nil {
		return c, err
	}
	c.own, err = h.grants(tx, group)
	return c, err
}

// cell returns the cell of a permission. A cell is locked if a pattern or an
// inherited group gives the permission and there is no grant of its own to
// revoke.
func (c matrixColumn) cell(group, permission string) matrixCell {
	through, has := c.through[permission]
	cell := matrixCell{Group: group, Key: cellKey(group, permission), Has: has, Through: through}
	if grant := c.own.grant(permission); grant == permission {
		cell.Through = ""
	} else if grant != "" {
		cell.Through = grant
	}
	return cell
}

// saveMatrix stages the cells that differ from those that the page had.
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
