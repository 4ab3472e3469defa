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
}

// viewAs shows the menu and the rights of a user, without a ticket: nothing can
// be done as the user.
func (c *console) viewAs(v *visit) error {
	d := viewAsData{User: v.query("user"), Scope: v.query("scope")}
	if d.User == "" {
		return v.show(http.StatusOK, "view-as", frame{Data: d})
	}
	d.Asked = true
	status := http.StatusOK
	id, err := c.auth.Identity(v.r.Context(), d.User)
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
		d.Routes = partOf(v, c.routeRows(id), "routes")
	}
	return v.show(status, "view-as", frame{Data: d})
}

// cutMenu returns the first entries of a menu, and how many there are beside.
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
