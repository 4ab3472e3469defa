package rbac

import (
	"strings"

	"github.com/rbac-go/rbac/internal/policy"
)

// validPattern checks what policy.IsPattern has recognised.
func validPattern(record, field, pattern string) error {
	if err := validName(record, field, pattern); err != nil {
		return err
	}
	stem := strings.TrimSuffix(pattern, ".*")
	if pattern != policy.Everything && (stem == "" || policy.IsPattern(stem)) {
		return invalid(record, pattern, field, "a pattern is * alone, or a name followed by .*")
	}
	return nil
}

// sensibleGrant refuses a new grant that would give next to nothing: of a pattern
// with an empty segment, such as post..*; of a name with a star elsewhere, such as
// post.*.edit; and of either with a hidden character. A grant that a store has
// already can be changed and revoked.
func sensibleGrant(g Grant) error {
	reason := policy.PermissionFault(g.Permission)
	if policy.IsPattern(g.Permission) {
		reason = ""
		if strings.Contains("."+g.Permission, "..") {
			reason = "a pattern has no empty segment: no two dots together, and none at its beginning"
		}
	}
	if reason == "" && policy.IsPattern(g.Permission) {
		return noHidden("grant", g.Permission, "Permission", g.Permission)
	}
	return invalid("grant", g.Permission, "Permission", reason)
}

// unmatchedReason is what Plan and Validate report of a grant of a pattern.
const unmatchedReason = "the pattern matches no permission"
