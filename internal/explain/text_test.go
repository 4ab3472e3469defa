package explain

import (
	"slices"
	"testing"
)

// At most five names are listed.
func TestList(t *testing.T) {
	names := []string{"a", "b", "c", "d", "e", "f", "g"}
	for n, want := range map[int]string{0: "", 1: "a", 5: "a, b, c, d, e", 7: "a, b, c, d, e and 2 more"} {
		if got := List(slices.Clone(names[:n]), ", "); got != want {
			t.Errorf("%d names: %q, want %q", n, got, want)
		}
	}
}

// The texts about a user whose groups the host stated name what was stated.
func TestStatedGroups(t *testing.T) {
	s := Subject{User: "bob", Stated: map[string]struct{}{"editors": {}, "admins": {}}}
	for _, c := range []struct{ got, want string }{
		{s.InGroup("editors"), "you are in editors"},
		{s.LacksGroup("staff"), "you are in admins, editors"},
		{s.HasPermission("post.read"), "you have post.read"},
		{Subject{User: "bob", ThirdPerson: true}.LacksPermission("post.read"), "bob is in no group"},
		{Subject{}.LacksGroup("staff"), "nobody is logged in"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
}
