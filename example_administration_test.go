package rbac_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/rbac-go/rbac"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

// A SaaS with organisations: leads give the groups of their own organisation,
// and operators, who run the service, are made by administrators alone.
func ExampleAuthority_UpdateAs() {
	ctx := context.Background()
	auth, err := rbac.Open(ctx, memorystore.New(), rbac.Config{})
	if err != nil {
		panic(err)
	}
	defer auth.Close()
	err = auth.Declare(ctx, rbac.Catalogue{
		Permissions: []rbac.Permission{{Name: "doc.read"}, {Name: "doc.edit"}, {Name: "service.stop"}},
		Groups:      []rbac.Group{{Name: "admins"}, {Name: "operators"}, {Name: "leads"}, {Name: "editors"}, {Name: "readers"}},
		Grants: []rbac.Grant{
			{Group: "admins", Permission: "rbac.administer"},
			{Group: "operators", Permission: "service.stop"},
			{Group: "editors", Permission: "doc.edit"},
			{Group: "readers", Permission: "doc.read"},
		},
		Inheritances: []rbac.Inheritance{{Senior: "editors", Junior: "readers"}},
		Delegations:  []rbac.Delegation{{Group: "leads", Assign: []string{"editors", "readers"}, Users: true}},
	})
	if err != nil {
		panic(err)
	}
	err = auth.Update(ctx, func(tx *rbac.Tx) error { // the program's own right
		_, err1 := tx.AddUser(rbac.User{Name: "lea"})
		_, err2 := tx.AddUser(rbac.User{Name: "bob"})
		return errors.Join(err1, err2,
			tx.AssignUser(rbac.Membership{User: "lea", Group: "leads", Scope: "org:1"}),
			tx.AssignUser(rbac.Membership{User: "bob", Group: "readers", Scope: "org:1"}))
	})
	if err != nil {
		panic(err)
	}
	lea, err := auth.Identity(ctx, "lea") // in a handler: rbac.FromContext
	if err != nil {
		panic(err)
	}

	give := func(m rbac.Membership) error {
		return auth.UpdateAs(ctx, lea, func(tx *rbac.Tx) error { return tx.AssignUser(m) })
	}
	fmt.Println(give(rbac.Membership{User: "bob", Group: "editors", Scope: "org:1"}))
	fmt.Println(give(rbac.Membership{User: "bob", Group: "editors", Scope: "org:2"}))
	fmt.Println(give(rbac.Membership{User: "bob", Group: "operators", Scope: "org:1"}))

	err = auth.UpdateAs(ctx, lea, func(tx *rbac.Tx) error { // a colleague, and the first membership
		_, err := tx.AddUser(rbac.User{Name: "nina", Email: "nina@example.org"})
		return errors.Join(err, tx.AssignUser(rbac.Membership{User: "nina", Group: "readers", Scope: "org:1"}))
	})
	fmt.Println(err)
	// Output:
	// <nil>
	// rbac: denied: assigning editors in org:2 is for members of leads, or holders of rbac.administer
	// rbac: denied: assigning operators in org:1 is for holders of rbac.administer
	// <nil>
}

// The effect of a grant is shown before anybody has the right.
func ExampleAuthority_Preview() {
	ctx := context.Background()
	auth := openWithBob(ctx)
	defer auth.Close()

	grant := func(tx *rbac.Tx) error {
		return tx.GrantPermission(rbac.Grant{Group: "readers", Permission: "doc.delete"})
	}
	effect, err := auth.Preview(ctx, grant)
	if err != nil {
		panic(err)
	}
	fmt.Println(effect.Users, "user")
	for _, right := range effect.Gained {
		fmt.Println(right.User, "gains", right.Permission, right.Scope)
	}
	// Output:
	// 1 user
	// bob gains doc.delete org:1
}

// Two administrators open the form of the same user. The second to save does
// not undo what the first has done.
func ExampleTx_RequireUnchanged() {
	ctx := context.Background()
	auth := openWithBob(ctx)
	defer auth.Close()

	// The form shows the user, and keeps the revision in a hidden field.
	var form rbac.User
	var since rbac.Revision
	err := auth.View(ctx, func(tx *rbac.Tx) (err error) {
		since = tx.Revision()
		form, err = tx.User("bob")
		return err
	})
	if err != nil {
		panic(err)
	}

	// Meanwhile a colleague disables the account.
	err = auth.Update(rbac.WithActor(ctx, "amy"), func(tx *rbac.Tx) error {
		u, err := tx.User("bob")
		if err != nil {
			return err
		}
		u.Disabled = true
		return tx.ModifyUser(u)
	})
	if err != nil {
		panic(err)
	}

	// Without RequireUnchanged, saving the form would enable the account again.
	form.DisplayName = "Bob"
	err = auth.Update(ctx, func(tx *rbac.Tx) error {
		if err := tx.RequireUnchanged(since, "user", form.Name); err != nil {
			return err
		}
		return tx.ModifyUser(form)
	})
	if conflict, ok := errors.AsType[*rbac.ConflictError](err); ok {
		fmt.Println(conflict.Change.Actor, conflict.Change.Action)
	}
	// Output:
	// amy ModifyUser
}

// openWithBob returns an Authority with a reader of the organisation 1.
func openWithBob(ctx context.Context) *rbac.Authority {
	auth, err := rbac.Open(ctx, memorystore.New(), rbac.Config{})
	if err != nil {
		panic(err)
	}
	err = auth.Update(ctx, func(tx *rbac.Tx) error {
		_, err1 := tx.AddPermission(rbac.Permission{Name: "doc.delete"})
		_, err2 := tx.AddGroup(rbac.Group{Name: "readers"})
		_, err3 := tx.AddUser(rbac.User{Name: "bob"})
		return errors.Join(err1, err2, err3,
			tx.AssignUser(rbac.Membership{User: "bob", Group: "readers", Scope: "org:1"}))
	})
	if err != nil {
		panic(err)
	}
	return auth
}
