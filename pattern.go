package rbac

import (
	"slices"

	"github.com/rbac-go/rbac/internal/names"
)

// unmatchedReason is what Plan and Validate report of a grant of a pattern.
const unmatchedReason = "the pattern matches no permission"

// unmatched lists the granted patterns that match no permission, in byte order.
// The pattern * is left out, because it is granted before there are
// permissions.
func (p *policy) unmatched() []string {
	var patterns []string
	for name := range p.loose.All() {
		if !names.IsPattern(name) || name == names.Everything {
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
