package names

import (
	"testing"
	"unicode"
)

// TestHidden reads as: a name, and the hidden character for which it is
// refused.
func TestHidden(t *testing.T) {
	for name, want := range map[string]rune{
		"Managers Group": 0, "编辑": 0, "caf\u0301e": 0, "❤": 0, "☺": 0, "\u06DD12": 0,
		"می\u200cخواهم": 0, "علی\u200cرضا": 0, "خانه\u200cها": 0, "دانش\u200cآموز": 0, "كَ\u200cت": 0, // Persian
		"ශ්\u200dරී ලංකා": 0, "ප්\u200dරියන්ත": 0, // Sinhala
		"क्\u200dषमा": 0, "शर्\u200dमा": 0, "न्\u200cन": 0, // Hindi
		"രാജന്\u200d": 0, "അവന്\u200d": 0, // Malayalam, chillu
		"শর্\u200cমা": 0, // Bengali

		"bo\u200bb": 0x200b, "bo\u00adb": 0xad, "\ufeffbob": 0xfeff, "bob\u2060": 0x2060, "bo\u034fb": 0x34f,
		"bob\u202egro.elpmaxe": 0x202e, "\u202bbob": 0x202b, "a\u2066b\u2069": 0x2066, "\u200fbob": 0x200f, "bob\u061c": 0x61c,
		"bob\u200d": 0x200d, "bo\u200cb": 0x200c, "👨\u200d👩\u200d👧": 0x200d, "❤\ufe0f": 0xfe0f, "葛\U000e0100城": 0xe0100,
		"ශ\u200dර": 0x200d, "می\u200c": 0x200c, "کار\u200cها": 0x200c, "می\u200c\u200cخواهم": 0x200c, "क्\u200d\u200dष": 0x200d, "\u094d\u200d!": 0,
		"a\U000e0041b": 0xe0041, "a\u3164b": 0x3164, "a\uffa0b": 0xffa0, "a\u115fb": 0x115f, "a\u2028b": 0x2028, "a\u2029b": 0x2029, "a\u2800b": 0x2800,
		"a\ufff9b": 0xfff9, "a\u180eb": 0x180e, "a\u17b4b": 0x17b4,
	} {
		if _, r := findHidden(name); r != want {
			t.Errorf("%q (%s): the hidden character is %U, want %U", name, name, r, want)
		}
		if p := Printable(name, MaxName); (p != name) != (want != 0) {
			t.Errorf("%q is printed as %q", name, p)
		}
	}
}

// No hidden character is part of a canonical user name, but for the joiners
// that some scripts need.
func TestUserNamesHideNothing(t *testing.T) {
	for r := rune(0x80); r <= unicode.MaxRune; r++ {
		if !isHidden(r) {
			continue
		}
		if c, reason := CanonicalUser("a" + string(r) + "b"); reason == "" {
			t.Errorf("%U is part of the user name %q", r, c)
		}
	}
	for _, name := range []string{"می\u200cخواهم", "علی\u200cرضا", "ප්\u200dරියන්ත", "क्\u200dषमा", "രാജന്\u200d", "শর্\u200cমা"} {
		if c, reason := CanonicalUser(name); c != name || reason != "" {
			t.Errorf("CanonicalUser(%q) = %q, %q", name, c, reason)
		}
	}
}
