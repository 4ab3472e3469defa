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
	HasPassword bool
	Memberships []rbac.Membership
	Scope       string       // in which a group is given
	Scopes      []string     // offered to delegates, who see no others
	Assign      []rbac.Group // that may be assigned in Scope
	Rights      []right
	Tickets     []rbac.Ticket
	Logins      []loginRow // the last
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
	d, err := read(v, func(tx *rbac.Tx, d *userData) (err error) {
		if err := v.access.seesUser(tx, v.query("name")); err != nil {
			return err
		}
		if d.User, err = tx.User(v.query("name")); err != nil {
			return err
		}
		d.Since = tx.Revision()
		if err := v.userMemberships(tx, d); err != nil {
			return err
		}
		if !v.access.admin {
			return nil
		}
		return v.userDetails(tx, d)
	})
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "user", frame{
		Title: d.Name, Parents: []crumb{{v.T("users"), "users"}}, Data: d,
	})
}

// userMemberships reads the memberships that the person may see, and the groups
// that the person may give.
func (v *visit) userMemberships(tx *rbac.Tx, d *userData) error {
	if err := v.readScope(tx, v.r.URL.Query().Get("scope")); err != nil {
		return err
	}
	d.Scope, d.Scopes = v.scope, v.access.scopes
	all, err := tx.AssignedGroups(d.Name)
	if err != nil {
		return err
	}
	d.Memberships = slices.DeleteFunc(all, func(m rbac.Membership) bool { return !v.seesMembership(m) })
	slices.SortFunc(d.Memberships, byGroup)
	d.Assign, err = v.visibleGroups(tx)
	return err
}

// userDetails reads what administrators see.
func (v *visit) userDetails(tx *rbac.Tx, d *userData) (err error) {
	if d.HasPassword, err = tx.HasPassword(d.Name); err != nil {
		return err
	}
	if d.Rights, err = v.rights(tx, d.Memberships); err != nil {
		return err
	}
	if d.Tickets, err = collect(tx.Tickets(rbac.TicketQuery{User: d.Name, Limit: pageSize})); err != nil {
		return err
	}
	if err := readLogins(rbac.LoginQuery{User: d.Name, Limit: shownRows})(tx, &d.Logins); err != nil {
		return err
	}
	if d.Links, err = tx.Links(d.Name); err != nil {
		return err
	}
	d.Changes, err = lastChanges(tx, d.Name)
	return err
}

// rights returns the permissions of memberships that count now, each with every
// way that gives the permission.
func (v *visit) rights(tx *rbac.Tx, memberships []rbac.Membership) ([]right, error) {
	h, err := readHierarchy(tx)
	if err != nil {
		return nil, err
	}
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
			if granted[m.Group], err = h.through(tx, m.Group, has); err != nil {
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
