package names

import "testing"

// A look-alike stands for a character that has none itself, and both can be in
// the name of a user.
func TestLookalikesAreNames(t *testing.T) {
	for r, like := range lookalikes {
		for _, name := range []string{string(r), like} {
			if c, reason := CanonicalUser(name); reason != "" || c != name {
				t.Errorf("%q, %U: the canonical form is %q (%s)", name, []rune(name), c, reason)
			}
		}
		if Skeleton(like) != like {
			t.Errorf("%q looks like %q, which looks like %q", r, like, Skeleton(like))
		}
		if Skeleton(string(r)) != like {
			t.Errorf("%q is decomposed before it is looked up", r)
		}
	}
}
