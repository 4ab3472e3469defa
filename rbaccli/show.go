package rbaccli

import (
	"slices"
	"strings"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/internal/names"
)

// showVerb is the verb show.
type showVerb struct {
	Groups  []string `arg:"" optional:"" name:"group" help:"Only these groups. Without any: all groups."`
	Section string   `placeholder:"SECTION" help:"Only the permissions of this section."`
}

func (showVerb) Help() string {
	return `Print a table of permissions and groups. "x" is a grant of the group itself, "*" a grant of a pattern, and "+" a permission of an inherited group.

The formats json, yaml and csv have a row for each permission of a group.`
}

// right is a permission of a group.
type right struct {
	Group      string `json:"group"`
	Permission string `json:"permission"`
	Section    string `json:"section"`
	How        string `json:"how"` // granted, pattern or inherited
}

var marks = map[string]string{"granted": "x", "pattern": "*", "inherited": "+"}

func (v *showVerb) Run(c *call) error {
	m, err := read(c, func(tx *rbac.Tx) (m matrix, err error) {
		if m.groups, err = v.groups(tx); err != nil {
			return m, err
		}
		if m.permissions, err = permissionsOf(tx, v.Section); err != nil {
			return m, err
		}
		for _, g := range m.groups {
			rights, err := groupRights(tx, g)
			if err != nil {
				return m, err
			}
			m.rights = append(m.rights, rights...)
		}
		return m, nil
	})
	if err != nil {
		return err
	}
	if v.Section != "" {
		m.rights = slices.DeleteFunc(m.rights, func(r right) bool { return r.Section != v.Section })
	}
	if c.Output != "table" {
		return c.printRows(m.rights)
	}
	if len(m.groups) == 0 || len(m.permissions) == 0 {
		c.note("There are no groups or no permissions to show.")
		return nil
	}
	return m.print(c)
}

func (v *showVerb) groups(tx *rbac.Tx) ([]string, error) {
	if len(v.Groups) > 0 {
		for _, name := range v.Groups {
			if _, err := tx.Group(name); err != nil {
				return nil, err
			}
		}
		return v.Groups, nil
	}
	return groupNames(tx)
}

// permissionsOf lists the permissions of a section, or all.
func permissionsOf(tx *rbac.Tx, section string) ([]rbac.Permission, error) {
	all, err := tx.Permissions()
	if err != nil || section == "" {
		return all, err
	}
	of := slices.DeleteFunc(all, func(p rbac.Permission) bool { return p.Section != section })
	if len(of) == 0 {
		return nil, &rbac.Error{Kind: rbac.ErrNotFound, Record: "section", Name: section, Reason: "no permission is in it"}
	}
	return of, nil
}

// groupRights lists the permissions of a group, and how the group has them.
func groupRights(tx *rbac.Tx, group string) ([]right, error) {
	all, err := tx.GroupPermissions(group)
	if err != nil {
		return nil, err
	}
	grants, err := tx.Grants(group)
	if err != nil {
		return nil, err
	}
	rights := make([]right, 0, len(all))
	for _, p := range all {
		rights = append(rights, right{group, p.Name, p.Section, howGranted(grants, p.Name)})
	}
	return rights, nil
}

func howGranted(grants []rbac.Grant, permission string) string {
	how := "inherited"
	for _, g := range grants {
		switch {
		case g.Permission == permission:
			return "granted"
		case names.IsPattern(g.Permission) && slices.Contains(names.Covering(permission), g.Permission):
			how = "pattern"
		}
	}
	return how
}

// matrix is the table of permissions, as rows, and groups, as columns.
type matrix struct {
	groups      []string
	permissions []rbac.Permission
	rights      []right
}

func (m matrix) print(c *call) error {
	cells := map[[2]string]string{}
	for _, r := range m.rights {
		cells[[2]string{r.Group, r.Permission}] = marks[r.How]
	}
	slices.SortStableFunc(m.permissions, func(a, b rbac.Permission) int { return strings.Compare(a.Section, b.Section) })
	var rows [][]string
	for _, p := range m.permissions {
		row := []string{printable(p.Name)}
		for _, g := range m.groups {
			row = append(row, cells[[2]string{g, p.Name}])
		}
		rows = append(rows, row)
	}
	return c.grid(append([]string{"PERMISSION"}, mapped(m.groups, printable)...), rows)
}
