package names

import (
	"strings"
	"testing"
	"unsafe"
)

// A cut keeps the long text out of memory.
func TestPrintableIsACopy(t *testing.T) {
	long := strings.Repeat("x", 1000)
	for _, s := range []string{long, long[:10]} {
		if p := Printable(s, 256); unsafe.StringData(p) == unsafe.StringData(long) {
			t.Errorf("%d bytes are cut out of the text", len(p))
		}
	}
}

func TestCheckName(t *testing.T) {
	for _, good := range []string{"a", "post.edit", "Managers Group", "编辑", strings.Repeat("x", 256), "post*"} {
		if reason := CheckName(good); reason != "" {
			t.Errorf("CheckName(%q) = %q", good, reason)
		}
	}
	for bad, want := range map[string]string{
		"": "empty", " a": "leading", "a ": "trailing", "a\nb": "control", "a\u0085b": "control",
		"\xff": "UTF-8", strings.Repeat("x", 257): "256", "\u00a0a": "leading",
	} {
		if reason := CheckName(bad); !strings.Contains(reason, want) {
			t.Errorf("CheckName(%q) = %q; want a reason with %q", bad, reason, want)
		}
	}
}

// FuzzNames: a canonical name is its own canonical form and fits its bounds,
// and a refusal has a reason. The key of an e-mail address is its own key.
func FuzzNames(f *testing.F) {
	for _, s := range []string{"Bob", "ｂｏｂ", "Zhang San", "张三", "\xff", "ẞ", "ΑΣ", "İ", "a\u0345"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c, reason := CanonicalUser(s)
		if reason != "" {
			if c != "" {
				t.Fatalf("CanonicalUser(%q) = %q, %q", s, c, reason)
			}
			return
		}
		if again, reason := CanonicalUser(c); again != c || reason != "" {
			t.Fatalf("CanonicalUser(%q) = %q, whose own canonical form is %q, %q", s, c, again, reason)
		}
		if len(c) == 0 || len(c) > MaxName {
			t.Fatalf("CanonicalUser(%q) has %d bytes", s, len(c))
		}
		if key := EmailKey(s); EmailKey(key) != key || len(key) > 3*MaxName {
			t.Fatalf("EmailKey(%q) = %q, whose own key is %q", s, key, EmailKey(key))
		}
		if h := Printable(s, MaxName); CheckOptionalKey(h) != "" || CheckVisible(h) != "" {
			t.Fatalf("Printable(%q) = %q cannot be stored", s, h)
		}
	})
}
