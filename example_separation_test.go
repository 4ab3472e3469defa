package rbac_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/rbac-go/rbac"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

// bank returns a small world with duties to be separated: a user who orders
// does not approve, and an auditor does not stand at the till at the same time.
func bank() *rbac.Authority {
	ctx := rbac.WithActor(context.Background(), "amy")
	day := func() time.Time { return time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC) }
	auth, err := rbac.Open(ctx, memorystore.New(), rbac.Config{Clock: day})
	if err != nil {
		log.Fatal(err)
	}
	err = auth.Declare(ctx, rbac.Catalogue{
		Permissions:  []rbac.Permission{{Name: "ledger.read"}, {Name: "cash.take"}},
		Groups:       []rbac.Group{{Name: "accounting"}, {Name: "approvers"}, {Name: "auditors"}, {Name: "buyers"}, {Name: "tellers"}},
		Inheritances: []rbac.Inheritance{{Senior: "auditors", Junior: "accounting"}},
		Grants:       []rbac.Grant{{Group: "accounting", Permission: "ledger.read"}, {Group: "tellers", Permission: "cash.take"}},
	})
	if err != nil {
		log.Fatal(err)
	}
	err = auth.Update(ctx, func(tx *rbac.Tx) error {
		if _, err := tx.AddUser(rbac.User{Name: "bob"}); err != nil {
			return err
		}
		for _, group := range []string{"auditors", "buyers", "tellers"} {
			if err := tx.AssignUser(rbac.Membership{User: "bob", Group: group}); err != nil {
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

// Nobody may be in both groups of a static set. A user may be in both groups of
// a dynamic set, and chooses the active group.
func ExampleSeparationSet() {
	ctx := context.Background()
	auth := bank()
	err := auth.Update(ctx, func(tx *rbac.Tx) error {
		if err := tx.CreateSSDSet(rbac.SeparationSet{Name: "purchase", Groups: []string{"approvers", "buyers"}, Cardinality: 2}); err != nil {
			return err
		}
		return tx.CreateDSDSet(rbac.SeparationSet{Name: "till", Groups: []string{"auditors", "tellers"}, Cardinality: 2})
	})
	if err != nil {
		log.Fatal(err)
	}

	err = auth.Update(ctx, func(tx *rbac.Tx) error {
		return tx.AssignUser(rbac.Membership{User: "bob", Group: "approvers"})
	})
	fmt.Println(err)

	token, err := auth.Issue(ctx, rbac.Login{User: "bob"})
	if err != nil {
		log.Fatal(err)
	}
	ticket, err := auth.Ticket(ctx, token)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("left out:", ticket.Omitted)
	fmt.Println(auth.AddActiveGroup(ctx, token, "tellers"))
	fmt.Println(auth.SetActiveGroups(ctx, token, []string{"tellers"}))
	fmt.Println(auth.Judge(ctx, token, rbac.HasPermission("cash.take")))
	// Output:
	// SSD set "purchase": rbac: separation of duty violated: fewer than 2 of approvers, buyers may come together: bob → approvers, bob → buyers
	// left out: [tellers]
	// DSD set "till": rbac: separation of duty violated: fewer than 2 of auditors, tellers may come together: bob → auditors, bob → tellers
	// <nil>
	// <nil>
}

// An administrator asks by which paths a user has a right, the grantor of the
// right, and the changes that would grant the right.
func ExampleAuthority_ExplainUser() {
	ctx := context.Background()
	auth := bank()
	for _, p := range []rbac.Predicate{rbac.InGroup("accounting"), rbac.InGroup("approvers")} {
		e, err := auth.ExplainUser(ctx, "bob", p)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(e)
	}
	// Output:
	// met    in_group("accounting"): bob is in auditors, which inherits accounting
	//   met    bob → auditors (assigned by amy, 2026-03-01) → accounting (inherited)
	// unmet  in_group("approvers"): needs the group approvers; bob is in accounting, auditors, buyers, tellers
	//   unmet  a membership in approvers would give it
}
