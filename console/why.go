package console

import (
	"net/http"
	"slices"
	"strings"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/httpguard"
)

// whyData is the data of the page that explains a right.
type whyData struct {
	User, Ask, Scope string
	Permissions      []rbac.Permission
	Offered          []rbac.Permission // the first of them
	Asked            bool
	Fault            string
	Explanation      rbac.Explanation
}

// why explains whether a user has a permission, or meets an expression.
func (c *console) why(v *visit) error {
	d := whyData{User: v.query("user"), Ask: v.query("ask"), Scope: v.query("scope")}
	err := v.view(func(tx *rbac.Tx) (err error) {
		d.Permissions, err = tx.Permissions()
		d.Offered = d.Permissions[:min(len(d.Permissions), maxListed)]
		return err
	})
	if err != nil {
		return err
	}
	if d.User == "" || d.Ask == "" {
		return v.show(http.StatusOK, "why", frame{Data: d})
	}
	d.Asked = true
	p, err := d.predicate()
	if err == nil {
		d.Explanation, err = c.auth.ExplainUser(v.r.Context(), d.User, p)
	}
	if err == nil {
		d.Explanation = v.explained(d.Explanation)
		return v.show(http.StatusOK, "why", frame{Data: d})
	}
	status := httpguard.Status(err)
	if status != http.StatusNotFound && status != http.StatusUnprocessableEntity {
		return err
	}
	d.Fault = v.sayError(err)
	return v.show(status, "why", frame{Data: d})
}

// predicate returns the predicate of the question: of a permission by name, or of
// an expression.
func (d whyData) predicate() (p rbac.Predicate, err error) {
	named := slices.ContainsFunc(d.Permissions, func(p rbac.Permission) bool { return p.Name == d.Ask })
	if named || !strings.ContainsRune(d.Ask, '(') {
		p = rbac.HasPermission(d.Ask)
	} else {
		p, err = rbac.Parse(d.Ask)
	}
	if err == nil && d.Scope != "" {
		p = rbac.In(d.Scope, p)
	}
	return p, err
}
