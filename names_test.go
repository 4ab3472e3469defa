package rbac

import (
	"errors"
	"strings"
	"testing"
	"unicode"
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

// Two addresses have one key if they are one mailbox, and only then.
func TestEmailKey(t *testing.T) {
	for _, same := range [][]string{
		{"Bob@Example.com", "bob@example.COM"},
		{"e\u0301@x.example", "é@x.example"},
		{"bob@faß.example", "bob@FAẞ.example", "bob@xn--fa-hia.example", "bob@XN--FA-HIA.example"},
		{"bob@bücher.example", "bob@BÜCHER.example", "bob@bu\u0308cher.example"},
		{"bob@例え.example", "bob@例え。example"},
		{"bob@oﬃce.example", "bob@office.example", "bob@ＯＦＦＩＣＥ.example"}, // ﬃ and Ｏ are no letters of a domain, but map to some
		{"bob@می\u200cخواهم.example", "bob@xn--mgbn2ecje63gr19l.example"},
		{"bob@ΒΌΛΟΣ.example", "bob@βόλοσ.example"},
		{"bob@A_B.example", "bob@a_b.example"},
		{"bob@[IPv6:2001:DB8::1]", "bob@[ipv6:2001:db8::1]"},
		{"bob@LOCALHOST", "bob@localhost"},
		{"r3@r3---sn-ab.Example", "r3@r3---SN-AB.example"},
		{"BOB", "bob"},
	} {
		for _, s := range same {
			if emailKey(s) != emailKey(same[0]) {
				t.Errorf("%q and %q are two mailboxes; want one", s, same[0])
			}
		}
	}
	different := []string{
		"boss@faß.example", "boss@fass.example",
		"boss@βόλος.example", "boss@βόλοσ.example",
		"strasse@x.example", "straße@x.example", "office@x.example", "oﬃce@x.example", "σ@x.example", "ς@x.example",
		"s@x.example", "ſ@x.example", "k@x.example", "é@x.example", "É@x.example", "e@x.example", "i@x.example", "İ@x.example", "ı@x.example",
		"Ꭰ@x.example", "ꭰ@x.example", "ｂ@x.example", "b@x.example",
		"bob@xn--example-.com", "bob@example.com", "bob@x＠example.com", "bob@x@example.com",
		"bob@192.0.2.1", "bob@[192.0.2.1]", "bob@a_b.faß.example", "bob@a_b.fass.example", "bob@example", "bob", "@bob", "bob@",
	}
	for i, s := range different {
		for _, other := range different[:i] {
			if emailKey(s) == emailKey(other) {
				t.Errorf("%q and %q are one mailbox, %q; want two", s, other, emailKey(s))
			}
		}
	}
}

// TestHidden reads as: a name, and the hidden character for which it is refused.
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
		if _, r := hiddenIn(name); r != want {
			t.Errorf("%q (%s): the hidden character is %U, want %U", name, name, r, want)
		}
		if p := printable(name, maxName); (p != name) != (want != 0) {
			t.Errorf("%q is printed as %q", name, p)
		}
	}
}

// No hidden character is part of a canonical user name, but for the joiners that some scripts need.
func TestUserNamesHideNothing(t *testing.T) {
	for r := rune(0x80); r <= unicode.MaxRune; r++ {
		if !isHidden(r) {
			continue
		}
		if c, err := canonicalUser("a" + string(r) + "b"); err == nil {
			t.Errorf("%U is part of the user name %q", r, c)
		}
	}
	for _, name := range []string{"می\u200cخواهم", "علی\u200cرضا", "ප්\u200dරියන්ත", "क्\u200dषमा", "രാജന്\u200d", "শর্\u200cমা"} {
		if c, err := canonicalUser(name); c != name || err != nil {
			t.Errorf("canonicalUser(%q) = %q, %v", name, c, err)
		}
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
		if key := emailKey(s); emailKey(key) != key || len(key) > 3*maxName {
			t.Fatalf("emailKey(%q) = %q, whose own key is %q", s, key, emailKey(key))
		}
		if h := printable(s, maxName); validKey("x", "x", "x", h) != nil || noHidden("x", "x", "x", h) != nil {
			t.Fatalf("printable(%q) = %q cannot be stored", s, h)
		}
	})
}
