package rbac

import (
	"slices"
	"strings"
	"testing"
)

// matches reports whether a pattern gives a permission, in the obvious way.
func matches(pattern, permission string) bool {
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
		if got := matches(c.pattern, c.permission); got != c.want {
			t.Errorf("%s gives %s: %v; want %v", c.pattern, c.permission, got, c.want)
		}
		if got := slices.Contains(covering(c.permission), c.pattern); got != c.want {
			t.Errorf("%s covers %s: %v; want %v", c.pattern, c.permission, got, c.want)
		}
	}
}

func TestValidPattern(t *testing.T) {
	for pattern, want := range map[string]bool{
		"*": true, "a.*": true, "a.b.*": true, "a*.*": true,
		".*": false, "*.*": false, "a.*.*": false, " a.*": false, "a\n.*": false, "\xff.*": false,
	} {
		if got := validPattern("grant", "Permission", pattern) == nil; got != want || !isPattern(pattern) {
			t.Errorf("%q is a valid pattern: %v; want %v", pattern, got, want)
		}
	}
}

// FuzzPatterns: the three ways to ask whether a pattern gives a permission agree.
func FuzzPatterns(f *testing.F) {
	f.Add("post.*", "post.edit", "post")
	f.Add("*", "a", "b")
	f.Add("a..*", "a..b", "a.")
	f.Fuzz(func(t *testing.T, pattern, permission, other string) {
		valid := func(name string) bool { return validName("permission", "Name", name) == nil && !isPattern(name) }
		if !isPattern(pattern) || validPattern("grant", "Permission", pattern) != nil || !valid(permission) || !valid(other) {
			return
		}
		names := slices.Compact(slices.Sorted(slices.Values([]string{permission, other, permission + ".x", "zz"})))
		p := newPolicy()
		for _, name := range names {
			p.putPermission(Permission{Name: name})
		}
		for _, name := range names {
			want := matches(pattern, name)
			if got := slices.Contains(covering(name), pattern); got != want {
				t.Fatalf("%q covers %q: %v; matches: %v", pattern, name, got, want)
			}
			if got := slices.ContainsFunc(p.givenBy([]string{pattern}), func(n int32) bool { return p.permissions.Get(n).Name == name }); got != want {
				t.Fatalf("%q expands to %q: %v; matches: %v", pattern, name, got, want)
			}
		}
	})
}
