package importer

import (
	"cmp"
	"slices"
)

// rights are those of the enforcer: in each domain the permissions of the lines
// of the user and of the user's roles. A line that is a pattern counts as a
// permission of the pattern's name, which nobody has here.
func (b *casbin) rights(user string) (rights oldRights) {
	for _, domain := range b.domains {
		var rules []*rule
		for name := range reach(user, maxLevels, func(name string) []string { return b.rolesOf(name, domain) }) {
			for _, r := range b.rulesOf[name] {
				if r.domain == domain {
					rules = append(rules, r)
				}
			}
		}
		slices.SortStableFunc(rules, b.before)
		decided := map[string]bool{}
		for _, r := range rules {
			for _, permission := range r.permissions {
				if b.model.denyWins && decided[permission] {
					continue
				}
				decided[permission] = true
				if !r.deny {
					rights.add(permission, domain)
				}
			}
		}
	}
	return rights
}

// before orders lines by their effect: the first line about a permission decides.
// In a model with priorities the first line is that of the smallest number or,
// without numbers, of the policy; in any other model a line that denies.
func (b *casbin) before(x, y *rule) int {
	if b.model.firstWins {
		return cmp.Or(cmp.Compare(x.priority, y.priority), cmp.Compare(x.place, y.place))
	}
	return cmp.Compare(rank(x.deny), rank(y.deny))
}

func rank(deny bool) int {
	if deny {
		return 0
	}
	return 1
}

// rolesOf returns the immediate roles of a name in a domain.
func (b *casbin) rolesOf(name, domain string) (roles []string) {
	for _, l := range b.linksOf[name] {
		if b.counts(l, domain) {
			roles = append(roles, l.role)
		}
	}
	return roles
}
