package console

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/internal/names"
)

// groupsData is the data of the list of groups.
type groupsData struct {
	Rows   []groupRow
	Search string
	Pages  pager
	found  []rbac.Group
}

type groupRow struct {
	rbac.Group
	Members int // up to fewMembers, and one more
	Grants  int
	Below   []string // the groups that it inherits itself
}

func (c *console) groups(v *visit) error {
	d, err := read(v, func(tx *rbac.Tx, d *groupsData) error {
		if err := v.readScope(tx, v.r.URL.Query().Get("scope")); err != nil {
			return err
		}
		all, err := v.visibleGroups(tx)
		if err != nil {
			return err
		}
		d.Search = v.query("q")
		d.found = searchGroups(all, d.Search)
		if v.query("format") == "csv" {
			return nil
		}
		after := v.query("after")
		rows := slices.DeleteFunc(slices.Clone(d.found), func(g rbac.Group) bool { return g.Name <= after && after != "" })
		next := ""
		if len(rows) > pageSize {
			rows = rows[:pageSize]
			next = v.next("after", rows[pageSize-1].Name)
		}
		d.Pages = v.pager(next, "after")
		h, err := readHierarchy(tx)
		if err != nil {
			return err
		}
		for _, g := range rows {
			row := groupRow{Group: g, Below: v.shown(h.juniors[g.Name])}
			if row.Members, err = v.countMembers(tx, g.Name, fewMembers); err != nil {
				return err
			}
			grants, err := tx.Grants(g.Name)
			if err != nil {
				return err
			}
			row.Grants = len(grants)
			d.Rows = append(d.Rows, row)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if v.query("format") == "csv" {
		t := v.table("name", "display name", "note", "created")
		return sendAll(t, "groups", d.found, func(g rbac.Group) { t.row(g.Name, g.DisplayName, g.Note, csvTime(g.Created)) })
	}
	return v.show(http.StatusOK, "groups", frame{Count: v.N("n groups", len(d.found)), CSV: v.next("format", "csv"), Data: d})
}

func searchGroups(list []rbac.Group, text string) []rbac.Group {
	if text == "" {
		return list
	}
	text = strings.ToLower(text)
	return slices.DeleteFunc(slices.Clone(list), func(g rbac.Group) bool {
		return !strings.Contains(strings.ToLower(g.Name), text) && !strings.Contains(strings.ToLower(g.DisplayName), text)
	})
}

// fewMembers bounds the members that are counted for each group of a list.
const fewMembers = 25

// countMembers counts the members of a group that the person may see, up to a
// bound and one more. See filter.
func (v *visit) countMembers(tx *rbac.Tx, group string, most int) (int, error) {
	return countUsers(tx, rbac.UserQuery{Group: group, Direct: !v.access.admin, Scope: v.scope}, most)
}

// shown returns the groups that are shown.
func (v *visit) shown(groups []string) []string {
	return slices.DeleteFunc(slices.Clone(groups), func(g string) bool { return !v.seesGroup(g) })
}

// groupData is the data of the page of a group.
type groupData struct {
	rbac.Group
	Since       rbac.Revision
	Members     []rbac.Membership
	Pages       pager // of Members
	Gives       part[givenRow]
	Unread      int               // inherited groups whose grants are not listed
	Other       []rbac.Permission // that can be granted
	Tree        *treeNode
	TreeCut     bool         // the tree lacks groups
	Juniors     part[string] // that the group inherits itself
	All         []rbac.Group // that a delegation can name
	Others      []rbac.Group // that can be inherited
	Seniors     part[string]
	Delegation  *rbac.Delegation
	Static      part[rbac.SeparationSet]
	Dynamic     part[rbac.SeparationSet]
	Changes     []rbac.Change
	MemberCount int
	Scopes      []string // offered to delegates, who see no others
}

// Assign returns the groups that members may give by the delegation.
func (d groupData) Assign() []string {
	if d.Delegation == nil {
		return nil
	}
	return d.Delegation.Assign
}

// grantRow is a grant with the permissions that it gives now.
type grantRow struct {
	rbac.Grant
	Title   string
	Pattern bool
	Gives   []rbac.Permission // the first
	More    int
}

// givenRow is a permission that the group gives: by a grant of its own, or by
// the grant of another group.
type givenRow struct {
	Own       *grantRow
	Inherited *rbac.Permission
	Through   string // the other group; empty: it is not shown
}

// treeNode is a group in the tree of inheritance.
type treeNode struct {
	Name  string
	Below []*treeNode
	Again bool // drawn already
}

func (c *console) group(v *visit) error {
	d, err := read(v, func(tx *rbac.Tx, d *groupData) (err error) {
		d.Since = tx.Revision()
		if err := v.readScope(tx, v.r.URL.Query().Get("scope")); err != nil {
			return err
		}
		d.Scopes = v.access.scopes
		if !v.seesGroup(v.query("name")) {
			return rbac.ErrNotFound
		}
		if d.Group, err = tx.Group(v.query("name")); err != nil {
			return err
		}
		if d.MemberCount, err = v.countMembers(tx, d.Name, maxCount); err != nil {
			return err
		}
		if err := v.members(tx, d); err != nil {
			return err
		}
		h, err := readHierarchy(tx)
		if err != nil {
			return err
		}
		if err := v.grants(tx, h, d); err != nil {
			return err
		}
		if !v.access.admin {
			return nil
		}
		if d.All, err = tx.Groups(); err != nil {
			return err
		}
		d.Others = slices.DeleteFunc(slices.Clone(d.All), func(g rbac.Group) bool { return g.Name == d.Name })
		return v.groupDetails(tx, h, d)
	})
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "group", frame{
		Title: d.Name, Parents: []crumb{{v.T("groups"), "groups"}}, Count: v.atMost("n members", d.MemberCount), Data: d,
	})
}

// members reads a page of the direct memberships of the group. Delegates do not
// see memberships that have ended, since their users may be hidden.
func (v *visit) members(tx *rbac.Tx, d *groupData) error {
	q := rbac.MembershipQuery{Group: d.Name}
	if v.scope != "" {
		q.Scopes = []string{v.scope}
	}
	if after := v.query("after"); after != "" {
		if err := v.access.seesUser(tx, after); err != nil {
			return err
		}
		q.After = rbac.Membership{User: after, Group: d.Name, Scope: v.query("after_scope")}
	}
	for m, err := range tx.Memberships(q) {
		if err != nil {
			return err
		}
		if v.access.admin || !v.ended(m) {
			d.Members = append(d.Members, m)
		}
		if len(d.Members) > pageSize {
			break
		}
	}
	next := ""
	if len(d.Members) > pageSize {
		d.Members = d.Members[:pageSize]
		last := d.Members[pageSize-1]
		next = address("group", "name", d.Name, "scope", v.scope, "after", last.User, "after_scope", last.Scope) + "#members"
	}
	d.Pages = v.pager(next, "after", "after_scope")
	return nil
}

// grants reads the permissions that the group gives, by its own grants and by
// inheritance.
func (v *visit) grants(tx *rbac.Tx, h hierarchy, d *groupData) error {
	own, err1 := tx.Grants(d.Name)
	all, err2 := tx.Permissions()
	from, unread, err3 := h.through(tx, d.Name, all)
	if err := cmp.Or(err1, err2, err3); err != nil {
		return err
	}
	d.Unread = unread
	granted, err := h.grants(tx, d.Name)
	if err != nil {
		return err
	}
	var rows []givenRow
	for _, g := range own {
		rows = append(rows, givenRow{Own: &grantRow{Grant: g}})
	}
	for i, p := range all {
		if through := from[p.Name]; through != "" {
			rows = append(rows, givenRow{Inherited: &all[i], Through: through})
		}
		if !granted.names[p.Name] && len(d.Other) < maxListed {
			d.Other = append(d.Other, p)
		}
	}
	d.Gives = partOf(v, rows, "gives")
	for i := range d.Gives.Rows {
		row := &d.Gives.Rows[i]
		if row.Own != nil {
			row.Own = newGrantRow(row.Own.Grant, all)
		}
		if !v.seesGroup(row.Through) {
			row.Through = ""
		}
	}
	return nil
}

// newGrantRow returns a grant with the first permissions that it gives now.
func newGrantRow(g rbac.Grant, all []rbac.Permission) *grantRow {
	row := &grantRow{Grant: g, Pattern: names.IsPattern(g.Permission)}
	for _, p := range all {
		switch {
		case !names.Matches(g.Permission, p.Name):
		case !row.Pattern:
			row.Title = p.Title
		case len(row.Gives) < inlineNames:
			row.Gives = append(row.Gives, p)
		default:
			row.More++
		}
	}
	return row
}

// groupDetails reads the parts of the page that only administrators see.
func (v *visit) groupDetails(tx *rbac.Tx, h hierarchy, d *groupData) error {
	drawn := map[string]bool{}
	d.Tree = h.tree(d.Name, drawn)
	d.TreeCut = len(drawn) == maxTree
	d.Juniors, d.Seniors = partOf(v, h.juniors[d.Name], "juniors"), partOf(v, h.seniors[d.Name], "seniors")
	delegations, err := tx.Delegations()
	if err != nil {
		return err
	}
	if i := slices.IndexFunc(delegations, func(x rbac.Delegation) bool { return x.Group == d.Name }); i >= 0 {
		d.Delegation = &delegations[i]
	}
	static, err1 := tx.SSDSets()
	dynamic, err2 := tx.DSDSets()
	if err := cmp.Or(err1, err2); err != nil {
		return err
	}
	without := func(s rbac.SeparationSet) bool { return !slices.Contains(s.Groups, d.Name) }
	d.Static, d.Dynamic = partOf(v, slices.DeleteFunc(static, without), "static"), partOf(v, slices.DeleteFunc(dynamic, without), "dynamic")
	d.Changes, err = lastChanges(tx, d.Name)
	return err
}

// maxTree bounds the groups of a tree that is drawn.
const maxTree = 200

// tree returns a group with the groups that it inherits. A group that has been
// drawn before is drawn without its branches.
func (h hierarchy) tree(group string, drawn map[string]bool) *treeNode {
	n := &treeNode{Name: group, Again: drawn[group]}
	if n.Again || len(drawn) == maxTree {
		return n
	}
	drawn[group] = true
	for _, junior := range h.juniors[group] {
		if len(drawn) >= maxTree {
			break
		}
		n.Below = append(n.Below, h.tree(junior, drawn))
	}
	return n
}
