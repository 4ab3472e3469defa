package main

import (
	"context"
	"time"

	"github.com/rbac-go/rbac"
)

// addSamples makes two users and a first post where there is no user yet, and does
// nothing later: a manager there always is, since the last one is protected.
//
// Passwords are hashed before the transaction, which holds up all others.
func addSamples(ctx context.Context, a *rbac.Authority, p posts) error {
	managepass, err := a.HashPassword(ctx, "managepass")
	if err != nil {
		return err
	}
	editpass, err := a.HashPassword(ctx, "editpass")
	if err != nil {
		return err
	}
	ctx = rbac.WithReason(rbac.WithActor(ctx, "blog"), "first start")
	return a.Update(ctx, func(tx *rbac.Tx) error {
		if err := p.prepare(ctx, tx); err != nil {
			return err
		}
		for _, err := range tx.Users(rbac.UserQuery{Limit: 1}) {
			return err // nil: somebody is there
		}
		manager, err := addUser(tx, rbac.User{Name: "manager", DisplayName: "Example manager"}, managepass)
		if err != nil {
			return err
		}
		if err := tx.AssignUser(rbac.Membership{User: "manager", Group: "managers"}); err != nil {
			return err
		}
		if _, err := addUser(tx, rbac.User{Name: "editor", DisplayName: "Example editor"}, editpass); err != nil {
			return err
		}
		_, err = p.save(ctx, tx, Post{Title: welcomeTitle, Body: welcomeBody, Author: manager.ID, Created: time.Now()})
		return err
	})
}

// addUser makes a user together with the password: nobody ever sees the one without the other.
func addUser(tx *rbac.Tx, u rbac.User, hash string) (rbac.User, error) {
	u, err := tx.AddUser(u)
	if err != nil {
		return rbac.User{}, err
	}
	return u, tx.SetPasswordHash(u.Name, hash)
}

const (
	welcomeTitle = "Welcome"
	welcomeBody  = `Everybody can read this. Who may do more is decided while the blog runs.

Sign in as editor with the password editpass and open “/posts/new”: you are told which permission is missing, and which group would give it.

Then sign in as manager with the password managepass in another browser or a private window, assign editor to editors, and click again in the first one. Take the group away, and the next click is refused.`
)
