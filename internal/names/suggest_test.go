package names

import (
	"slices"
	"testing"
)

// TestClosest reads as: what is written, and what is meant.
func TestClosest(t *testing.T) {
	known := []string{"admins", "editors", "post.edit", "post.exit", "readers", "系统管理员", "x"}
	for name, want := range map[string]string{
		"admin": "admins", "Admins": "admins", "ADMIN": "admins", "adnims": "admins", "editros": "editors", "edtiors": "editors",
		"post.edti": "post.edit", "post.eit": "post.edit", "post.xit": "post.exit", "系统管理人员": "系统管理员", "系统管里员": "系统管理员",
		"": "x", "y": "x", "user": "", "administrators": "", "drivers": "", "post": "", "\xff\xfe\xfd": "",
	} {
		if got := closest(name, known); got != want {
			t.Errorf("%q is taken for %q, want %q", name, got, want)
		}
	}
	if closest("a", nil) != "" {
		t.Error("something is close where nothing is known")
	}
}

// TestDistance compares with the obvious way, over words of up to four letters.
func TestDistance(t *testing.T) {
	words := [][]rune{nil}
	for i := 0; len(words[i]) < 4; i++ {
		words = append(words, append(slices.Clone(words[i]), 'a'), append(slices.Clone(words[i]), 'b'))
	}
	for _, a := range words {
		for _, b := range words {
			for limit := range 4 {
				if got, want := distance(a, b, limit), min(limit+1, slowDistance(a, b)); got != want {
					t.Fatalf("from %q to %q it is %d, want %d", string(a), string(b), got, want)
				}
			}
		}
	}
}

func slowDistance(a, b []rune) int {
	if len(a) == 0 || len(b) == 0 {
		return len(a) + len(b)
	}
	n, m := len(a)-1, len(b)-1
	if a[n] == b[m] {
		return slowDistance(a[:n], b[:m])
	}
	d := 1 + min(slowDistance(a[:n], b[:m]), slowDistance(a[:n], b), slowDistance(a, b[:m]))
	if n > 0 && m > 0 && a[n] == b[m-1] && a[n-1] == b[m] {
		d = min(d, 1+slowDistance(a[:n-1], b[:m-1]))
	}
	return d
}
