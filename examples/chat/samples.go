package main

import (
	"context"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/examples/internal/users"
)

// samples are the users of the first start.
var samples = []struct {
	rbac.User
	password string
	member   rbac.Membership // the only membership of the user
}{
	{rbac.User{Name: "manager", DisplayName: "Example manager"}, "managepass", rbac.Membership{Group: "administrators"}},
	{rbac.User{Name: "ann", DisplayName: "Ann"}, "annspass", rbac.Membership{Group: "speakers", Scope: rooms[0].scope()}},
	{rbac.User{Name: "bob", DisplayName: "Bob"}, "bobspass", rbac.Membership{Group: "speakers", Scope: rooms[0].scope()}},
}

// addSamples creates the tables of the chat, and adds users to an empty store.
// Passwords are hashed before the transaction, since all other transactions
// wait for its end.
func addSamples(ctx context.Context, a *rbac.Authority) error {
	hashes := make([]string, len(samples))
	for i, s := range samples {
		var err error
		if hashes[i], err = a.HashPassword(ctx, s.password); err != nil {
			return err
		}
	}
	return a.Update(ctx, func(tx *rbac.Tx) error {
		if err := createHistory(ctx, tx); err != nil {
			return err
		}
		if found, err := users.Any(tx); found || err != nil {
			return err
		}
		for i, s := range samples {
			if _, err := users.Add(tx, s.User, hashes[i]); err != nil {
				return err
			}
			s.member.User = s.Name
			if err := tx.AssignUser(s.member); err != nil {
				return err
			}
		}
		return nil
	})
}
