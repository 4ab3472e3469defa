package rbac_test

import (
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac"
)

// A decision is an error, and nil only when allowed.
func ExampleCheck() {
	mayPublish := rbac.All(rbac.InGroup("editors"), rbac.HasPermission("post.publish"))

	amy := rbac.NewIdentity("amy", []string{"editors"}, []string{"post.publish"})
	fmt.Println(rbac.Check(amy, mayPublish))

	bob := rbac.NewIdentity("bob", []string{"readers"}, nil)
	err := rbac.Check(bob, mayPublish)
	fmt.Println(err)
	fmt.Println(errors.Is(err, rbac.ErrDenied))
	// Output:
	// <nil>
	// rbac: denied: needs the group editors, and needs post.publish; you are in readers
	// true
}

func ExampleMet() {
	amy := rbac.NewIdentity("amy", []string{"editors"}, nil)
	fmt.Println(rbac.Met(amy, rbac.InGroup("editors")))
	fmt.Println(rbac.Met(nil, rbac.InGroup("editors")))
	// Output:
	// true
	// false
}

// A right to one object is checked by a predicate that is made for the request.
func ExampleAny() {
	type post struct{ author uuid.UUID }
	mayEdit := func(p post) rbac.Predicate {
		return rbac.Any(rbac.HasPermission("post.edit"), rbac.IsUserID(p.author))
	}

	p := post{author: uuid.MustParse("6ba7b810-9dad-11d1-80b4-00c04fd430c8")}
	fmt.Println(mayEdit(p))
	fmt.Println(rbac.Met(rbac.NewIdentity("amy", nil, []string{"post.edit"}), mayEdit(p)))
	// Output:
	// any(has_permission("post.edit"), is_user_id("6ba7b810-9dad-11d1-80b4-00c04fd430c8"))
	// true
}

// Everybody outside the group meets Not, anonymous visitors included.
func ExampleNot() {
	nobody := rbac.NewIdentity("", nil, nil)
	outside := rbac.Not(rbac.InGroup("trolls"))
	fmt.Println(rbac.Met(nobody, outside))
	fmt.Println(rbac.Met(nobody, rbac.All(rbac.NotAnonymous(), outside)))
	// Output:
	// true
	// false
}

// A condition on the host's own data: here, users who have paid.
func ExampleFunc() {
	paid := map[string]bool{"amy": true}
	hasPaid := rbac.Func("has paid", func(id *rbac.Identity) bool { return paid[id.User()] })

	fmt.Println(rbac.Check(rbac.NewIdentity("amy", nil, nil), hasPaid))
	fmt.Println(rbac.Check(rbac.NewIdentity("bob", nil, nil), hasPaid))
	// Output:
	// <nil>
	// rbac: denied: needs the check "has paid" to pass
}

func ExampleWithMessage() {
	staff := rbac.WithMessage(rbac.InAnyGroup("editors", "managers"), "This page is for the staff.")
	err := rbac.Check(rbac.NewIdentity("bob", nil, nil), staff)
	if denied, ok := errors.AsType[*rbac.DeniedError](err); ok {
		fmt.Println(denied.Message)
	}
	// Output:
	// This page is for the staff.
}

func ExampleExplain() {
	amy := rbac.NewIdentity("amy", []string{"readers"}, nil)
	e := rbac.Explain(amy, rbac.All(rbac.NotAnonymous(), rbac.HasPermission("post.write")))
	fmt.Println(e.Met, e.Reason)
	fmt.Println(e)
	// Output:
	// false needs post.write; you are in readers
	// unmet  all(not_anonymous(), has_permission("post.write")): needs post.write; you are in readers
	//   met    not_anonymous(): you are amy
	//   unmet  has_permission("post.write"): needs post.write; you are in readers
}

// A host with its own source of users and groups judges predicates without an
// Authority.
func ExampleNewIdentity() {
	amy := rbac.NewIdentity("Amy", []string{"editors"}, []string{"post.write"})
	fmt.Println(amy, amy.InGroup("editors"), amy.HasPermission("post.write"), amy.HasPermission("post.edit"))
	// Output:
	// user "amy" true true false
}
