package rbac_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/rbac-go/rbac"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

// A predicate from a configuration file. A printed predicate can be parsed
// again.
func ExampleParse() {
	p, err := rbac.Parse(`
		any(
			is_user("root"),
			all(has_permission("manage"), from_net("10.0.0.0/8")),
			msg="Only administrators",
		)`)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(p)
	fmt.Println(rbac.Check(rbac.NewIdentity("bob", nil, nil), p))
	// Output:
	// any(is_user("root"), all(has_permission("manage"), from_net("10.0.0.0/8")), msg="Only administrators")
	// rbac: denied: Only administrators
}

// An error names the position of the mistake in the expression.
func ExampleParseError() {
	_, err := rbac.Parse("all(\n\tnot_anonymous(),\n\thas_permision(\"manage\"))")
	if e, ok := errors.AsType[*rbac.ParseError](err); ok {
		fmt.Println(e.Line, e.Column, e.Err.Reason)
	}
	// Output:
	// 3 2 there is no such predicate; did you mean "has_permission"?
}

// A service checks at its start that all names in its guards exist.
func ExampleAuthority_Validate() {
	auth, err := rbac.Open(context.Background(), memorystore.New(), rbac.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer auth.Close()
	err = auth.Declare(context.Background(), rbac.Catalogue{
		Permissions: []rbac.Permission{{Name: "post.write"}},
		Groups:      []rbac.Group{{Name: "editors"}},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(auth.Validate(rbac.All(rbac.InGroup("editors"), rbac.HasPermission("post.write"))))
	fmt.Println(auth.Validate(rbac.Any(rbac.InGroup("staff"), rbac.HasPermission("post.wirte"))))
	// Output:
	// <nil>
	// group "staff": rbac: not found
	// permission "post.wirte": rbac: not found: did you mean "post.write"?
}

// An address is the origin of a request. Check the user as well.
func ExampleFromNet() {
	office := netip.MustParsePrefix("10.0.0.0/8")
	payroll := rbac.All(rbac.InGroup("accountants"), rbac.FromNet(office))

	amy := rbac.NewIdentity("amy", []string{"accountants"}, nil)
	fmt.Println(rbac.Check(amy.WithAddr(netip.MustParseAddr("10.1.2.3")), payroll))
	fmt.Println(rbac.Check(amy.WithAddr(netip.MustParseAddr("192.0.2.1")), payroll))
	fmt.Println(rbac.Check(amy, payroll))
	// Output:
	// <nil>
	// rbac: denied: needs an address in 10.0.0.0/8; your address is 192.0.2.1
	// rbac: denied: the address is unknown
}

// Actions that should not be left to an unattended browser need a recent login.
func ExampleAuthenticatedWithin() {
	ctx := context.Background()
	var later atomic.Int64 // a clock that can be put forward
	clock := func() time.Time { return time.Now().Add(time.Duration(later.Load())) }
	auth, err := rbac.Open(ctx, memorystore.New(), rbac.Config{Clock: clock})
	if err != nil {
		log.Fatal(err)
	}
	defer auth.Close()
	err = auth.Update(ctx, func(tx *rbac.Tx) error {
		_, err := tx.AddUser(rbac.User{Name: "amy"})
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	token, err := auth.Issue(ctx, rbac.Login{User: "amy"})
	if err != nil {
		log.Fatal(err)
	}

	deleteAccount := rbac.AuthenticatedWithin(15 * time.Minute)
	fmt.Println(auth.Judge(ctx, token, deleteAccount))
	later.Store(int64(40 * time.Minute))
	err = auth.Judge(ctx, token, deleteAccount)
	fmt.Println(err)
	if denied, ok := errors.AsType[*rbac.DeniedError](err); ok {
		fmt.Println(denied.FreshLogin())
	}
	// Output:
	// <nil>
	// rbac: denied: needs a login within the last 15m; your login was 40m ago
	// 15m0s true
}
