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
	Permissions []string
	Groups      []string
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
		d.Menu = c.auth.Menu(id)
		d.Permissions, d.Groups = slices.Collect(id.Permissions()), slices.Collect(id.Groups())
	}
	return v.show(status, "view-as", frame{Data: d})
}
