package rbac

import (
	"context"
	"errors"
)

// CreateUser adds a user with a password and memberships of groups, all or
// nothing, and returns the user as stored. CreateUser hashes the password
// first, and then runs one Update of [Tx.AddUser], [Tx.SetPasswordHash] and
// [Tx.AssignUser]. Inside an Update, call these three functions, with a hash
// that [Authority.HashPassword] made before.
//
// Errors: ErrInvalid with the field, or with the rule that the password breaks;
// ErrExists for a taken name, e-mail address or subject; ErrNotFound for a
// group; ErrSeparation; ErrBusy; ErrUnavailable.
func (a *Authority) CreateUser(ctx context.Context, u User, password string, groups ...string) (User, error) {
	if _, err := checkedUser(u); err != nil {
		return User{}, errors.Join(err, a.cfg.checkPassword(password))
	}
	hash, err := a.HashPassword(ctx, password)
	if err != nil {
		return User{}, err
	}
	var added User
	err = a.Update(ctx, func(tx *Tx) (err error) {
		if added, err = tx.AddUser(u); err != nil {
			return err
		}
		if err := tx.SetPasswordHash(added.Name, hash); err != nil {
			return err
		}
		for _, group := range groups {
			if err := tx.AssignUser(Membership{User: added.Name, Group: group}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return User{}, err
	}
	return added, nil
}
