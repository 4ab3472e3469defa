package names

import "strings"

// A grant can name a pattern of permissions in place of one permission: * is
// every permission, and post.* is every permission below post, such as
// post.edit and post.edit.own, but neither post itself nor postage.

// Everything is the pattern of a superuser.
const Everything = "*"

// IsPattern reports whether a name has the form of a pattern of permissions.
func IsPattern(name string) bool { return name == Everything || strings.HasSuffix(name, ".*") }

// Matches reports whether a grant of a name or pattern gives a permission.
func Matches(grant, permission string) bool {
	if !IsPattern(grant) {
		return grant == permission
	}
	stem := strings.TrimSuffix(grant, Everything)
	return len(permission) > len(stem) && strings.HasPrefix(permission, stem)
}

// CheckNoPattern refuses * in the name of a permission, which must pass
// CheckName as well. A name with * looks like a pattern but would match nothing
// but itself.
func CheckNoPattern(permission string) (reason string) {
	switch {
	case IsPattern(permission):
		return "has the form of a pattern"
	case strings.Contains(permission, Everything):
		return "contains *, which stands in patterns only: alone, or after a last dot"
	}
	return ""
}

// CheckPattern checks the shape of a pattern that IsPattern has recognised.
// Revocations apply this check alone, so that a stored pattern can be revoked.
func CheckPattern(pattern string) (reason string) {
	if reason := CheckName(pattern); reason != "" {
		return reason
	}
	stem := strings.TrimSuffix(pattern, ".*")
	if pattern != Everything && (stem == "" || IsPattern(stem)) {
		return "a pattern is * alone, or a name followed by .*"
	}
	return ""
}

// CheckNewGrant refuses the permission or pattern of a new grant if the grant
// would have next to no effect: a pattern with an empty segment, such as
// post..*, or with a hidden character; and a name with * in another place, such
// as post.*.edit.
func CheckNewGrant(name string) (reason string) {
	switch {
	case !IsPattern(name):
		return CheckNoPattern(name)
	case strings.Contains("."+name, ".."):
		return "a pattern has no empty segment: no two dots together, and none at its beginning"
	}
	return CheckVisible(name)
}

// Covering returns all patterns that match a permission, the narrowest first.
func Covering(permission string) []string {
	var patterns []string
	for i := len(permission) - 2; i > 0; i-- {
		if permission[i] == '.' {
			patterns = append(patterns, permission[:i]+".*")
		}
	}
	return append(patterns, Everything)
}
