package policy

import (
	"slices"
	"strings"

	"github.com/rbac-go/rbac/internal/names"
)

// A grant may name a pattern of permissions; package names has their form. A
// pattern gives permissions that are added later, too. Patterns are expanded
// when a policy is compiled or changed, so a check does not see them.

// Gives reports whether any of some sorted grants gives a permission: by name
// or by pattern.
func Gives(grants []string, permission string) bool {
	return len(grants) > 0 && givesAny(grants, giving(permission))
}

// giving lists all texts of matching grants for a permission: the name, and
// then the patterns, the narrowest first.
func giving(permission string) []string {
	return append([]string{permission}, names.Covering(permission)...)
}

// givesAny reports whether any of some texts is among sorted grants.
func givesAny(grants, texts []string) bool {
	return slices.ContainsFunc(texts, func(text string) bool {
		_, ok := slices.BinarySearch(grants, text)
		return ok
	})
}

// matching yields the permissions of a pattern in byte order.
func (p *Policy) matching(pattern string) func(yield func(string, int32) bool) {
	stem := strings.TrimSuffix(pattern, names.Everything)
	return func(yield func(string, int32) bool) {
		for name, n := range p.permissionNames.Under(stem) {
			// A permission equal to the stem, dot included, is not below the
			// stem.
			if name != stem && !yield(name, n) {
				return
			}
		}
	}
}

// UnmatchedPatterns lists, in byte order, the granted patterns that match no
// permission. The pattern * is left out: it is granted to a first administrator
// before the first permission exists.
func (p *Policy) UnmatchedPatterns() []string {
	var patterns []string
	for text := range p.otherGrants.All() {
		if names.IsPattern(text) && text != names.Everything && !p.matches(text) {
			patterns = append(patterns, text)
		}
	}
	slices.Sort(patterns)
	return patterns
}

// matches reports whether a pattern gives any permission.
func (p *Policy) matches(pattern string) bool {
	for range p.matching(pattern) {
		return true
	}
	return false
}

// Grantees lists, in byte order, the names of the groups with a grant of a
// pattern.
func (p *Policy) Grantees(pattern string) []string {
	groups, _ := p.otherGrants.Get(pattern)
	grantees := p.Names(groups)
	slices.Sort(grantees)
	return grantees
}
