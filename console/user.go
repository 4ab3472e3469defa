package console

import (
	"cmp"
	"net/http"
	"slices"

	"github.com/rbac-go/rbac"
)

// userData is the data of the page of a user.
type userData struct {
	rbac.User
	Since       rbac.Revision
	Manages     bool // the person may change the account
	HasPassword bool
	Memberships []rbac.Membership
	Scope       string       // in which a group is given
	Scopes      []string     // offered to delegates, who see no others
	Assign      []rbac.Group // that may be assigned in Scope
	May         map[string]bool
	Rights      []right
	Tickets     []rbac.Ticket
	Links       []rbac.IssuedLink
	Changes     []rbac.Change
}

// right is a permission of a user with the memberships that give it.
type right struct {
	rbac.Permission
	By []way
}

// way is a membership, and the group of the grant, that give a permission.
type way struct {
	Group, Scope string
	Through      string // the group that has the grant, unless Group itself
}

func byGroup(a, b rbac.Membership) int {
	return cmp.Or(cmp.Compare(a.Scope, b.Scope), cmp.Compare(a.Group, b.Group))
}

func (c *console) user(v *visit) error {
	var d userData
	err := v.view(func(tx *rbac.Tx) (err error) {
		if d.User, err = tx.User(v.query("name")); err != nil {
			return err
		}
		if ok, err := v.access.seesUser(tx, d.Name); err != nil || !ok {
			return cmp.Or(err, rbac.ErrNotFound)
		}
		d.Since, d.Manages = tx.Revision(), v.access.admin
		if err := v.userMemberships(tx, &d); err != nil {
			return err
		}
		if !v.access.admin {
			return nil
		}
		return v.userDetails(tx, &d)
	})
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "user", frame{
		Title: d.Name, Parents: []crumb{{v.T("users"), "users"}}, Data: d,
	})
}

// userMemberships reads the memberships that the person may see, and the groups
// that the person may assign.
func (v *visit) userMemberships(tx *rbac.Tx, d *userData) (err error) {
	d.Scope = v.query("scope")
	if !v.access.sees(d.Scope) {
		d.Scope = v.access.scopes[0]
	}
	d.Scopes, d.May = v.access.scopes, map[string]bool{}
	all, err := tx.AssignedGroups(d.Name)
	if err != nil {
		return err
	}
	may := map[string][]rbac.Group{}
	for _, m := range all {
		if !v.access.everywhere && !v.access.sees(m.Scope) {
			continue
		}
		d.Memberships = append(d.Memberships, m)
		if _, ok := may[m.Scope]; !ok {
			if may[m.Scope], err = tx.Assignable(v.id, m.Scope); err != nil {
				return err
			}
		}
		d.May[m.Scope+"\x00"+m.Group] = hasGroup(may[m.Scope], m.Group)
	}
	slices.SortFunc(d.Memberships, byGroup)
	d.Assign, err = tx.Assignable(v.id, d.Scope)
	return err
}

func hasGroup(list []rbac.Group, name string) bool {
	return slices.ContainsFunc(list, func(g rbac.Group) bool { return g.Name == name })
}

// MayChange reports whether the person may change a membership.
func (d userData) MayChange(m rbac.Membership) bool { return d.May[m.Scope+"\x00"+m.Group] }

// userDetails reads what administrators see.
func (v *visit) userDetails(tx *rbac.Tx, d *userData) (err error) {
	if d.HasPassword, err = tx.HasPassword(d.Name); err != nil {
		return err
	}
	if d.Rights, err = v.rights(tx, d.Memberships); err != nil {
		return err
	}
	for t, err := range tx.Tickets(rbac.TicketQuery{User: d.Name, Limit: pageSize}) {
		if err != nil {
			return err
		}
		d.Tickets = append(d.Tickets, t)
	}
	if d.Links, err = tx.Links(d.Name); err != nil {
		return err
	}
	for c, err := range tx.Changes(rbac.ChangeQuery{Subject: d.Name, Newest: true, Limit: shownRows}) {
		if err != nil {
			return err
		}
		d.Changes = append(d.Changes, c)
	}
	return nil
}

// rights returns the permissions of memberships that count now, each with every
// way that gives the permission.
func (v *visit) rights(tx *rbac.Tx, memberships []rbac.Membership) ([]right, error) {
	byName := map[string]*right{}
	granted := map[string]map[string]string{} // by group: the permissions, and through which group
	for _, m := range memberships {
		if !m.Until.IsZero() && !m.Until.After(v.now) {
			continue
		}
		has, err := tx.GroupPermissions(m.Group)
		if err != nil {
			return nil, err
		}
		if granted[m.Group] == nil {
			if granted[m.Group], err = v.through(tx, m.Group, has); err != nil {
				return nil, err
			}
		}
		for _, p := range has {
			r := byName[p.Name]
			if r == nil {
				r = &right{Permission: p}
				byName[p.Name] = r
			}
			r.By = append(r.By, way{Group: m.Group, Scope: m.Scope, Through: granted[m.Group][p.Name]})
		}
	}
	list := make([]right, 0, len(byName))
	for _, r := range byName {
		list = append(list, *r)
	}
	slices.SortFunc(list, func(a, b right) int { return cmp.Compare(a.Name, b.Name) })
	return list, nil
}
