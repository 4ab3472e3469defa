package rbac_test

import (
	"context"
	"fmt"
	"time"

	"github.com/rbac-go/rbac"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

// withBackup returns an Authority in which the user backup is in the group
// readers, which may read posts, and in the group operators.
func withBackup(ctx context.Context) *rbac.Authority {
	auth, err := rbac.Open(ctx, memorystore.New(), rbac.Config{})
	if err != nil {
		panic(err)
	}
	err = auth.Declare(ctx, rbac.Catalogue{
		Permissions: []rbac.Permission{{Name: "post.read"}, {Name: "server.stop"}},
		Groups:      []rbac.Group{{Name: "readers"}, {Name: "operators"}},
		Grants:      []rbac.Grant{{Group: "readers", Permission: "post.read"}, {Group: "operators", Permission: "server.stop"}},
	})
	if err != nil {
		panic(err)
	}
	err = auth.Update(ctx, func(tx *rbac.Tx) error { // without a password: nobody logs in as backup
		if _, err := tx.AddUser(rbac.User{Name: "backup"}); err != nil {
			return err
		}
		if err := tx.AssignUser(rbac.Membership{User: "backup", Group: "readers"}); err != nil {
			return err
		}
		return tx.AssignUser(rbac.Membership{User: "backup", Group: "operators"})
	})
	if err != nil {
		panic(err)
	}
	return auth
}

// A program gets an API key that is restricted to one group of its user.
func ExampleAuthority_IssueKey() {
	ctx := context.Background()
	auth := withBackup(ctx)
	defer auth.Close()

	key, err := auth.IssueKey(rbac.WithActor(ctx, "root"), rbac.APIKey{
		User:    "backup",
		Label:   "nightly backup",
		Groups:  []string{"readers"},
		Expires: time.Now().AddDate(1, 0, 0),
	})
	if err != nil {
		panic(err)
	}
	// Give key.Secret() to the program: the secret cannot be read again.

	fmt.Println(auth.Judge(ctx, key, rbac.HasPermission("post.read")))
	fmt.Println(auth.Judge(ctx, key, rbac.HasPermission("server.stop")))
	// Output:
	// <nil>
	// rbac: denied: needs server.stop, which the group operators gives; you are in readers
}

// A program replaces its key while its other processes still use the old key.
func ExampleAuthority_RotateKey() {
	ctx := context.Background()
	auth := withBackup(ctx)
	defer auth.Close()
	old, err := auth.IssueKey(ctx, rbac.APIKey{User: "backup", Label: "nightly backup", Expires: time.Now().AddDate(1, 0, 0)})
	if err != nil {
		panic(err)
	}

	fresh, err := auth.RotateKey(ctx, old, 24*time.Hour)
	if err != nil {
		panic(err)
	}
	fmt.Println(auth.Judge(ctx, old, rbac.IsUser("backup"))) // for 24 hours
	fmt.Println(auth.Judge(ctx, fresh, rbac.IsUser("backup")))
	// Output:
	// <nil>
	// <nil>
}

// An administrator lists all API keys, and rotates those that are about to end:
// the new keys are good for another year.
func ExampleTx_RotateKey() {
	ctx := context.Background()
	auth := withBackup(ctx)
	defer auth.Close()
	if _, err := auth.IssueKey(ctx, rbac.APIKey{User: "backup", Label: "nightly backup", Expires: time.Now().AddDate(0, 0, 10)}); err != nil {
		panic(err)
	}

	keys := map[string]rbac.Token{}
	err := auth.Update(ctx, func(tx *rbac.Tx) error {
		var ending []rbac.Ticket
		for key, err := range tx.Tickets(rbac.TicketQuery{Kind: rbac.KeyTicket}) {
			if err != nil {
				return err
			}
			if key.Expires.Before(tx.Now().AddDate(0, 1, 0)) {
				ending = append(ending, key)
			}
		}
		for _, key := range ending {
			fresh, err := tx.RotateKey(key.ID, 7*24*time.Hour, tx.Now().AddDate(1, 0, 0))
			if err != nil {
				return err
			}
			keys[key.User+", "+key.Label] = fresh
		}
		return nil
	})
	if err != nil {
		panic(err)
	}
	for name := range keys {
		fmt.Println(name)
	}
	// Output:
	// backup, nightly backup
}
