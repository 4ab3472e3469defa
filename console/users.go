package console

import (
	"bytes"
	"net/http"
	"slices"
	"strconv"

	"github.com/rbac-go/rbac"
)

// usersData is the data of the list of users.
type usersData struct {
	Query   usersQuery
	Rows    []userRow
	Pages   pager
	Groups  []rbac.Group
	Scopes  []string // offered to delegates, who see no others
	Since   rbac.Revision
	Filters bool // a filter is set
	count   int
}

// userRow is a user with the memberships that count now.
type userRow struct {
	rbac.User
	Memberships []rbac.Membership
	More        bool // the user has other memberships
}

// usersQuery is the filter of the list, as in the address.
type usersQuery struct{ Search, Group, Scope, Permission, State, Login string }

func (v *visit) usersQuery() usersQuery {
	return usersQuery{
		Search: v.query("q"), Group: v.query("group"), Scope: v.r.URL.Query().Get("scope"),
		Permission: v.query("permission"), State: v.query("state"), Login: v.query("login"),
	}
}

// filter returns the query of the store. Delegates of scopes see the members of
// one scope at a time, and by group only the direct members: a group that
// inherits the group may be hidden. Only administrators see the holders of a
// permission.
func (v *visit) filter(tx *rbac.Tx, q *usersQuery) (rbac.UserQuery, error) {
	if err := v.readScope(tx, q.Scope); err != nil {
		return rbac.UserQuery{}, err
	}
	if !v.access.admin {
		q.Scope, q.Permission = v.scope, ""
		if q.Group != "" && !v.seesGroup(q.Group) {
			return rbac.UserQuery{}, rbac.ErrNotFound
		}
	}
	f := rbac.UserQuery{Search: q.Search, Group: q.Group, Direct: !v.access.admin, Scope: q.Scope, Permission: q.Permission, After: v.query("after")}
	switch q.State {
	case "enabled":
		f.State = rbac.EnabledUser
	case "disabled":
		f.State = rbac.DisabledUser
	}
	if days, err := strconv.Atoi(q.Login); err == nil && days > 0 && days <= 3650 {
		f.LastLoginBefore = v.now.AddDate(0, 0, -days)
	}
	return f, nil
}

func (c *console) users(v *visit) error {
	if v.query("format") == "csv" {
		return v.usersCSV()
	}
	d, err := read(v, func(tx *rbac.Tx, d *usersData) error {
		d.Query, d.Scopes = v.usersQuery(), v.access.scopes
		d.Filters = d.Query != usersQuery{}
		f, err := v.filter(tx, &d.Query)
		if err != nil {
			return err
		}
		d.Since = tx.Revision()
		if d.Groups, err = v.visibleGroups(tx); err != nil {
			return err
		}
		if d.count, err = countUsers(tx, f, maxCount); err != nil {
			return err
		}
		f.Limit = pageSize + 1
		if d.Rows, err = v.userRows(tx, f, inlineNames, v.seesMembership); err != nil {
			return err
		}
		next := ""
		if len(d.Rows) > pageSize {
			d.Rows = d.Rows[:pageSize]
			next = v.next("after", d.Rows[pageSize-1].Name)
		}
		d.Pages = v.pager(next, "after")
		return nil
	})
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "users", frame{Count: v.atMost("n users", d.count), CSV: v.next("format", "csv"), Data: d})
}

// next returns the address of this page with another parameter.
func (v *visit) next(name, value string) string {
	q := v.r.URL.Query()
	q.Del("done")
	q.Set(name, value)
	return link(v.page + "?" + q.Encode())
}

// atMost returns a count in words. Records beyond maxCount were not counted.
func (v *visit) atMost(key string, n int) string {
	if n > maxCount {
		return v.T(key, grouped(maxCount)+"+")
	}
	return v.N(key, n)
}

// countUsers counts users up to a bound, and returns one more if there are more.
func countUsers(tx *rbac.Tx, f rbac.UserQuery, most int) (n int, err error) {
	f.After, f.Limit = "", most+1
	for _, err := range tx.Users(f) {
		if err != nil {
			return 0, err
		}
		n++
	}
	return n, nil
}

// userRows reads users with the first memberships of each that count now and
// satisfy the function. The memberships of all users are read in one query. If
// a user has more than the number most, another query continues with the next
// user.
func (v *visit) userRows(tx *rbac.Tx, f rbac.UserQuery, most int, shown func(rbac.Membership) bool) ([]userRow, error) {
	users, err := collect(tx.Users(f))
	if err != nil {
		return nil, err
	}
	rows := make([]userRow, len(users))
	byName := map[string]*userRow{}
	for i, u := range users {
		rows[i].User = u
		byName[u.Name] = &rows[i]
	}
	slices.SortFunc(users, func(a, b rbac.User) int { return bytes.Compare(a.ID[:], b.ID[:]) }) // the order of Memberships
	for len(users) > 0 {
		full := ""
		for m, err := range tx.Memberships(rbac.MembershipQuery{Users: users}) {
			if err != nil {
				return nil, err
			}
			if v.ended(m) || !shown(m) {
				continue
			}
			row := byName[m.User]
			if row.More = len(row.Memberships) == most; row.More {
				full = m.User
				break
			}
			row.Memberships = append(row.Memberships, m)
		}
		if full == "" {
			break
		}
		users = users[1+slices.IndexFunc(users, func(u rbac.User) bool { return u.Name == full }):]
	}
	for i := range rows {
		slices.SortFunc(rows[i].Memberships, byGroup)
	}
	return rows, nil
}

// visibleGroups returns the groups that the page offers. Delegates see the
// groups that they may assign.
func (v *visit) visibleGroups(tx *rbac.Tx) ([]rbac.Group, error) {
	if v.access.admin {
		return tx.Groups()
	}
	return v.groups, nil
}

func (v *visit) usersCSV() error {
	t := v.table("name", "display name", "e-mail", "state", "groups", "created", "last login")
	after := ""
	return t.pages("users", func(tx *rbac.Tx) (func(), error) {
		q := v.usersQuery()
		f, err := v.filter(tx, &q)
		if err != nil {
			return nil, err
		}
		f.After, f.Limit = after, maxPage
		rows, err := v.userRows(tx, f, maxRows, v.seesMembership)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			t.row(r.Name, r.DisplayName, r.Email, v.T(stateOf(r.User)), joinGroups(r.Memberships), csvTime(r.Created), csvTime(r.LastLogin))
		}
		if len(rows) < maxPage {
			return nil, nil
		}
		return func() { after = rows[len(rows)-1].Name }, nil
	})
}

func stateOf(u rbac.User) string {
	if u.Disabled {
		return "disabled"
	}
	return "enabled"
}

func joinGroups(list []rbac.Membership) string {
	text := ""
	for i, m := range list {
		if i > 0 {
			text += ", "
		}
		text += m.Group
		if m.Scope != "" {
			text += " (" + m.Scope + ")"
		}
	}
	return text
}
