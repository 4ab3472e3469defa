package rbac_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/rbac-go/rbac"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

var catalogue = rbac.Catalogue{
	Sections: []rbac.Section{{Name: "posts", Title: "Posts"}},
	Permissions: []rbac.Permission{
		{Name: "post.read", Title: "Read posts", Section: "posts"},
		{Name: "post.edit", Title: "Edit posts", Section: "posts", Position: 1},
	},
	Groups: []rbac.Group{{Name: "readers"}, {Name: "editors"}, {Name: "admins"}},
	Grants: []rbac.Grant{
		{Group: "readers", Permission: "post.read"},
		{Group: "editors", Permission: "post.edit"},
		{Group: "admins", Permission: "*"},
	},
	Inheritances: []rbac.Inheritance{{Senior: "editors", Junior: "readers"}},
}

// catalogued returns an Authority on an empty store.
func catalogued() *rbac.Authority {
	auth, err := rbac.Open(context.Background(), memorystore.New(), rbac.Config{})
	if err != nil {
		log.Fatal(err)
	}
	return auth
}

// A revoked permission stays revoked when the program starts again.
func ExampleAuthority_Declare() {
	ctx, auth := context.Background(), catalogued()
	defer auth.Close()

	if err := auth.Declare(ctx, catalogue); err != nil {
		log.Fatal(err)
	}

	err := auth.Update(rbac.WithActor(ctx, "amy"), func(tx *rbac.Tx) error {
		return tx.RevokePermission(rbac.Grant{Group: "readers", Permission: "post.read"})
	})
	if err != nil {
		log.Fatal(err)
	}
	if err := auth.Declare(ctx, catalogue); err != nil { // the next start
		log.Fatal(err)
	}

	err = auth.View(ctx, func(tx *rbac.Tx) error {
		permissions, err := tx.GroupPermissions("editors")
		for _, p := range permissions {
			fmt.Println(p.Name)
		}
		return err
	})
	fmt.Println(err)
	// Output:
	// post.edit
	// <nil>
}

// Before a new release starts, its plan lists the coming changes.
func ExampleAuthority_Plan() {
	ctx, auth := context.Background(), catalogued()
	defer auth.Close()
	err := errors.Join(auth.Declare(ctx, catalogue), auth.Update(ctx, func(tx *rbac.Tx) error {
		_, err := tx.AddPermission(rbac.Permission{Name: "post.pin"})
		return errors.Join(err,
			tx.GrantPermission(rbac.Grant{Group: "readers", Permission: "post.pin"}),
			tx.RevokePermission(rbac.Grant{Group: "readers", Permission: "post.read"}))
	}))
	if err != nil {
		log.Fatal(err)
	}

	next := catalogue
	next.Sections = []rbac.Section{{Name: "posts", Title: "All posts"}}
	next.Groups = append(next.Groups, rbac.Group{Name: "guests"})

	plan, err := auth.Plan(ctx, next)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(plan)
	// Output:
	// + group "guests"
	// ~ section "posts"
	// - grant "post.read to readers": was revoked
	// ? permission "post.pin"
	// ? grant "post.pin to readers"
}

// After Declare, Validate finds the undeclared names among the guards of a
// program.
func ExampleAuthority_Validate_atStart() {
	ctx, auth := context.Background(), catalogued()
	defer auth.Close()
	if err := auth.Declare(ctx, catalogue); err != nil {
		log.Fatal(err)
	}

	mayEdit := rbac.Any(rbac.HasPermission("post.edti"), rbac.InGroup("admins"))
	if err := auth.Validate(mayEdit); err != nil {
		fmt.Println(err)
	}
	// Output:
	// permission "post.edti": rbac: not found: did you mean "post.edit"?
}
