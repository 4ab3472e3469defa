package main

import (
	"context"

	"github.com/rbac-go/rbac"
)

var config = rbac.Config{
	// Nobody may remove the last manager, not even that manager.
	Protected: []string{"manage"},
	// Unsafe anywhere else: it is here for the short passwords of the sample users.
	MinPassword: 8,
}

// catalogue is what the program's own rules and pages speak of. An administrator
// decides at run time which groups have what.
var catalogue = rbac.Catalogue{
	Sections: []rbac.Section{
		{Name: "blog", Title: "Blog", Position: 1},
		{Name: "administration", Title: "Administration", Position: 2},
	},
	Permissions: []rbac.Permission{
		{Name: "post.write", Title: "Write a post", Section: "blog", Position: 1, Description: "Write new posts, and edit them later"},
		{Name: "post.edit", Title: "Edit posts", Section: "blog", Position: 2, Description: "Edit the posts of others, too"},
		{Name: "manage", Title: "Users and groups", Section: "administration", Description: "This permission gives an administrative right"},
	},
	Groups: []rbac.Group{
		{Name: "managers", DisplayName: "Managers Group"},
		{Name: "editors", DisplayName: "Editors"},
	},
	Grants: []rbac.Grant{
		{Group: "managers", Permission: "manage"},
		{Group: "editors", Permission: "post.write"},
	},
}

// pages are where the permissions lead in the navigation. One without a page is no link.
var pages = map[string]string{
	"post.write": "/posts/new",
	"manage":     "/admin",
}

// prepare runs at every start: Declare adds only what is new in the catalogue since
// the last one, so whatever an administrator revoked stays revoked.
func prepare(ctx context.Context, a *rbac.Authority, p posts) error {
	if err := a.Declare(rbac.WithActor(ctx, "blog"), catalogue); err != nil {
		return err
	}
	return addSamples(ctx, a, p)
}
