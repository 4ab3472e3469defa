package policy

import (
	"slices"
	"strings"
)

// A grant may name a pattern of permissions. The pattern * gives every
// permission, and post.* every permission below post, for example post.edit and
// post.edit.own, but neither post itself nor postage. A pattern also gives
// permissions added later. Patterns are expanded when a policy is compiled or
// changed: a check sees no patterns.

// Everything is the pattern of a superuser.
const Everything = "*"

// IsPattern reports whether the text of a grant has the form of a pattern.
func IsPattern(text string) bool { return text == Everything || strings.HasSuffix(text, ".*") }

// PermissionFault returns the reason why a text cannot name a permission
// because of a *, "" for an acceptable name. A permission named like a pattern
// would look like many permissions and be only one.
func PermissionFault(name string) string {
	switch {
	case IsPattern(name):
		return "has the form of a pattern"
	case strings.Contains(name, Everything):
		return "contains *, which stands in patterns only: alone, or after a last dot"
	}
	return ""
}

// Covering lists all patterns with a permission, the narrowest first.
func Covering(permission string) []string {
	var patterns []string
	for i := len(permission) - 2; i > 0; i-- {
		if permission[i] == '.' {
			patterns = append(patterns, permission[:i]+".*")
		}
	}
	return append(patterns, Everything)
}

// Gives reports whether any of some sorted grants gives a permission: by name
// or by pattern.
func Gives(grants []string, permission string) bool {
	return len(grants) > 0 && givesAny(grants, giving(permission))
}

// giving lists all texts of matching grants for a permission: the name, and
// then the patterns, the narrowest first.
func giving(permission string) []string {
	return append([]string{permission}, Covering(permission)...)
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
	stem := strings.TrimSuffix(pattern, Everything)
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

// UnmatchedPatterns lists, in byte order, the granted patterns without any
// permission. The pattern * is left out: it is granted to a first administrator
// before the first permission exists.
func (p *Policy) UnmatchedPatterns() []string {
	var patterns []string
	for text := range p.otherGrants.All() {
		if IsPattern(text) && text != Everything && !p.matches(text) {
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
	names := p.Names(groups)
	slices.Sort(names)
	return names
}
