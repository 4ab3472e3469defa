package console

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/rbac-go/rbac"
)

// access states what a person may do with the console. access only decides what
// is shown: UpdateAs checks each change.
type access struct {
	admin      bool     // may make every change
	everywhere bool     // has something to assign in every scope
	scopes     []string // in which there is something to assign, in byte order; nil for administrators
}

// errAdmins closes the pages of administrators to delegates. The text names
// nothing.
var errAdmins = fmt.Errorf("%w: the page is for administrators", rbac.ErrDenied)

// accessOf returns the access of an Identity. If the Identity may administer
// nothing, the error is ErrDenied. The rights of the Identity everywhere count,
// even if the host has put the Identity into a scope.
func accessOf(tx *rbac.Tx, a *rbac.Authority, id *rbac.Identity) (access, error) {
	if everywhere, _ := id.Scopes(a.Config().Administer); everywhere {
		return access{admin: true, everywhere: true}, nil
	}
	scopes, err := tx.AssignableScopes(id)
	if err != nil {
		return access{}, err
	}
	if len(scopes) == 0 {
		return access{}, rbac.Check(id, rbac.HasPermission(a.Config().Administer))
	}
	return access{scopes: scopes, everywhere: scopes[0] == ""}, nil
}

// sees reports whether the members of a scope are shown.
func (a access) sees(scope string) bool {
	return a.everywhere || slices.Contains(a.scopes, scope)
}

// firstScope returns the scope that a list begins with.
func (a access) firstScope() string {
	if a.everywhere {
		return ""
	}
	return a.scopes[0]
}

// seesUser returns ErrNotFound for a user who does not exist or is not shown.
// Delegates of scopes see the present members of these scopes.
func (a access) seesUser(tx *rbac.Tx, user string) error {
	if a.admin {
		return nil
	}
	u, err := tx.User(user)
	if err != nil {
		return hidden(err)
	}
	if a.everywhere {
		return nil
	}
	for m, err := range tx.Memberships(rbac.MembershipQuery{User: u.Name, Scopes: a.scopes}) {
		if err != nil || !ended(m, tx.Now()) {
			return err
		}
	}
	return rbac.ErrNotFound
}

// ended reports whether a membership has ended by a time: a membership ends at
// its Until.
func ended(m rbac.Membership, now time.Time) bool { return !m.Until.IsZero() && !m.Until.After(now) }

// assignableGroups caches the groups that the person may assign in each scope.
type assignableGroups struct {
	v      *visit
	tx     *rbac.Tx
	scopes map[string][]rbac.Group
}

func (v *visit) assignableGroups(tx *rbac.Tx) *assignableGroups {
	return &assignableGroups{v, tx, map[string][]rbac.Group{}}
}

func (a *assignableGroups) in(scope string) (groups []rbac.Group, err error) {
	groups, asked := a.scopes[scope]
	if !asked {
		groups, err = a.tx.Assignable(a.v.id, scope)
		a.scopes[scope] = groups
	}
	return groups, hidden(err)
}

// require returns ErrNotFound for a group that does not exist, or that a
// delegate may not assign in a scope. The group "" is no group.
func (a *assignableGroups) require(group, scope string) error {
	if a.v.access.admin || group == "" {
		return nil
	}
	groups, err := a.in(scope)
	if err != nil || !hasGroup(groups, group) {
		return cmp.Or(err, rbac.ErrNotFound)
	}
	return nil
}

// hidden returns ErrNotFound without a name, for a missing record and for an
// impossible name: delegates must not learn which records exist.
func hidden(err error) error {
	if errors.Is(err, rbac.ErrNotFound) || errors.Is(err, rbac.ErrInvalid) {
		return rbac.ErrNotFound
	}
	return err
}

// readScope sets the scope of the page for a delegate, and the groups that the
// delegate may assign there. The page shows nothing else. Administrators see
// every scope.
func (v *visit) readScope(tx *rbac.Tx, scope string) (err error) {
	if v.access.admin {
		return nil
	}
	if scope == "" {
		scope = v.access.firstScope()
	}
	if !v.access.sees(scope) {
		return rbac.ErrNotFound
	}
	v.scope = scope
	v.groups, err = tx.Assignable(v.id, scope)
	return hidden(err)
}

// seesGroup reports whether a group is shown.
func (v *visit) seesGroup(name string) bool { return v.access.admin || hasGroup(v.groups, name) }

// seesMembership reports whether a membership is shown. Delegates see the
// memberships that they may end.
func (v *visit) seesMembership(m rbac.Membership) bool {
	return v.access.admin || (v.scope == "" || m.Scope == v.scope) && v.seesGroup(m.Group)
}

func hasGroup(list []rbac.Group, name string) bool {
	return slices.ContainsFunc(list, func(g rbac.Group) bool { return g.Name == name })
}
