package main

import (
	"context"

	"github.com/rbac-go/rbac"
)

var config = rbac.Config{
	// Nobody may remove the last manager, not even that manager.
	Protected: []string{"manage"},
	// Managers may make every change; see Authority.UpdateAs.
	Administer: "manage",
	// Unsafe anywhere else: only the sample users need short passwords.
	MinPassword: 8,
}

// catalogue lists the permissions and groups that the rules and pages of the
// program name. At run time an administrator decides which groups grant which
// permissions.
var catalogue = rbac.Catalogue{
	Sections: []rbac.Section{
		{Name: "blog", Title: "Blog", Position: 1},
		{Name: "administration", Title: "Administration", Position: 2},
	},
	Permissions: []rbac.Permission{
		{Name: "post.write", Title: "Write a post", Section: "blog", Position: 1, Description: "Write new posts, and edit them later"},
		{Name: "post.edit", Title: "Edit posts", Section: "blog", Position: 2, Description: "Edit the posts of others, too"},
		{Name: "desk.staff", Title: "Choose sub-editors", Section: "blog", Position: 3, Description: "See the page of a desk"},
		{Name: "manage", Title: "Users and groups", Section: "administration", Description: "This permission gives an administrative right"},
	},
	Groups: []rbac.Group{
		{Name: "managers", DisplayName: "Managers Group"},
		{Name: "editors", DisplayName: "Editors"},
		{Name: "subeditors", DisplayName: "Sub-editors", Note: "Of a desk: give the group in the scope of the desk"},
		{Name: "heads", DisplayName: "Heads of desk", Note: "In the scope of the desk"},
		{Name: "ombuds", DisplayName: "Readers' editors", Note: "Correct posts after complaints"},
	},
	Grants: []rbac.Grant{
		{Group: "managers", Permission: "manage"},
		{Group: "editors", Permission: "post.write"},
		{Group: "subeditors", Permission: "post.edit"},
		{Group: "heads", Permission: "desk.staff"},
		{Group: "ombuds", Permission: "post.edit"},
	},
	Inheritances: []rbac.Inheritance{{Senior: "heads", Junior: "subeditors"}},
	// Heads choose the sub-editors of the desks in whose scopes they are heads.
	Delegations: []rbac.Delegation{{Group: "heads", Assign: []string{"subeditors"}, Note: "Heads choose the sub-editors of their desk"}},
}

// pages are the links of the menu by permission. A permission without a page
// has no link.
var pages = map[string]string{
	"post.write": "/posts/new",
	"manage":     "/admin/",
}

// program is the actor of the changes that the program makes by itself.
const program = "blog"

// prepare runs at every start. Declare adds only the entries that are new in
// the catalogue since the last start, so a grant that an administrator revoked
// stays revoked.
func prepare(ctx context.Context, a *rbac.Authority, p posts) error {
	if err := a.Declare(rbac.WithActor(ctx, program), catalogue); err != nil {
		return err
	}
	return addSamples(ctx, a, p)
}
