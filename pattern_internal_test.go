package rbac

import (
	"testing"

	"github.com/rbac-go/rbac/internal/policy"
)

func TestValidPattern(t *testing.T) {
	for pattern, want := range map[string]bool{
		"*": true, "a.*": true, "a.b.*": true, "a*.*": true,
		".*": false, "*.*": false, "a.*.*": false, " a.*": false, "a\n.*": false, "\xff.*": false,
	} {
		if got := validPattern("grant", "Permission", pattern) == nil; got != want || !policy.IsPattern(pattern) {
			t.Errorf("%q is a valid pattern: %v; want %v", pattern, got, want)
		}
	}
}
