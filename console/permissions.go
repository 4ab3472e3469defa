package console

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/rbac-go/rbac"
)

// permissionsData is the data of the list of permissions.
type permissionsData struct {
	Sections []sectionRows
	All      []rbac.Section // for forms
	Search   string
	Pages    pager
	Declares bool // the program declares permissions
	Since    rbac.Revision
	found    []rbac.Permission
}

// sectionRows are the permissions of a section, in the section's order.
type sectionRows struct {
	Title string // empty: permissions without a section
	Rows  []permissionRow
}

type permissionRow struct {
	rbac.Permission
	Groups   []string // the first that have the permission
	More     int
	Declared bool
	BuiltIn  bool // not declared, and added by the program nevertheless
}

func (c *console) permissions(v *visit) error {
	d, err := read(v, func(tx *rbac.Tx, d *permissionsData) error {
		all, err := tx.Permissions()
		if err != nil {
			return err
		}
		d.Search, d.Since, d.Declares = v.query("q"), tx.Revision(), c.cfg.Catalogue != nil
		d.found = searchPermissions(all, d.Search)
		if v.query("format") == "csv" {
			return nil
		}
		return v.permissionSections(tx, d)
	})
	if err != nil {
		return err
	}
	if v.query("format") == "csv" {
		t := v.table("name", "title", "section", "description")
		return sendAll(t, "permissions", d.found, func(p rbac.Permission) { t.row(p.Name, p.Title, p.Section, p.Description) })
	}
	return v.show(http.StatusOK, "permissions", frame{Count: v.N("n permissions", len(d.found)), CSV: v.next("format", "csv"), Data: d})
}

func searchPermissions(list []rbac.Permission, text string) []rbac.Permission {
	text = strings.ToLower(text)
	return slices.DeleteFunc(slices.Clone(list), func(p rbac.Permission) bool {
		return !strings.Contains(strings.ToLower(p.Name), text) && !strings.Contains(strings.ToLower(p.Title), text)
	})
}

// permissionSections sorts the permissions into their sections, and reads the
// groups of those on the page.
func (v *visit) permissionSections(tx *rbac.Tx, d *permissionsData) error {
	sections, err := orderedSections(tx)
	if err != nil {
		return err
	}
	d.All = sections[:len(sections)-1]
	order := map[string]int{}
	for i, s := range sections {
		order[s.Name] = i
	}
	place := func(p rbac.Permission) int {
		if i, ok := order[p.Section]; ok {
			return i
		}
		return len(sections) - 1
	}
	list := slices.Clone(d.found)
	slices.SortStableFunc(list, func(a, b rbac.Permission) int {
		return cmp.Or(cmp.Compare(place(a), place(b)), cmp.Compare(a.Position, b.Position))
	})
	after := v.query("after")
	list = list[1+slices.IndexFunc(list, func(p rbac.Permission) bool { return p.Name == after }):]
	next := ""
	if len(list) > pageSize {
		list = list[:pageSize]
		next = v.next("after", list[pageSize-1].Name)
	}
	d.Pages = v.pager(next, "after")
	for i, p := range list {
		row, err := v.permissionRow(tx, p)
		if err != nil {
			return err
		}
		if s := sections[place(p)]; i == 0 || place(list[i-1]) != place(p) {
			d.Sections = append(d.Sections, sectionRows{Title: cmp.Or(s.Title, s.Name)})
		}
		last := &d.Sections[len(d.Sections)-1]
		last.Rows = append(last.Rows, row)
	}
	return nil
}

func (v *visit) permissionRow(tx *rbac.Tx, p rbac.Permission) (permissionRow, error) {
	row := permissionRow{Permission: p, Declared: v.c.declares(p.Name), BuiltIn: v.c.isBuiltIn(p.Name)}
	groups, err := tx.PermissionGroups(p.Name)
	for _, g := range groups[:min(len(groups), 3)] {
		row.Groups = append(row.Groups, g.Name)
	}
	row.More = len(groups) - len(row.Groups)
	return row, err
}

// declares reports whether the program declares a permission.
func (c *console) declares(permission string) bool {
	return c.cfg.Catalogue != nil && slices.ContainsFunc(c.cfg.Catalogue.Permissions, func(p rbac.Permission) bool { return p.Name == permission })
}

// isBuiltIn reports whether a permission is that of administrators, which
// [rbac.Open] adds, and no declaration of the program has it.
func (c *console) isBuiltIn(permission string) bool {
	return permission == c.auth.Config().Administer && !c.declares(permission)
}

// permissionData is the data of the page of a permission.
type permissionData struct {
	rbac.Permission
	Since    rbac.Revision
	Declares bool // the program declares permissions
	Declared bool
	BuiltIn  bool // not declared, and added by the program nevertheless
	Sections []rbac.Section
	Groups   part[rbac.Group]
	Users    []userRow // with the memberships that give the permission
	More     bool
	Changes  []rbac.Change
}

func (c *console) permission(v *visit) error {
	d, err := read(v, func(tx *rbac.Tx, d *permissionData) (err error) {
		if d.Permission, err = tx.Permission(v.query("name")); err != nil {
			return err
		}
		d.Since, d.Declares, d.Declared = tx.Revision(), c.cfg.Catalogue != nil, c.declares(d.Name)
		d.BuiltIn = c.isBuiltIn(d.Name)
		if d.Sections, err = tx.Sections(); err != nil {
			return err
		}
		groups, err := tx.PermissionGroups(d.Name)
		if err != nil {
			return err
		}
		d.Groups = partOf(v, groups, "groups")
		if err := v.holders(tx, d, groups); err != nil {
			return err
		}
		d.Changes, err = lastChanges(tx, d.Name)
		return err
	})
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "permission", frame{
		Title: d.Name, Parents: []crumb{{v.T("permissions"), "permissions"}}, Data: d,
	})
}

// holders reads the first users who have a permission, with the memberships
// that give the permission.
func (v *visit) holders(tx *rbac.Tx, d *permissionData, groups []rbac.Group) error {
	gives := map[string]bool{}
	for _, g := range groups {
		gives[g.Name] = true
	}
	rows, err := v.userRows(tx, rbac.UserQuery{Permission: d.Name, Limit: pageSize + 1}, rightWays, func(m rbac.Membership) bool { return gives[m.Group] })
	d.More = len(rows) > pageSize
	d.Users = rows[:min(len(rows), pageSize)]
	return err
}

// modifyPermission changes the texts and the section of a permission.
func modifyPermission(tx *rbac.Tx, e edit) error {
	p, err := tx.Permission(e.get("permission"))
	if err != nil {
		return err
	}
	if p.Position, err = e.number("position"); err != nil {
		return err
	}
	p.Title, p.Description, p.Section = e.get("title"), e.get("description"), e.get("section")
	return tx.ModifyPermission(p)
}

// section returns the section of an edit.
func (e edit) section() (rbac.Section, error) {
	n, err := e.number("position")
	return rbac.Section{Name: e.get("section"), Title: e.get("title"), Position: n}, err
}

// number returns a field with a number. An empty field is 0.
func (e edit) number(name string) (int, error) {
	if e.get(name) == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(e.get(name))
	if err != nil {
		return 0, &rbac.Error{Kind: rbac.ErrInvalid, Record: name, Name: e.get(name), Field: name, Reason: "no number"}
	}
	return n, nil
}
