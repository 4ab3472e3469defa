package names

import (
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
		if got, reason := CanonicalUser(given); got != want || reason != "" {
			t.Errorf("CanonicalUser(%q) = %q, %q; want %q", given, got, reason, want)
		}
	}
	for _, bad := range []string{"", " ", " bob", "bob ", "a  b", "a\tb", "a\x00b", "a\xffb", "a\u00a0b", "a\u200bb", "☺",
		strings.Repeat("a", 257), "a\u202eb", "ﷺ", strings.Repeat("İ", 128)} {
		if got, reason := CanonicalUser(bad); reason == "" || got != "" {
			t.Errorf("CanonicalUser(%q) = %q, %q; want a reason", bad, got, reason)
		}
	}
}
