package rbac_test

import (
	"context"
	"fmt"
	"net/netip"

	"github.com/rbac-go/rbac"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

// A user sees her recent sign-ins, as on an account page.
func ExampleTx_Logins() {
	ctx := context.Background()
	auth, err := rbac.Open(ctx, memorystore.New(), rbac.Config{})
	if err != nil {
		panic(err)
	}
	defer auth.Close()
	if _, err := auth.CreateUser(ctx, rbac.User{Name: "nina"}, "seven dry umbrellas"); err != nil {
		panic(err)
	}
	for _, password := range []string{"guess", "another guess", "seven dry umbrellas"} {
		auth.Login(ctx, rbac.Login{User: "nina", Password: password, Addr: netip.MustParseAddr("2001:db8::7")})
	}

	err = auth.View(ctx, func(tx *rbac.Tx) error {
		for l, err := range tx.Logins(rbac.LoginQuery{User: "nina", Limit: 10}) {
			if err != nil {
				return err
			}
			fmt.Printf("%d × %s from %v\n", l.Count, l.Outcome, l.From)
		}
		return nil
	})
	if err != nil {
		panic(err)
	}
	// Output:
	// 1 × success from 2001:db8::7/128
	// 2 × wrong password from 2001:db8::/64
}
