package rbac

import "strings"

// A grant can be of a pattern of permissions: * is every permission there is, and post.* every
// one below post, such as post.edit and post.edit.own, but not post itself and not postage. It gives what
// exists, and what is added later, too. Patterns are expanded when the policy
// is compiled, so that a check knows nothing of them.

// everything is the pattern of a superuser.
const everything = "*"

// isPattern reports whether a name has the form of a pattern of permissions.
func isPattern(name string) bool { return name == everything || strings.HasSuffix(name, ".*") }

// validPattern checks what isPattern has recognised.
func validPattern(record, field, pattern string) error {
	if err := validName(record, field, pattern); err != nil {
		return err
	}
	stem := strings.TrimSuffix(pattern, ".*")
	if pattern != everything && (stem == "" || isPattern(stem)) {
		return invalid(record, pattern, field, "a pattern is * alone, or a name followed by .*")
	}
	return nil
}

// sensiblePattern refuses a new grant of a pattern with an empty segment, such as post..*, which is a slip of the keys and would
// give next to nothing. One that a store has already gives what it says, and can be changed and revoked.
func sensiblePattern(record, field, pattern string) error {
	if isPattern(pattern) && strings.Contains("."+pattern, "..") {
		return invalid(record, pattern, field, "a pattern has no empty segment: no two dots together, and none at its beginning")
	}
	return nil
}

// stemOf returns what the names of a pattern begin with.
func stemOf(pattern string) string { return strings.TrimSuffix(pattern, everything) }

// matches reports whether a pattern gives a permission.
func matches(pattern, permission string) bool {
	stem := stemOf(pattern)
	return len(permission) > len(stem) && strings.HasPrefix(permission, stem)
}

// covering lists the patterns that give a permission, the narrowest first.
func covering(permission string) []string {
	var patterns []string
	for i := len(permission) - 2; i > 0; i-- {
		if permission[i] == '.' {
			patterns = append(patterns, permission[:i]+".*")
		}
	}
	return append(patterns, everything)
}
