package rbac

import (
	"errors"
	"iter"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/store"
)

// Users lists the users that a query selects, in byte order of their names.
// ErrNotFound for an unknown Group or Permission; ErrInvalid for a Scope that
// no membership can have, an unknown State, or a LastLoginBefore outside the
// years 1970 to 9999.
func (tx *Tx) Users(q UserQuery) iter.Seq2[User, error] {
	return lazily(func() (iter.Seq2[User, error], error) {
		f, err := tx.userFilter(q)
		return tx.users(f), err
	})
}

// CountUsers returns the number of users that a query selects. After and Limit
// are ignored. Errors are those of Users.
func (tx *Tx) CountUsers(q UserQuery) (int, error) {
	f, err := tx.userFilter(q)
	if err != nil {
		return 0, err
	}
	f.After, f.Limit = "", 0
	return tx.r.CountUsers(f)
}

// userFilter returns the filter of a query.
func (tx *Tx) userFilter(q UserQuery) (store.UserFilter, error) {
	err := validTime("user query", "", "LastLoginBefore", q.LastLoginBefore)
	if q.Scope != "" {
		err = errors.Join(err, invalid("user query", "", "Scope", badScope(q.Scope)))
	}
	if q.State < AnyUser || q.State > DisabledUser {
		err = errors.Join(err, invalid("user query", "", "State", "is none of AnyUser, EnabledUser and DisabledUser"))
	}
	f := store.UserFilter{
		Search:          q.Search,
		After:           q.After,
		Limit:           q.Limit,
		At:              tx.now,
		Enabled:         q.State == EnabledUser,
		Disabled:        q.State == DisabledUser,
		LastLoginBefore: instant(q.LastLoginBefore),
	}
	if err != nil {
		return f, err
	}
	if q.Scope != "" {
		f.Scopes = []string{q.Scope}
	}
	if q.Group != "" {
		g, err := tx.group(q.Group)
		if f.Groups = []uuid.UUID{g.ID}; err == nil && !q.Direct {
			f.Groups, err = tx.rules().Seniors(g.ID)
		}
		if err != nil {
			return f, err
		}
	}
	if q.Permission == "" {
		return f, nil
	}
	holders, err := tx.permissionGroups(q.Permission)
	if err != nil {
		return f, err
	}
	var where []string
	if q.Scope != "" {
		where = []string{"", q.Scope}
	}
	if q.Group != "" {
		f.AlsoGroups, f.AlsoScopes = holders, where
	} else {
		f.Groups, f.Scopes = holders, where
	}
	return f, nil
}

// permissionGroups returns the groups that have a permission.
func (tx *Tx) permissionGroups(permission string) ([]uuid.UUID, error) {
	if _, err := tx.permission(permission); err != nil {
		return nil, err
	}
	return tx.rules().PermissionGroups(permission)
}

func (tx *Tx) users(f store.UserFilter) iter.Seq2[User, error] {
	return func(yield func(User, error) bool) {
		for u, err := range tx.r.Users(f) {
			if !yield(User(u.User), err) {
				return
			}
		}
	}
}
