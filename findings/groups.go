package findings

import (
	"cmp"
	"slices"
	"strings"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/internal/names"
)

// groupFindings are the findings about groups and permissions.
type groupFindings struct{ empty, unheld, unmatched counter }

func lookAtGroups(tx *rbac.Tx) (f groupFindings, err error) {
	groups, err1 := tx.Groups()
	permissions, err2 := tx.Permissions()
	grants, err3 := tx.AllGrants()
	populated, err4 := populatedGroups(tx, groups)
	if err := cmp.Or(err1, err2, err3, err4); err != nil {
		return f, err
	}
	held := map[string]bool{} // names and patterns that somebody has
	matching := map[string][]rbac.Permission{}
	for _, g := range groups {
		if !populated[g.Name] {
			f.empty.add(Record{Group: g.Name})
		}
	}
	for _, grant := range grants {
		held[grant.Permission] = held[grant.Permission] || populated[grant.Group]
		if !names.IsPattern(grant.Permission) {
			continue
		}
		list, ok := matching[grant.Permission]
		if !ok {
			list = matched(permissions, grant.Permission)
			matching[grant.Permission] = list
		}
		if len(list) == 0 {
			f.unmatched.add(Record{Group: grant.Group, Permission: grant.Permission, At: grant.GrantedAt})
		}
	}
	for pattern, list := range matching {
		for _, p := range list {
			held[p.Name] = held[p.Name] || held[pattern]
		}
	}
	for _, p := range permissions {
		if !held[p.Name] {
			f.unheld.add(Record{Permission: p.Name})
		}
	}
	return f, nil
}

// populatedGroups returns the groups with a member now: a membership of the
// group itself, or of a group that inherits it. Groups that nobody inherits are
// asked first: a member of such a group answers for all groups below.
func populatedGroups(tx *rbac.Tx, groups []rbac.Group) (map[string]bool, error) {
	inheritances, err := tx.Inheritances()
	if err != nil {
		return nil, err
	}
	juniors, inherited := map[string][]string{}, map[string]bool{}
	for _, i := range inheritances {
		juniors[i.Senior] = append(juniors[i.Senior], i.Junior)
		inherited[i.Junior] = true
	}
	rank := func(g rbac.Group) int {
		if inherited[g.Name] {
			return 1
		}
		return 0
	}
	groups = slices.Clone(groups)
	slices.SortStableFunc(groups, func(a, b rbac.Group) int { return rank(a) - rank(b) })
	populated := map[string]bool{}
	var populate func(group string)
	populate = func(group string) {
		if !populated[group] {
			populated[group] = true
			for _, junior := range juniors[group] {
				populate(junior)
			}
		}
	}
	for _, g := range groups {
		if populated[g.Name] {
			continue
		}
		member, err := hasMember(tx, g.Name)
		if err != nil {
			return nil, err
		}
		if member {
			populate(g.Name)
		}
	}
	return populated, nil
}

// hasMember reports whether a group has a member now. Finding the first
// membership of the group is faster than finding its first user, and the
// membership usually has not ended.
func hasMember(tx *rbac.Tx, group string) (bool, error) {
	for m, err := range tx.Memberships(rbac.MembershipQuery{Group: group, Limit: 1}) {
		if err != nil || m.Until.IsZero() || m.Until.After(tx.Now()) {
			return true, err
		}
		for _, err := range tx.Users(rbac.UserQuery{Group: group, Limit: 1}) {
			return true, err
		}
	}
	return false, nil
}

// matched returns the permissions that a pattern matches, out of all in byte
// order.
func matched(permissions []rbac.Permission, pattern string) []rbac.Permission {
	stem := strings.TrimSuffix(pattern, names.Everything)
	from, exact := slices.BinarySearchFunc(permissions, stem, func(p rbac.Permission, stem string) int { return cmp.Compare(p.Name, stem) })
	if exact { // a permission equal to the stem, dot included, is not below the stem
		from++
	}
	to := from
	for to < len(permissions) && names.Matches(pattern, permissions[to].Name) {
		to++
	}
	return permissions[from:to]
}
