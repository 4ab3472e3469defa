package rbac_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/netip"

	"github.com/rbac-go/rbac"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

// Open begins the life of an Authority, and Close ends it, before the store is
// closed.
func ExampleOpen() {
	ctx := context.Background()
	store := memorystore.New() // sqlitestore.Open and postgresstore.Open keep what is written
	auth, err := rbac.Open(ctx, store, rbac.Config{MaxTickets: 5})
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()
	defer auth.Close()

	_, err = auth.Identity(ctx, "amy")
	fmt.Println(err)
	// Output:
	// user "amy": rbac: not found
}

// CreateUser hashes the password first, and then adds the user, with the
// password and the groups, in one Update.
func ExampleAuthority_CreateUser() {
	ctx := rbac.WithActor(context.Background(), "setup")
	auth := newsroom()
	amy, err := auth.CreateUser(ctx, rbac.User{Name: "Zoë", DisplayName: "Zoë Ortiz"}, "correct horse battery staple", "editors")
	fmt.Println(amy.Name, amy.DisplayName, err)

	_, err = auth.CreateUser(ctx, rbac.User{Name: "ZOË"}, "another long password")
	fmt.Println(errors.Is(err, rbac.ErrExists)) // user names have one canonical form
	// Output:
	// zoë Zoë Ortiz <nil>
	// true
}

// A login makes a ticket. Its token identifies the user until the ticket ends.
func ExampleAuthority_Login() {
	ctx := context.Background()
	auth := newsroom()
	if _, err := auth.CreateUser(ctx, rbac.User{Name: "zoë"}, "correct horse battery staple", "editors"); err != nil {
		log.Fatal(err)
	}
	token, err := auth.Login(ctx, rbac.Login{
		User: "zoë", Password: "correct horse battery staple", Addr: netip.MustParseAddr("192.0.2.1"),
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(auth.Judge(ctx, token, rbac.InGroup("editors")))

	fmt.Println(auth.Logout(ctx, token))
	fmt.Println(auth.Judge(ctx, token, rbac.InGroup("editors")))
	// Output:
	// <nil>
	// <nil>
	// rbac: no ticket
}

// One Identity serves a whole request: all its answers are of one moment. Groups
// include those that are inherited.
func ExampleAuthority_Identify() {
	ctx := context.Background()
	auth := newsroom()
	token, err := auth.Issue(ctx, rbac.Login{User: "amy"})
	if err != nil {
		log.Fatal(err)
	}
	id, err := auth.Identify(ctx, token)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(id.User(), rbac.Met(id, rbac.HasPermission("post.write")))
	for group := range id.Groups() {
		fmt.Println(group)
	}
	for permission := range id.Permissions() {
		fmt.Println(permission)
	}
	// Output:
	// amy true
	// editors
	// readers
	// post.read
	// post.write
}

// Judge is Identify and Check in one call.
func ExampleAuthority_Judge() {
	ctx := context.Background()
	auth := newsroom()
	token, err := auth.Issue(ctx, rbac.Login{User: "bob"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(auth.Judge(ctx, token, rbac.HasPermission("post.read")))
	fmt.Println(auth.Judge(ctx, token, rbac.HasPermission("post.write")))
	fmt.Println(auth.Judge(ctx, rbac.Token{}, rbac.HasPermission("post.read")))
	// Output:
	// <nil>
	// rbac: denied: needs post.write, which the group editors gives; you are in readers
	// rbac: denied: needs post.read; nobody is logged in
}

// A membership can hold in one scope, and end by itself.
func ExampleTx_AssignUser() {
	ctx := rbac.WithActor(context.Background(), "amy")
	auth := newsroom()
	err := auth.Update(ctx, func(tx *rbac.Tx) error {
		return tx.AssignUser(rbac.Membership{
			User: "bob", Group: "editors", Scope: "org:42",
			Until: tx.Now().AddDate(0, 3, 0), Note: "covers for Zoë",
		})
	})
	if err != nil {
		log.Fatal(err)
	}
	bob, err := auth.Identity(ctx, "bob")
	if err != nil {
		log.Fatal(err)
	}
	mayWrite := rbac.HasPermission("post.write")
	fmt.Println(rbac.Met(bob, mayWrite), rbac.Met(bob, rbac.In("org:42", mayWrite)))
	// Output:
	// false true
}

// Users lists users by any combination of conditions, a page at a time.
func ExampleTx_Users() {
	auth := newsroom()
	err := auth.View(context.Background(), func(tx *rbac.Tx) error {
		q := rbac.UserQuery{Permission: "post.read", State: rbac.EnabledUser, Limit: 1}
		for {
			page := 0
			for u, err := range tx.Users(q) {
				if err != nil {
					return err
				}
				fmt.Println(u.Name)
				q.After, page = u.Name, page+1
			}
			if page < q.Limit {
				return nil
			}
		}
	})
	fmt.Println(err)
	// Output:
	// amy
	// bob
	// <nil>
}

// The change log answers who did what, and why.
func ExampleTx_Changes() {
	auth := newsroom()
	ctx := rbac.WithReason(rbac.WithActor(context.Background(), "amy"), "left the team")
	err := auth.Update(ctx, func(tx *rbac.Tx) error { return tx.DeassignUser(rbac.Membership{User: "bob", Group: "readers"}) })
	if err != nil {
		log.Fatal(err)
	}
	err = auth.View(ctx, func(tx *rbac.Tx) error {
		for c, err := range tx.Changes(rbac.ChangeQuery{Subject: "bob", Newest: true, Limit: 1}) {
			if err != nil {
				return err
			}
			fmt.Printf("%s: %s %s from %s (%s)\n", c.Actor, c.Action, c.Subject, c.Object, c.Reason)
		}
		return nil
	})
	fmt.Println(err)
	// Output:
	// amy: DeassignUser bob from readers (left the team)
	// <nil>
}
