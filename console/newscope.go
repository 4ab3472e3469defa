package console

import (
	"slices"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/internal/names"
)

// A scope is free text: any name that somebody types is a scope. The pages
// therefore offer the existing scopes, and name a scope that is new. Delegates
// choose from their own scopes.

// maxOffered bounds the scopes that a field offers.
const maxOffered = 100

// KnownScopes returns the first existing scopes, for administrators.
func (f frame) KnownScopes() []string {
	if !f.access.admin {
		return nil
	}
	list, _ := read(f.visit, func(tx *rbac.Tx, list *[]string) error { // without the list, the scope is typed
		for scope, err := range tx.Scopes() {
			if err != nil || len(*list) == maxOffered {
				return err
			}
			if scope != "" {
				*list = append(*list, scope)
			}
		}
		return nil
	})
	return list
}

// warnings returns the names in edits of an administrator that may be mistyped:
// new scopes, and patterns that match no permission.
func (v *visit) warnings(edits []edit) ([]string, error) {
	if !v.access.admin {
		return nil, nil
	}
	return read(v, func(tx *rbac.Tx, list *[]string) error {
		permissions, err := tx.Permissions()
		if err != nil {
			return err
		}
		asked := map[string]bool{}
		for _, e := range edits {
			scope, pattern := e.get("scope"), e.get("permission")
			switch {
			case e.do == "grant" && names.IsPattern(pattern) && !asked["*"+pattern]:
				asked["*"+pattern] = true
				if !slices.ContainsFunc(permissions, func(p rbac.Permission) bool { return names.Matches(pattern, p.Name) }) {
					*list = append(*list, v.T("new pattern", pattern))
				}
			case e.do == "assign" && scope != "" && !asked[scope]:
				asked[scope] = true
				used, err := atLeast(tx, scope, 1)
				if err != nil {
					return err
				}
				if !used {
					*list = append(*list, v.T("new scope", scope))
				}
			}
			if len(*list) == shownRows {
				return nil
			}
		}
		return nil
	})
}

// newScopes returns the scopes whose only memberships are those that the
// changes have just made. Only the first scopes of the changes are examined.
func (v *visit) newScopes(tx *rbac.Tx, changes []rbac.Change) (list []string, err error) {
	if !v.access.admin {
		return nil, nil
	}
	made := map[string]int{}
	var scopes []string
	for _, c := range changes {
		if c.Action == "AssignUser" && c.Scope != "" {
			if made[c.Scope]++; made[c.Scope] == 1 {
				scopes = append(scopes, c.Scope)
			}
		}
	}
	for _, scope := range scopes[:min(len(scopes), shownChanges)] {
		others, err := atLeast(tx, scope, made[scope]+1)
		if err != nil {
			return nil, err
		}
		if !others {
			list = append(list, v.T("was new scope", scope))
		}
	}
	return list, nil
}

// atLeast reports whether a scope has at least a number of memberships.
func atLeast(tx *rbac.Tx, scope string, n int) (bool, error) {
	for _, err := range tx.Memberships(rbac.MembershipQuery{Scopes: []string{scope}, Limit: n}) {
		if err != nil {
			return false, err
		}
		n--
	}
	return n == 0, nil
}
