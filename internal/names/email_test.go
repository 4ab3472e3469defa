package names

import (
	"testing"
)

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
			if EmailKey(s) != EmailKey(same[0]) {
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
			if EmailKey(s) == EmailKey(other) {
				t.Errorf("%q and %q are one mailbox, %q; want two", s, other, EmailKey(s))
			}
		}
	}
}
