package rbac

import (
	"errors"
	"strings"
	"testing"
)

func TestCanonicalUser(t *testing.T) {
	for given, want := range map[string]string{
		"bob":       "bob",
		"Bob":       "bob",
		"ｂｏｂ":       "bob",
		"Zhang San": "zhang san",
		"张三":        "张三",
		"系统管理员":     "系统管理员",
		"สมชาย":     "สมชาย",
		"Ärger":     "ärger",
		"a\u0308b":  "äb",
		"o'neil+x@": "o'neil+x@",
	} {
		if got, err := canonicalUser(given); got != want || err != nil {
			t.Errorf("canonicalUser(%q) = %q, %v; want %q", given, got, err, want)
		}
	}
	for _, bad := range []string{"", " ", " bob", "bob ", "a  b", "a\tb", "a\x00b", "a\xffb", "a\u00a0b", "a\u200bb", "☺", strings.Repeat("a", 257), "a\u202eb", "ﷺ", strings.Repeat("İ", 128)} {
		if got, err := canonicalUser(bad); !errors.Is(err, ErrInvalid) || got != "" {
			t.Errorf("canonicalUser(%q) = %q, %v; want ErrInvalid", bad, got, err)
		}
	}
}

func TestValidName(t *testing.T) {
	for _, good := range []string{"a", "post.edit", "Managers Group", "编辑", strings.Repeat("x", 256), "post*"} {
		if err := validName("group", "Name", good); err != nil {
			t.Errorf("validName(%q) = %v", good, err)
		}
	}
	for bad, reason := range map[string]string{
		"": "empty", " a": "leading", "a ": "trailing", "a\nb": "control", "a\u0085b": "control",
		"\xff": "UTF-8", strings.Repeat("x", 257): "256", "\u00a0a": "leading",
	} {
		err := validName("group", "Name", bad)
		var e *Error
		if !errors.As(err, &e) || e.Kind != ErrInvalid || e.Field != "Name" || !strings.Contains(e.Reason, reason) {
			t.Errorf("validName(%q) = %v; want a reason with %q", bad, err, reason)
		}
	}
}

func TestEmailKey(t *testing.T) {
	same := [][2]string{{"Bob@Example.com", "bob@example.COM"}, {"STRASSE@x", "straße@x"}, {"e\u0301@x", "É@x"}, {"Ꭰ@x", "ꭰ@x"}, {"İ@x", "i\u0307@x"}}
	for _, s := range same {
		if emailKey(s[0]) != emailKey(s[1]) {
			t.Errorf("%q and %q are two addresses; want one", s[0], s[1])
		}
	}
	if emailKey("bob@x") == emailKey("bob@y") {
		t.Error("bob@x and bob@y are one address")
	}
}

// FuzzNames: a canonical name is its own canonical form and fits its bounds, and what is refused says why; so is the key of an e-mail address.
func FuzzNames(f *testing.F) {
	for _, s := range []string{"Bob", "ｂｏｂ", "Zhang San", "张三", "\xff", "ẞ", "ΑΣ", "İ", "a\u0345"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c, err := canonicalUser(s)
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || e.Reason == "" || c != "" {
				t.Fatalf("canonicalUser(%q) = %q, %#v", s, c, err)
			}
			return
		}
		if again, err := canonicalUser(c); again != c || err != nil {
			t.Fatalf("canonicalUser(%q) = %q, whose own canonical form is %q, %v", s, c, again, err)
		}
		if len(c) == 0 || len(c) > maxName {
			t.Fatalf("canonicalUser(%q) has %d bytes", s, len(c))
		}
		if key := emailKey(s); emailKey(key) != key || len(key) > 3*len(s) {
			t.Fatalf("emailKey(%q) = %q, whose own key is %q", s, key, emailKey(key))
		}
		if h := printable(s, maxName); validKey("x", "x", "x", h) != nil {
			t.Fatalf("printable(%q) = %q cannot be stored", s, h)
		}
	})
}
