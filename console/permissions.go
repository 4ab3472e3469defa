package console

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/rbac-go/rbac"
)

// permissionsData is the data of the list of permissions.
type permissionsData struct {
	Sections []sectionRows
	Search   string
}

// sectionRows are the permissions of a section, in the section's order.
type sectionRows struct {
	Title string // empty: permissions without a section
	Rows  []permissionRow
}

type permissionRow struct {
	rbac.Permission
	Groups []string // the first that have the permission
	More   int
}

func (c *console) permissions(v *visit) error {
	d := permissionsData{Search: v.query("q")}
	var list []rbac.Permission
	err := v.view(func(tx *rbac.Tx) (err error) {
		if list, err = tx.Permissions(); err != nil {
			return err
		}
		list = searchPermissions(list, d.Search)
		if v.query("format") == "csv" {
			return nil
		}
		return v.sections(tx, list, &d)
	})
	if err != nil {
		return err
	}
	if v.query("format") == "csv" {
		t := v.table("name", "title", "section", "description")
		for _, p := range list {
			t.row(p.Name, p.Title, p.Section, p.Description)
		}
		return t.send("permissions")
	}
	return v.show(http.StatusOK, "permissions", frame{Count: v.N("n permissions", len(list)), CSV: v.next("format", "csv"), Data: d})
}

func searchPermissions(list []rbac.Permission, text string) []rbac.Permission {
	text = strings.ToLower(text)
	return slices.DeleteFunc(slices.Clone(list), func(p rbac.Permission) bool {
		return !strings.Contains(strings.ToLower(p.Name), text) && !strings.Contains(strings.ToLower(p.Title), text)
	})
}

// maxPermissions bounds the permissions of a page: the search narrows them.
const maxPermissions = 200

// sections sorts permissions into their sections.
func (v *visit) sections(tx *rbac.Tx, list []rbac.Permission, d *permissionsData) error {
	sections, err := orderedSections(tx)
	if err != nil {
		return err
	}
	list = list[:min(len(list), maxPermissions)]
	for _, s := range sections {
		rows := sectionRows{Title: cmp.Or(s.Title, s.Name)}
		for _, p := range list {
			if p.Section != s.Name {
				continue
			}
			row := permissionRow{Permission: p}
			groups, err := tx.PermissionGroups(p.Name)
			if err != nil {
				return err
			}
			for _, g := range groups[:min(len(groups), 3)] {
				row.Groups = append(row.Groups, g.Name)
			}
			row.More = len(groups) - len(row.Groups)
			rows.Rows = append(rows.Rows, row)
		}
		if len(rows.Rows) > 0 {
			slices.SortStableFunc(rows.Rows, func(a, b permissionRow) int { return cmp.Compare(a.Position, b.Position) })
			d.Sections = append(d.Sections, rows)
		}
	}
	return nil
}

// permissionData is the data of the page of a permission.
type permissionData struct {
	rbac.Permission
	Groups  []rbac.Group
	Users   []rbac.User
	More    bool
	Changes []rbac.Change
}

func (c *console) permission(v *visit) error {
	var d permissionData
	err := v.view(func(tx *rbac.Tx) (err error) {
		if d.Permission, err = tx.Permission(v.query("name")); err != nil {
			return err
		}
		if d.Groups, err = tx.PermissionGroups(d.Name); err != nil {
			return err
		}
		for u, err := range tx.Users(rbac.UserQuery{Permission: d.Name, Limit: pageSize + 1}) {
			if err != nil {
				return err
			}
			if d.More = len(d.Users) == pageSize; d.More {
				break
			}
			d.Users = append(d.Users, u)
		}
		for c, err := range tx.Changes(rbac.ChangeQuery{Subject: d.Name, Newest: true, Limit: shownRows}) {
			if err != nil {
				return err
			}
			d.Changes = append(d.Changes, c)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "permission", frame{
		Title: d.Name, Parents: []crumb{{v.T("permissions"), "permissions"}}, Data: d,
	})
}
