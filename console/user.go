package console

import (
	"cmp"
	"net/http"
	"slices"
	"time"

	"github.com/rbac-go/rbac"
)

// userData is the data of the page of a user.
type userData struct {
	rbac.User
	Since       rbac.Revision
	HasPassword bool
	Administers bool // the person may change the account
	Memberships part[rbac.Membership]
	all         []rbac.Membership
	Scope       string       // in which a group is given
	Scopes      []string     // offered to delegates, who see no others
	Assign      []rbac.Group // that may be assigned in Scope
	Rights      rights
	Tickets     []rbac.Ticket
	Logins      []loginRow // the last
	MoreTickets bool
	Links       part[rbac.IssuedLink]
	Changes     []rbac.Change
}

// LastDay returns the last day of a membership, for the field until_day; empty:
// the membership has no end.
func (f frame) LastDay(m rbac.Membership) string {
	if m.Until.IsZero() {
		return ""
	}
	return m.Until.Add(-time.Nanosecond).In(f.zone).Format(time.DateOnly)
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
		if d.Administers, err = tx.Administrable(v.id, d.Name); err != nil || !d.Administers {
			return err
		}
		if d.HasPassword, err = tx.HasPassword(d.Name); err != nil || !v.access.admin {
			return err
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
	d.all = slices.DeleteFunc(all, func(m rbac.Membership) bool { return !v.seesMembership(m) })
	slices.SortFunc(d.all, byGroup)
	d.Memberships = partBySize(v, d.all, "memberships", func(m rbac.Membership) int { return len(m.Note) })
	d.Assign, err = v.visibleGroups(tx)
	return err
}

// userDetails reads the parts of the page that only administrators see.
func (v *visit) userDetails(tx *rbac.Tx, d *userData) (err error) {
	if d.Rights, err = v.rights(tx, d.all); err != nil {
		return err
	}
	if d.Tickets, err = collect(tx.Tickets(rbac.TicketQuery{User: d.Name, Limit: shownRows + 1})); err != nil {
		return err
	}
	d.MoreTickets = len(d.Tickets) > shownRows
	d.Tickets = d.Tickets[:min(len(d.Tickets), shownRows)]
	if err := readLogins(rbac.LoginQuery{User: d.Name, Limit: shownRows})(tx, &d.Logins); err != nil {
		return err
	}
	links, err := tx.Links(d.Name)
	if err != nil {
		return err
	}
	d.Links = partOf(v, links, "links")
	d.Changes, err = lastChanges(tx, d.Name)
	return err
}
