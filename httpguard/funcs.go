package httpguard

import (
	"fmt"
	"html/template"

	"github.com/rbac-go/rbac"
)

// TemplateFuncs returns functions for pages that show each user what they may do. Each takes the Identity that the
// page is for, which the host gives along with the data (.Me here), so a template is parsed once and serves everybody:
//
//	{{if can .Me "post.edit"}}…{{end}}                     has the permission
//	{{if can .Me .EditRule}}…{{end}}                       meets the rbac.Predicate in the data
//	{{if can (in .Me "org:42") "post.edit"}}…{{end}}       has it in the scope
//	{{with user .Me}}Hello {{.}}{{else}}Sign in{{end}}     the name; empty for nobody
//
// A nil *Identity can nothing, without an error, so that public pages work while the store cannot be reached. For anybody else the
// name of a permission that their Authority does not have, and an invalid scope, is an error that ends the execution of the template:
// execute into a buffer, and answer 500. A predicate that is broken is not met; [rbac.Authority.Validate] finds its faults at start.
// The user's name is escaped by html/template.
//
// The functions believe the Identity that they are given, as [rbac.Check] does; see [rbac.Identity.BelongsTo].
// What a page leaves out is not guarded by that. The map may be changed; the functions are safe for concurrent use.
func TemplateFuncs() template.FuncMap {
	return template.FuncMap{"can": can, "in": in, "user": (*rbac.Identity).User}
}

func can(id *rbac.Identity, what any) (bool, error) {
	switch what := what.(type) {
	case string:
		return canByName(id, what)
	case rbac.Predicate:
		return rbac.Met(id, what), nil
	}
	return false, fmt.Errorf("%T is neither the name of a permission nor a predicate", what)
}

func canByName(id *rbac.Identity, permission string) (bool, error) {
	p := rbac.HasPermission(permission)
	err := rbac.Check(id, p)
	if err == nil {
		return true, nil
	}
	// What is denied, and denied under Not, too, could not be answered.
	if known(id) && !rbac.Met(id, rbac.Not(p)) {
		return false, err
	}
	return false, nil
}

// known reports whether somebody looked who it is: then it is nobody or somebody.
func known(id *rbac.Identity) bool {
	return rbac.Met(id, rbac.IsAnonymous()) || rbac.Met(id, rbac.NotAnonymous())
}

func in(id *rbac.Identity, scope string) (*rbac.Identity, error) {
	scoped := id.In(scope)
	if known(id) && !known(scoped) {
		return nil, fmt.Errorf("%q is no scope", scope)
	}
	return scoped, nil
}
