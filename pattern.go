package rbac

import (
	"slices"
	"strings"
)

// A grant can be of a pattern of permissions: * is every permission there is, and post.* every
// one below post, such as post.edit and post.edit.own, but not post itself and not postage. It gives what
// exists, and what is added later, too. Patterns are expanded when the policy
// is compiled, so that a check knows nothing of them.

// everything is the pattern of a superuser.
const everything = "*"

// isPattern reports whether a name has the form of a pattern of permissions.
func isPattern(name string) bool { return name == everything || strings.HasSuffix(name, ".*") }

// starFault returns why the name of one permission may not contain *, "" if it
// does not. Such a name looks like a pattern and would give nothing but itself.
func starFault(name string) string {
	switch {
	case isPattern(name):
		return "has the form of a pattern"
	case strings.Contains(name, everything):
		return "contains *, which stands in patterns only: alone, or after a last dot"
	}
	return ""
}

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

// sensibleGrant refuses a new grant that would give next to nothing: of a pattern
// with an empty segment, such as post..*; of a name with a star elsewhere, such as
// post.*.edit; and of either with a hidden character. A grant that a store has
// already can be changed and revoked.
func sensibleGrant(g Grant) error {
	reason := starFault(g.Permission)
	if isPattern(g.Permission) {
		reason = ""
		if strings.Contains("."+g.Permission, "..") {
			reason = "a pattern has no empty segment: no two dots together, and none at its beginning"
		}
	}
	if reason == "" && isPattern(g.Permission) {
		return noHidden("grant", g.Permission, "Permission", g.Permission)
	}
	return invalid("grant", g.Permission, "Permission", reason)
}

// unmatchedReason is what Plan and Validate report of a grant of a pattern.
const unmatchedReason = "the pattern matches no permission"

// unmatched lists the granted patterns that match no permission, in byte order.
// It leaves out *, which is granted before there are permissions.
func (p *policy) unmatched() []string {
	var patterns []string
	for name := range p.loose.All() {
		if !isPattern(name) || name == everything {
			continue
		}
		matched := false
		for range p.matching(name) {
			matched = true
			break
		}
		if !matched {
			patterns = append(patterns, name)
		}
	}
	slices.Sort(patterns)
	return patterns
}

// stemOf returns what the names of a pattern begin with.
func stemOf(pattern string) string { return strings.TrimSuffix(pattern, everything) }

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
