package console

import (
	"errors"
	"slices"

	"github.com/rbac-go/rbac"
)

// access is what a person may do with the console. UpdateAs decides about each
// change again: access only decides what is shown.
type access struct {
	admin      bool     // may make every change
	everywhere bool     // has something to assign in every scope
	scopes     []string // the scopes in which there is something to assign, unless everywhere
	groups     []string // that may be assigned somewhere; for delegates only
	denied     error    // why the pages of administrators are closed; nil for administrators
}

// maxScopes bounds the scopes in which a delegate sees members. A delegate of
// more scopes names one.
const maxScopes = 100

// accessOf returns the access of an Identity. Without anything to administer,
// the error is ErrDenied.
func accessOf(tx *rbac.Tx, a *rbac.Authority, id *rbac.Identity) (access, error) {
	denied := rbac.Check(id, rbac.HasPermission(a.Config().Administer))
	if denied == nil {
		return access{admin: true, everywhere: true}, nil
	}
	if !errors.Is(denied, rbac.ErrDenied) {
		return access{}, denied
	}
	acc := access{denied: denied}
	everywhere, err := tx.Assignable(id, "")
	if err != nil {
		return access{}, err
	}
	acc.add(everywhere)
	if acc.everywhere = len(everywhere) > 0; acc.everywhere {
		return acc, nil
	}
	for m, err := range tx.Memberships(rbac.MembershipQuery{User: id.User()}) {
		if err != nil {
			return access{}, err
		}
		if m.Scope == "" || slices.Contains(acc.scopes, m.Scope) || len(acc.scopes) == maxScopes {
			continue
		}
		some, err := tx.Assignable(id, m.Scope)
		if err != nil {
			return access{}, err
		}
		if len(some) > 0 {
			acc.scopes = append(acc.scopes, m.Scope)
			acc.add(some)
		}
	}
	if len(acc.scopes) == 0 {
		return access{}, denied
	}
	slices.Sort(acc.scopes)
	return acc, nil
}

func (a *access) add(groups []rbac.Group) {
	for _, g := range groups {
		if !slices.Contains(a.groups, g.Name) {
			a.groups = append(a.groups, g.Name)
		}
	}
}

// seesGroup reports whether the page of a group is shown.
func (a access) seesGroup(name string) bool { return a.admin || slices.Contains(a.groups, name) }

// sees reports whether the members of a scope are shown.
func (a access) sees(scope string) bool {
	return a.everywhere || slices.Contains(a.scopes, scope)
}

// seesUser reports whether a user is shown: to delegates of scopes, only the
// members of these scopes.
func (a access) seesUser(tx *rbac.Tx, user string) (bool, error) {
	if a.everywhere {
		return true, nil
	}
	for _, err := range tx.Memberships(rbac.MembershipQuery{User: user, Scopes: a.scopes, Limit: 1}) {
		return err == nil, err
	}
	return false, nil
}
