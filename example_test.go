package rbac_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/netip"

	"github.com/google/uuid"
	"github.com/rbac-go/rbac"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

// A program declares its permissions and groups, an administrator adds a user,
// the user logs in and is judged.
func Example() {
	ctx := context.Background()
	auth, err := rbac.Open(ctx, memorystore.New(), rbac.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer auth.Close()

	err = auth.Declare(ctx, rbac.Catalogue{
		Permissions: []rbac.Permission{{Name: "post.write"}},
		Groups:      []rbac.Group{{Name: "editors"}},
		Grants:      []rbac.Grant{{Group: "editors", Permission: "post.write"}},
	})
	if err != nil {
		log.Fatal(err)
	}
	hash, err := auth.HashPassword(ctx, "correct horse battery staple")
	if err != nil {
		log.Fatal(err)
	}
	err = auth.Update(rbac.WithActor(ctx, "setup"), func(tx *rbac.Tx) error {
		if _, err := tx.AddUser(rbac.User{Name: "amy", DisplayName: "Amy"}); err != nil {
			return err
		}
		return tx.SetPasswordHash("amy", hash)
	})
	if err != nil {
		log.Fatal(err)
	}

	token, err := auth.Login(ctx, rbac.Login{User: "Amy", Password: "correct horse battery staple", Addr: netip.MustParseAddr("192.0.2.1")})
	if err != nil {
		log.Fatal(err)
	}
	mayWrite := rbac.HasPermission("post.write")
	fmt.Println(auth.Judge(ctx, token, mayWrite))

	err = auth.Update(ctx, func(tx *rbac.Tx) error {
		return tx.AssignUser(rbac.Membership{User: "amy", Group: "editors"})
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(auth.Judge(ctx, token, mayWrite))
	// Output:
	// rbac: denied: needs post.write, which the group editors gives; you are in no group
	// <nil>
}

// newsroom returns a small world for the examples.
func newsroom() *rbac.Authority {
	auth, err := rbac.Open(context.Background(), memorystore.New(), rbac.Config{})
	if err != nil {
		log.Fatal(err)
	}
	err = auth.Declare(context.Background(), rbac.Catalogue{
		Sections:     []rbac.Section{{Name: "posts", Title: "Posts"}},
		Permissions:  []rbac.Permission{{Name: "post.read", Title: "Read", Section: "posts"}, {Name: "post.write", Title: "Write", Section: "posts", Position: 1}},
		Groups:       []rbac.Group{{Name: "readers"}, {Name: "editors"}},
		Inheritances: []rbac.Inheritance{{Senior: "editors", Junior: "readers"}},
		Grants:       []rbac.Grant{{Group: "readers", Permission: "post.read"}, {Group: "editors", Permission: "post.write"}},
	})
	if err != nil {
		log.Fatal(err)
	}
	err = auth.Update(context.Background(), func(tx *rbac.Tx) error {
		for user, group := range map[string]string{"amy": "editors", "bob": "readers"} {
			if _, err := tx.AddUser(rbac.User{Name: user}); err != nil {
				return err
			}
			if err := tx.AssignUser(rbac.Membership{User: user, Group: group}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	return auth
}

// An Update is all or nothing, and a refused call leaves the Update usable.
func ExampleAuthority_Update() {
	ctx := rbac.WithReason(rbac.WithActor(context.Background(), "amy"), "new colleague")
	auth := newsroom()
	err := auth.Update(ctx, func(tx *rbac.Tx) error {
		_, err := tx.AddUser(rbac.User{Name: "Bob"})
		if errors.Is(err, rbac.ErrExists) {
			_, err = tx.AddUser(rbac.User{Name: "Bob Jr"})
		}
		if err != nil {
			return err
		}
		return tx.AssignUser(rbac.Membership{User: "bob jr", Group: "readers", Note: "on probation"})
	})
	fmt.Println(err)

	err = auth.View(ctx, func(tx *rbac.Tx) error {
		for c, err := range tx.Changes(rbac.ChangeQuery{Actor: "amy"}) {
			if err != nil {
				return err
			}
			fmt.Println(c.Actor, c.Action, c.Subject, c.Object, "because:", c.Reason)
		}
		return nil
	})
	fmt.Println(err)
	// Output:
	// <nil>
	// amy AddUser bob jr  because: new colleague
	// amy AssignUser bob jr readers because: new colleague
	// <nil>
}

// Review functions return the users with a permission, and the reasons.
func ExampleAuthority_View() {
	auth := newsroom()
	err := auth.View(context.Background(), func(tx *rbac.Tx) error {
		for u, err := range tx.PermissionUsers("post.read") {
			if err != nil {
				return err
			}
			groups, err := tx.AuthorizedGroups(u.Name)
			if err != nil {
				return err
			}
			fmt.Print(u.Name, ":")
			for _, g := range groups {
				fmt.Print(" ", g.Name)
			}
			fmt.Println()
		}
		return nil
	})
	fmt.Println(err)
	// Output:
	// amy: editors readers
	// bob: readers
	// <nil>
}

// A menu shows each user the permissions of that user.
func ExampleAuthority_Menu() {
	auth := newsroom()
	id, err := auth.Identity(context.Background(), "amy")
	if err != nil {
		log.Fatal(err)
	}
	for _, section := range auth.Menu(id) {
		fmt.Println(section.Title)
		for _, p := range section.Permissions {
			fmt.Println("-", p.Title)
		}
	}
	// Output:
	// Posts
	// - Read
	// - Write
}

// Issue makes a ticket for a user whom the host has authenticated. With Groups
// the ticket can do less than its user.
func ExampleAuthority_Issue() {
	ctx := context.Background()
	auth := newsroom()
	token, err := auth.Issue(ctx, rbac.Login{User: "amy", Label: "nightly export", Groups: []string{"readers"}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(token) // the secret is only in token.Secret()
	fmt.Println(auth.Judge(ctx, token, rbac.HasPermission("post.read")))
	fmt.Println(errors.Is(auth.Judge(ctx, token, rbac.HasPermission("post.write")), rbac.ErrDenied))
	// Output:
	// token (redacted)
	// <nil>
	// true
}

// A message for the next page is kept with the ticket until the message is
// shown.
func ExampleAuthority_SetValue() {
	ctx := context.Background()
	auth := newsroom()
	// for a request, use httpguard's Guard.Token
	token, err := auth.Issue(ctx, rbac.Login{User: "amy"})
	if err != nil {
		log.Fatal(err)
	}
	if err := auth.SetValue(ctx, token, "flash", "Your post is saved."); err != nil {
		log.Fatal(err)
	}

	message, err := auth.Value(ctx, token, "flash")
	if err != nil {
		log.Fatal(err)
	}
	if message != "" { // once
		if err := auth.SetValue(ctx, token, "flash", ""); err != nil {
			log.Fatal(err)
		}
	}
	again, err := auth.Value(ctx, token, "flash")
	fmt.Printf("%q %q %v\n", message, again, err)

	_, err = auth.Value(ctx, rbac.Token{}, "flash") // nobody is logged in
	fmt.Println(errors.Is(err, rbac.ErrNoTicket))
	// Output:
	// "Your post is saved." "" <nil>
	// true
}

// Inside an Update, Check decides in the same transaction that acts.
func ExampleTx_Check() {
	ctx := context.Background()
	auth := newsroom()
	token, err := auth.Issue(ctx, rbac.Login{User: "bob"})
	if err != nil {
		log.Fatal(err)
	}
	err = auth.Update(ctx, func(tx *rbac.Tx) error {
		if err := tx.Check(token, rbac.HasPermission("post.write")); err != nil {
			return err
		}
		return tx.DeleteUser("amy")
	})
	fmt.Println(err)
	// Output:
	// rbac: denied: needs post.write, which the group editors gives; you are in readers
}

// A user ends all sessions but this one: those on a lost phone, for example.
// API keys would end, too, so their ids are given as well.
func ExampleTx_EndTickets() {
	ctx := context.Background()
	auth := newsroom()
	defer auth.Close()
	var here rbac.Ticket
	for _, browser := range []string{"phone", "laptop", "this browser"} {
		token, err := auth.Issue(ctx, rbac.Login{User: "amy", UserAgent: browser})
		if err != nil {
			log.Fatal(err)
		}
		if here, err = auth.Ticket(ctx, token); err != nil {
			log.Fatal(err)
		}
	}
	err := auth.Update(ctx, func(tx *rbac.Tx) error {
		except := []uuid.UUID{here.ID}
		for key, err := range tx.Tickets(rbac.TicketQuery{User: "amy", Kind: rbac.KeyTicket}) {
			if err != nil {
				return err
			}
			except = append(except, key.ID)
		}
		ended, err := tx.EndTickets("amy", except...)
		fmt.Println("ended:", ended)
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	err = auth.View(ctx, func(tx *rbac.Tx) error {
		for t, err := range tx.Tickets(rbac.TicketQuery{Limit: 10}) {
			if err != nil {
				return err
			}
			fmt.Println(t.User, t.UserAgent)
		}
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// ended: 2
	// amy this browser
}
