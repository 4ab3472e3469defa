package rbac_test

import (
	"context"
	"fmt"

	"github.com/rbac-go/rbac"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

// An administrator invites a colleague, who chooses a password with the link.
// Nobody else ever knows the password.
func ExampleAuthority_IssueLink() {
	ctx := context.Background()
	auth, err := rbac.Open(ctx, memorystore.New(), rbac.Config{})
	if err != nil {
		panic(err)
	}
	defer auth.Close()

	var link rbac.Token
	err = auth.Update(ctx, func(tx *rbac.Tx) error {
		u, err := tx.AddUser(rbac.User{Name: "nina", Email: "nina@example.org"})
		if err != nil {
			return err
		}
		link, err = tx.IssueLink(rbac.Link{User: u.Name, Purpose: rbac.LinkInvite})
		return err
	})
	if err != nil {
		panic(err)
	}
	// guard.PasswordURL(link) goes to u.Email.

	fmt.Println(auth.ResetPassword(ctx, link, "seven dry umbrellas"))
	fmt.Println(auth.ResetPassword(ctx, link, "somebody else's words"))
	_, err = auth.Login(ctx, rbac.Login{User: "nina", Password: "seven dry umbrellas"})
	fmt.Println(err)
	// Output:
	// <nil>
	// rbac: no ticket
	// <nil>
}

// A service confirms the e-mail address of a user, and closes accounts by mail:
// a link for a purpose of its own.
func ExampleAuthority_RedeemLink() {
	ctx := context.Background()
	auth, err := rbac.Open(ctx, memorystore.New(), rbac.Config{})
	if err != nil {
		panic(err)
	}
	defer auth.Close()
	user := rbac.User{Name: "nina", Email: "nina@example.org"}
	if _, err := auth.CreateUser(ctx, user, "seven dry umbrellas"); err != nil {
		panic(err)
	}
	issue := func(purpose string) rbac.Token {
		link, err := auth.IssueLink(ctx, rbac.Link{User: "nina", Purpose: purpose})
		if err != nil {
			panic(err)
		}
		return link
	}

	verify := issue(rbac.LinkVerify)
	err = auth.RedeemLink(ctx, verify, rbac.LinkVerify, func(_ *rbac.Tx, u rbac.User) error {
		fmt.Println(u.Email, "is verified:", !u.EmailVerified.IsZero())
		return nil
	})
	fmt.Println(err)

	closing := issue("close account")
	err = auth.RedeemLink(ctx, closing, "close account", func(tx *rbac.Tx, u rbac.User) error {
		return tx.DeleteUser(u.Name)
	})
	fmt.Println(err)
	// Output:
	// nina@example.org is verified: true
	// <nil>
	// <nil>
}
