package policy

import (
	"slices"
	"strings"
)

// A grant may name a pattern of permissions. The pattern * gives every
// permission, and post.* every permission below post, such as post.edit and
// post.edit.own, but neither post itself nor postage. A pattern gives
// permissions that are added later, too. Patterns are expanded when a policy
// is compiled or changed, so a check does not see them.

// Everything is the pattern of a superuser.
const Everything = "*"

// IsPattern reports whether the text of a grant has the form of a pattern.
func IsPattern(text string) bool { return text == Everything || strings.HasSuffix(text, ".*") }

// PermissionFault returns why a text with * in it may not name a permission,
// "" if it may. Such a name would look like a pattern and give only itself.
func PermissionFault(name string) string {
	switch {
	case IsPattern(name):
		return "has the form of a pattern"
	case strings.Contains(name, Everything):
		return "contains *, which stands in patterns only: alone, or after a last dot"
	}
	return ""
}

// Covering lists the patterns that give a permission, the narrowest first.
func Covering(permission string) []string {
	var patterns []string
	for i := len(permission) - 2; i > 0; i-- {
		if permission[i] == '.' {
			patterns = append(patterns, permission[:i]+".*")
		}
	}
	return append(patterns, Everything)
}

// Gives reports whether one of some grants, which are sorted, gives a
// permission: by name or by a pattern.
func Gives(grants []string, permission string) bool {
	return len(grants) > 0 && givesAny(grants, giving(permission))
}

// giving lists the texts of grants that give a permission: the name, and then
// the patterns, the narrowest first.
func giving(permission string) []string {
	return append([]string{permission}, Covering(permission)...)
}

// givesAny reports whether one of some texts is among grants, which are
// sorted.
func givesAny(grants, texts []string) bool {
	return slices.ContainsFunc(texts, func(text string) bool {
		_, ok := slices.BinarySearch(grants, text)
		return ok
	})
}

// matching yields, in byte order, the permissions that a pattern gives.
func (p *Policy) matching(pattern string) func(yield func(string, int32) bool) {
	stem := strings.TrimSuffix(pattern, Everything)
	return func(yield func(string, int32) bool) {
		for name, n := range p.permissionNames.Under(stem) {
			// A permission that is the stem, with its dot, is not below the stem.
			if name != stem && !yield(name, n) {
				return
			}
		}
	}
}

// UnmatchedPatterns lists, in byte order, the granted patterns that match no
// permission. It leaves out *, which is granted before there are permissions.
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

// Grantees lists, in byte order, the names of the groups that are granted a
// pattern.
func (p *Policy) Grantees(pattern string) []string {
	groups, _ := p.otherGrants.Get(pattern)
	names := p.Names(groups)
	slices.Sort(names)
	return names
}
