// Package users has what the examples do with accounts, inside a transaction.
package users

import (
	"errors"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac"
)

// Any reports whether there is a user.
func Any(tx *rbac.Tx) (bool, error) {
	for _, err := range tx.Users(rbac.UserQuery{Limit: 1}) {
		return err == nil, err
	}
	return false, nil
}

// Add adds a user with a password, whose hash the caller makes before the
// transaction: hashing takes long, and all other transactions would wait.
func Add(tx *rbac.Tx, u rbac.User, hash string) (rbac.User, error) {
	u, err := tx.AddUser(u)
	if err != nil {
		return rbac.User{}, err
	}
	return u, tx.SetPasswordHash(u.Name, hash)
}

// SetDisabled disables or enables a user. Disabling ends the user's tickets,
// too.
func SetDisabled(tx *rbac.Tx, name string, disabled bool) error {
	u, err := tx.User(name)
	if err != nil {
		return err
	}
	u.Disabled = disabled
	return tx.ModifyUser(u)
}

// ShownName returns the name of a user for other people. A user who was deleted
// is "somebody who left".
func ShownName(tx *rbac.Tx, id uuid.UUID) (string, error) {
	u, err := tx.UserByID(id)
	switch {
	case errors.Is(err, rbac.ErrNotFound):
		return "somebody who left", nil
	case u.DisplayName != "":
		return u.DisplayName, err
	}
	return u.Name, err
}
