package main

import (
	"context"
	"time"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/examples/internal/users"
)

// addSamples adds users and a first post to an empty store, and nothing later:
// there is always a manager, since the last manager is protected.
//
// Passwords are hashed before the transaction, since all other transactions
// wait for its end.
func addSamples(ctx context.Context, a *rbac.Authority, p posts) error {
	var hashes [3]string
	for i, password := range []string{"managepass", "editpass", "headpass"} {
		var err error
		if hashes[i], err = a.HashPassword(ctx, password); err != nil {
			return err
		}
	}
	ctx = rbac.WithReason(rbac.WithActor(ctx, program), "first start")
	return a.Update(ctx, func(tx *rbac.Tx) error {
		if err := p.prepare(ctx, tx); err != nil {
			return err
		}
		if found, err := users.Any(tx); found || err != nil {
			return err
		}
		manager, err := users.Add(tx, rbac.User{Name: "manager", DisplayName: "Example manager"}, hashes[0])
		if err != nil {
			return err
		}
		if err := tx.AssignUser(rbac.Membership{User: "manager", Group: "managers"}); err != nil {
			return err
		}
		if _, err := users.Add(tx, rbac.User{Name: "editor", DisplayName: "Example editor"}, hashes[1]); err != nil {
			return err
		}
		if err := addNewsroom(tx, hashes[2]); err != nil {
			return err
		}
		_, err = p.save(ctx, tx, Post{Title: welcomeTitle, Body: welcomeBody, Author: manager.ID, Created: time.Now()})
		return err
	})
}

const (
	welcomeTitle = "Welcome"
	welcomeBody  = `Everybody can read this. Who may do more is decided while the blog runs.

Sign in as editor with the password editpass and open “/posts/new”: you are told which permission is missing, and which group would give it.

Then sign in as manager with the password managepass in another browser or a private window, open “Users and groups”, give editor the group editors, and click again in the first one. Take the group away, and the next click is refused.

Amara, with the password headpass, heads the culture desk. She chooses who else may edit its posts, and nobody's rights elsewhere.`
)
