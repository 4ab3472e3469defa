package names

import (
	"slices"
	"strings"
	"testing"
)

func TestPatternMatches(t *testing.T) {
	for _, c := range []struct {
		pattern, permission string
		want                bool
	}{
		{"*", "post", true}, {"*", "post.edit", true},
		{"post.*", "post.edit", true}, {"post.*", "post.edit.own", true}, {"post.*", "post", false}, {"post.*", "post.", false},
		{"post.*", "postage.edit", false}, {"post.*", "Post.edit", false}, {"post.*", "my.post.edit", false},
		{"post.edit.*", "post.edit.own", true}, {"post.edit.*", "post.edit", false}, {"权限.*", "权限.编辑", true},
		{"post.edit", "post.edit", true}, {"post.edit", "post.edit.own", false}, {"post*", "posts", false},
	} {
		if got := Matches(c.pattern, c.permission); got != c.want {
			t.Errorf("%s matches %s: %v; want %v", c.pattern, c.permission, got, c.want)
		}
		if got := slices.Contains(Covering(c.permission), c.pattern); IsPattern(c.pattern) && got != c.want {
			t.Errorf("%s covers %s: %v; want %v", c.pattern, c.permission, got, c.want)
		}
	}
}

func TestCheckPattern(t *testing.T) {
	for pattern, want := range map[string]bool{
		"*": true, "a.*": true, "a.b.*": true, "a*.*": true,
		".*": false, "*.*": false, "a.*.*": false, " a.*": false, "a\n.*": false, "\xff.*": false,
	} {
		if got := CheckPattern(pattern) == ""; got != want || !IsPattern(pattern) {
			t.Errorf("%q is a valid pattern: %v; want %v", pattern, got, want)
		}
	}
}

// TestCheckNewGrant reads as: a name, and whether a new grant may have the
// name.
func TestCheckNewGrant(t *testing.T) {
	for name, want := range map[string]bool{
		"post": true, "post.edit": true, "*": true, "post.*": true, "a*.*": true,
		"post*": false, "post.*.edit": false, "post..*": false, ".a.*": false, "po\u200bst.*": false,
	} {
		if got := CheckNewGrant(name) == ""; got != want {
			t.Errorf("a grant of %q is accepted: %v; want %v", name, got, want)
		}
	}
}

// FuzzPatterns: Covering returns the patterns that match. The policy has a FuzzPatterns of
// its own for the expansion of patterns.
func FuzzPatterns(f *testing.F) {
	f.Add("post.*", "post.edit")
	f.Add("*", "a")
	f.Add("a..*", "a..b")
	f.Fuzz(func(t *testing.T, pattern, permission string) {
		if !IsPattern(pattern) || CheckPattern(pattern) != "" || CheckName(permission) != "" || IsPattern(permission) {
			return
		}
		for _, name := range []string{permission, permission + ".x", strings.TrimSuffix(pattern, "*") + permission} {
			if got, want := slices.Contains(Covering(name), pattern), Matches(pattern, name); got != want {
				t.Fatalf("%q covers %q: %v; matches: %v", pattern, name, got, want)
			}
		}
	})
}
