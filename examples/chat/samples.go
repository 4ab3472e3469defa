package main

import (
	"context"

	"github.com/rbac-go/rbac"
)

// samples are the users of the first start.
var samples = []struct {
	rbac.User
	password string
	member   rbac.Membership // the user's only one
}{
	{rbac.User{Name: "manager", DisplayName: "Example manager"}, "managepass", rbac.Membership{Group: "administrators"}},
	{rbac.User{Name: "ann", DisplayName: "Ann"}, "annspass", rbac.Membership{Group: "speakers", Scope: rooms[0].scope()}},
	{rbac.User{Name: "bob", DisplayName: "Bob"}, "bobspass", rbac.Membership{Group: "speakers", Scope: rooms[0].scope()}},
}

// addSamples makes the tables of the chat, and its users where there is none yet. Passwords are hashed
// before the transaction, which holds up all others.
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
		for _, err := range tx.Users(rbac.UserQuery{Limit: 1}) {
			return err // nil: somebody is there
		}
		for i, s := range samples {
			if err := addUser(tx, s.User, hashes[i], s.member); err != nil {
				return err
			}
		}
		return nil
	})
}

func addUser(tx *rbac.Tx, u rbac.User, hash string, m rbac.Membership) error {
	if _, err := tx.AddUser(u); err != nil {
		return err
	}
	if err := tx.SetPasswordHash(u.Name, hash); err != nil {
		return err
	}
	m.User = u.Name
	return tx.AssignUser(m)
}
