package rbac

import (
	"slices"
	"testing"

	"github.com/rbac-go/rbac/internal/names"
)

// FuzzPatterns: the three ways to ask whether a pattern gives a permission agree.
func FuzzPatterns(f *testing.F) {
	f.Add("post.*", "post.edit", "post")
	f.Add("*", "a", "b")
	f.Add("a..*", "a..b", "a.")
	f.Fuzz(func(t *testing.T, pattern, permission, other string) {
		valid := func(name string) bool { return names.CheckName(name) == "" && !names.IsPattern(name) }
		if !names.IsPattern(pattern) || names.CheckPattern(pattern) != "" || !valid(permission) || !valid(other) {
			return
		}
		permissions := slices.Compact(slices.Sorted(slices.Values([]string{permission, other, permission + ".x", "zz"})))
		p := newPolicy()
		for _, name := range permissions {
			p.putPermission(Permission{Name: name})
		}
		for _, name := range permissions {
			want := names.Matches(pattern, name)
			if got := slices.Contains(names.Covering(name), pattern); got != want {
				t.Fatalf("%q covers %q: %v; matches: %v", pattern, name, got, want)
			}
			if got := slices.ContainsFunc(p.givenBy([]string{pattern}), func(n int32) bool { return p.permissions.Get(n).Name == name }); got != want {
				t.Fatalf("%q expands to %q: %v; matches: %v", pattern, name, got, want)
			}
		}
	})
}
