package console

import (
	"errors"
	"net/http"
	"slices"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/httpguard"
)

// viewAsData is the data of the page that shows what another user sees.
type viewAsData struct {
	User, Scope string
	Asked       bool
	Fault       string
	Menu        []rbac.MenuSection
	MoreMenu    int
	Permissions part[string]
	Groups      part[string]
	Routes      part[routeRow]
	Scopes      part[string] // in which the user has memberships, if none was asked about
}

// viewAs shows the menu and the rights of a user. The Identity has no ticket,
// so nothing can be done in the name of the user.
func (c *console) viewAs(v *visit) error {
	d := viewAsData{User: v.query("user"), Scope: v.query("scope")}
	if d.User == "" {
		return v.show(http.StatusOK, "view-as", frame{Data: d})
	}
	d.Asked = true
	status := http.StatusOK
	everywhere, err := c.auth.Identity(v.r.Context(), d.User)
	id := everywhere
	if err == nil && d.Scope != "" {
		id = id.In(d.Scope)
	}
	switch {
	case errors.Is(err, rbac.ErrDenied):
		d.Fault = v.T("disabled has no rights")
	case errors.Is(err, rbac.ErrNotFound), errors.Is(err, rbac.ErrInvalid):
		status, d.Fault = httpguard.Status(err), v.sayError(err)
	case err != nil:
		return err
	default:
		d.Menu, d.MoreMenu = cutMenu(c.auth.Menu(id))
		d.Permissions = partOf(v, slices.Collect(id.Permissions()), "rights")
		d.Groups = partOf(v, slices.Collect(id.Groups()), "groups")
		routes, err := v.routeRows(everywhere)
		if err != nil {
			return err
		}
		d.Routes = partOf(v, routes, "routes")
		if d.Scope != "" {
			break
		}
		scopes, err := v.membershipScopes(d.User)
		if err != nil {
			return err
		}
		d.Scopes = partOf(v, scopes, "scopes")
	}
	return v.show(status, "view-as", frame{Data: d})
}

// membershipScopes returns the scopes in which a user has memberships now, in
// byte order.
func (v *visit) membershipScopes(user string) ([]string, error) {
	return read(v, func(tx *rbac.Tx, scopes *[]string) error {
		list, err := tx.AssignedGroups(user)
		for _, m := range list {
			if m.Scope != "" && !v.ended(m) {
				*scopes = append(*scopes, m.Scope)
			}
		}
		slices.Sort(*scopes)
		*scopes = slices.Compact(*scopes)
		return err
	})
}

// cutMenu returns the first entries of a menu, and the number of the others.
func cutMenu(menu []rbac.MenuSection) (first []rbac.MenuSection, more int) {
	room := maxListed
	for _, s := range menu {
		n := min(len(s.Permissions), room)
		more += len(s.Permissions) - n
		if room -= n; n > 0 {
			s.Permissions = s.Permissions[:n]
			first = append(first, s)
		}
	}
	return first, more
}
