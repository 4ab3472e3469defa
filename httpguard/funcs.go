package httpguard

import (
	"fmt"
	"html/template"

	"github.com/rbac-go/rbac"
)

// TemplateFuncs returns template functions for pages that depend on the user's
// permissions. Each function takes the Identity of the page's user, which the
// host passes with the data (.Me here), so one parsed template serves everyone:
//
//	{{if can .Me "post.edit"}}…{{end}}                     has the permission
//	{{if can .Me .EditRule}}…{{end}}                       satisfies the rbac.Predicate in the data
//	{{if can (in .Me "org:42") "post.edit"}}…{{end}}       has the permission in the scope
//	{{with user .Me}}Hello {{.}}{{else}}Sign in{{end}}     the name; empty if anonymous
//
// For a nil *Identity can returns false without an error, so public pages work
// while the store is unreachable. For any other Identity an invalid scope, or a
// permission that the Identity's Authority does not know, is an error that ends
// the execution of the template: execute into a buffer, and respond with 500. A
// broken predicate is not satisfied; [rbac.Authority.Validate] finds its faults
// at start. Package html/template escapes the user's name.
//
// The functions trust the given Identity, as [rbac.Check] does; see
// [rbac.Identity.BelongsTo]. Leaving a control out of a page protects nothing:
// guard the route, too. The caller owns the returned map. The functions are
// safe for concurrent use.
func TemplateFuncs() template.FuncMap {
	return template.FuncMap{"can": can, "in": in, "user": (*rbac.Identity).User}
}

func can(id *rbac.Identity, what any) (bool, error) {
	switch what := what.(type) {
	case string:
		return hasPermission(id, what)
	case rbac.Predicate:
		return rbac.Met(id, what), nil
	}
	return false, fmt.Errorf("can: %T is neither the name of a permission nor a predicate", what)
}

func hasPermission(id *rbac.Identity, permission string) (bool, error) {
	p := rbac.HasPermission(permission)
	err := rbac.Check(id, p)
	if err == nil {
		return true, nil
	}
	// If both p and not p are denied, p could not be evaluated.
	if isDetermined(id) && !rbac.Met(id, rbac.Not(p)) {
		return false, err
	}
	return false, nil
}

func in(id *rbac.Identity, scope string) (*rbac.Identity, error) {
	scoped := id.In(scope)
	if isDetermined(id) && !isDetermined(scoped) {
		return nil, fmt.Errorf("in: %q is not a valid scope", scope)
	}
	return scoped, nil
}

// isDetermined reports whether id is anonymous or a user, and not the nil or
// zero Identity.
func isDetermined(id *rbac.Identity) bool {
	return rbac.Met(id, rbac.IsAnonymous()) || rbac.Met(id, rbac.NotAnonymous())
}
