package network_test

import (
	"net/netip"
	"testing"

	"github.com/rbac-go/rbac/internal/network"
)

// IPv4 written as IPv6 is IPv4, and nothing wider passes for IPv4.
func TestPrefix(t *testing.T) {
	for text, want := range map[string]string{
		"10.1.2.3/8":          "10.0.0.0/8",
		"::ffff:10.1.2.3/104": "10.0.0.0/8",
		"::ffff:10.1.2.3/96":  "0.0.0.0/0",
		"::ffff:10.0.0.0/95":  "",
		"2001:db8::1/32":      "2001:db8::/32",
		"::/0":                "::/0",
	} {
		p, ok := network.Prefix(netip.MustParsePrefix(text))
		if ok != (want != "") || ok && p.String() != want {
			t.Errorf("%s: got %s, %t, want %q", text, p, ok, want)
		}
	}
	if _, ok := network.Prefix(netip.Prefix{}); ok {
		t.Error("the zero prefix is valid")
	}
}

func TestFind(t *testing.T) {
	prefixes := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8::/32")}
	for text, want := range map[string]string{
		"10.9.9.9": "10.0.0.0/8", "::ffff:10.9.9.9": "10.0.0.0/8", "2001:db8::1%eth0": "2001:db8::/32", "192.0.2.1": "",
	} {
		p, ok := network.Find(prefixes, network.Addr(netip.MustParseAddr(text)))
		if ok != (want != "") || ok && p.String() != want {
			t.Errorf("%s: got %s, %t, want %q", text, p, ok, want)
		}
	}
	if _, ok := network.Find(prefixes, netip.Addr{}); ok {
		t.Error("no address is in a prefix")
	}
}
