package rbac_test

import (
	"context"
	"fmt"
	"slices"

	"github.com/rbac-go/rbac"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

// groupsOf has the groups of the service for the names of the provider. The
// groups of the provider that the service does not know are left out.
var groupsOf = map[string]string{"eng-writers": "editors", "eng-leads": "admins"}

// A provider says at each login which groups a user is in. Groups that an
// administrator has assigned stay.
func ExampleAuthority_Sync() {
	ctx := context.Background()
	auth, err := rbac.Open(ctx, memorystore.New(), rbac.Config{})
	if err != nil {
		panic(err)
	}
	defer auth.Close()
	err = auth.Declare(ctx, rbac.Catalogue{
		Permissions: []rbac.Permission{{Name: "post.edit"}, {Name: "post.delete"}},
		Groups:      []rbac.Group{{Name: "editors"}, {Name: "admins"}, {Name: "guests"}},
		Grants: []rbac.Grant{{Group: "editors", Permission: "post.edit"},
			{Group: "admins", Permission: "post.*"}},
	})
	if err != nil {
		panic(err)
	}
	err = auth.Update(ctx, func(tx *rbac.Tx) error {
		if _, err := tx.AddUser(rbac.User{Name: "nina", Subject: "00u7"}); err != nil {
			return err
		}
		return tx.AssignUser(rbac.Membership{User: "nina", Group: "guests"})
	})
	if err != nil {
		panic(err)
	}

	login := func(claim []string) {
		effect, err := auth.Sync(ctx, rbac.Provision{
			Subject: "00u7",
			Source:  "https://login.example.com",
			Groups:  claim,
			Map:     groupsOf,
		})
		if err != nil {
			panic(err) // no login: the groups of the user are those of before
		}
		id, err := auth.Identity(ctx, "nina")
		if err != nil {
			panic(err)
		}
		fmt.Println(slices.Sorted(id.Groups()), "gained", len(effect.Gained), "lost", len(effect.Lost))
	}
	login([]string{"eng-writers", "everybody"})
	login([]string{"eng-leads"})
	login(nil) // a token without the claim
	login([]string{})
	// Output:
	// [editors guests] gained 1 lost 0
	// [admins guests] gained 1 lost 0
	// [admins guests] gained 0 lost 0
	// [guests] gained 0 lost 2
}
