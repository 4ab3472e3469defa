package policy

import (
	"slices"
	"strings"
	"testing"

	"github.com/rbac-go/rbac/internal/names"
	"github.com/rbac-go/rbac/store"
)

// obviouslyGives reports whether a pattern gives a permission, in the obvious
// way.
func obviouslyGives(pattern, permission string) bool {
	stem := strings.TrimSuffix(pattern, "*")
	return len(permission) > len(stem) && strings.HasPrefix(permission, stem)
}

// FuzzPatterns: the ways to ask whether a pattern gives a permission agree.
func FuzzPatterns(f *testing.F) {
	f.Add("post.*", "post.edit", "post")
	f.Add("*", "a", "b")
	f.Add("a..*", "a..b", "a.")
	f.Fuzz(func(t *testing.T, pattern, permission, other string) {
		stem := strings.TrimSuffix(pattern, ".*")
		if !names.IsPattern(pattern) || pattern != names.Everything && (stem == "" || names.IsPattern(stem)) {
			return
		}
		if permission == "" || other == "" || names.IsPattern(permission) || names.IsPattern(other) {
			return
		}
		permissions := slices.Compact(slices.Sorted(slices.Values([]string{permission, other, permission + ".x", "zz"})))
		p := newPolicy()
		for _, name := range permissions {
			p.putPermission(store.Permission{Name: name})
		}
		for _, name := range permissions {
			want := obviouslyGives(pattern, name)
			if got := slices.Contains(names.Covering(name), pattern); got != want {
				t.Fatalf("%q covers %q: %v; want %v", pattern, name, got, want)
			}
			if got := Gives([]string{pattern}, name); got != want {
				t.Fatalf("a grant of %q gives %q: %v; want %v", pattern, name, got, want)
			}
			if got := slices.ContainsFunc(p.given([]string{pattern}), func(n int32) bool { return p.permissions.Get(n).Name == name }); got != want {
				t.Fatalf("%q expands to %q: %v; want %v", pattern, name, got, want)
			}
		}
	})
}
