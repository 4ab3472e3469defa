package main

import (
	"context"

	"github.com/rbac-go/rbac"
)

var config = rbac.Config{
	// Nobody may disable the last user who can enable others again.
	Protected: []string{"account.disable"},
	// Unsafe anywhere else: only the sample users need short passwords.
	MinPassword: 8,
}

// catalogue lists the permissions and groups that the rules of the program
// name.
//
// A muted user has a permission less, not a group more. A group "muted" and a
// rule Not(InGroup("muted")) would be unsafe: a login may be narrowed to some
// of the user's groups, and would leave that group out.
var catalogue = rbac.Catalogue{
	Permissions: []rbac.Permission{
		{Name: "room.read", Title: "Read in a room"},
		{Name: "room.speak", Title: "Write in a room"},
		{Name: "room.moderate", Title: "Mute people, take them out of a room and let them in"},
		{Name: "account.disable", Title: "Disable accounts"},
	},
	Groups: []rbac.Group{
		{Name: "listeners", DisplayName: "Listeners"},
		{Name: "speakers", DisplayName: "Speakers"},
		{Name: "moderators", DisplayName: "Moderators"},
		{Name: "administrators", DisplayName: "Administrators"},
	},
	Inheritances: []rbac.Inheritance{{Senior: "speakers", Junior: "listeners"}},
	Grants: []rbac.Grant{
		{Group: "listeners", Permission: "room.read"},
		{Group: "speakers", Permission: "room.speak"},
		{Group: "moderators", Permission: "room.*"},
		{Group: "administrators", Permission: "*"},
	},
	// Moderators of a room move people between these groups, in the room.
	Delegations: []rbac.Delegation{{Group: "moderators", Assign: []string{"listeners", "speakers"}}},
}

// prepare runs at every start. Declare adds only the entries that are new in
// the catalogue since the last start.
func prepare(ctx context.Context, a *rbac.Authority) error {
	ctx = rbac.WithActor(ctx, "chat")
	if err := a.Declare(ctx, catalogue); err != nil {
		return err
	}
	return addSamples(rbac.WithReason(ctx, "first start"), a)
}
