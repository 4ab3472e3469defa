package policy

import (
	"slices"
	"strings"
	"testing"

	"github.com/rbac-go/rbac/store"
)

// obviouslyGives reports whether a pattern gives a permission, in the obvious
// way.
func obviouslyGives(pattern, permission string) bool {
	stem := strings.TrimSuffix(pattern, "*")
	return len(permission) > len(stem) && strings.HasPrefix(permission, stem)
}

func TestPatternMatches(t *testing.T) {
	for _, c := range []struct {
		pattern, permission string
		want                bool
	}{
		{"*", "post", true}, {"*", "post.edit", true},
		{"post.*", "post.edit", true}, {"post.*", "post.edit.own", true}, {"post.*", "post", false}, {"post.*", "post.", false},
		{"post.*", "postage.edit", false}, {"post.*", "Post.edit", false}, {"post.*", "my.post.edit", false},
		{"post.edit.*", "post.edit.own", true}, {"post.edit.*", "post.edit", false}, {"权限.*", "权限.编辑", true},
	} {
		if got := obviouslyGives(c.pattern, c.permission); got != c.want {
			t.Errorf("%s gives %s: %v; want %v", c.pattern, c.permission, got, c.want)
		}
		if got := slices.Contains(Covering(c.permission), c.pattern); got != c.want {
			t.Errorf("%s covers %s: %v; want %v", c.pattern, c.permission, got, c.want)
		}
	}
}

// FuzzPatterns: the ways to ask whether a pattern gives a permission agree.
func FuzzPatterns(f *testing.F) {
	f.Add("post.*", "post.edit", "post")
	f.Add("*", "a", "b")
	f.Add("a..*", "a..b", "a.")
	f.Fuzz(func(t *testing.T, pattern, permission, other string) {
		stem := strings.TrimSuffix(pattern, ".*")
		if !IsPattern(pattern) || pattern != Everything && (stem == "" || IsPattern(stem)) {
			return
		}
		if permission == "" || other == "" || IsPattern(permission) || IsPattern(other) {
			return
		}
		names := slices.Compact(slices.Sorted(slices.Values([]string{permission, other, permission + ".x", "zz"})))
		p := newPolicy()
		for _, name := range names {
			p.putPermission(store.Permission{Name: name})
		}
		for _, name := range names {
			want := obviouslyGives(pattern, name)
			if got := slices.Contains(Covering(name), pattern); got != want {
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
