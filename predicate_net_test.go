package rbac

import (
	"net/netip"
	"testing"
)

func prefix(s string) netip.Prefix { return netip.MustParsePrefix(s) }

// Each row reads as: the address, the networks, and whether the predicate is
// met, unmet or broken.
func TestFromNet(t *testing.T) {
	office := FromNet(prefix("10.0.0.0/8"), prefix("2001:db8::/32"))
	for _, c := range []struct {
		rule string
		addr string // empty: none
		p    Predicate
		want verdict
	}{
		{"an address within", "10.9.8.7", office, met},
		{"the first address", "10.0.0.0", office, met},
		{"the last address", "10.255.255.255", office, met},
		{"the address before", "9.255.255.255", office, unmet},
		{"the address after", "11.0.0.0", office, unmet},
		{"an address within the second network", "2001:db8:ffff::1", office, met},
		{"an IPv6 address outside", "2001:db9::1", office, unmet},
		{"the opposite, outside", "11.0.0.0", Not(office), met},
		{"the opposite, within", "10.0.0.1", Not(office), unmet},

		{"an IPv4 address written as IPv6 is IPv4", "::ffff:10.1.2.3", office, met},
		{"so it is outside", "::ffff:11.1.2.3", office, unmet},
		{"so it is a network written as IPv6", "10.1.2.3", FromNet(prefix("::ffff:10.0.0.0/104")), met},
		{"and its length counts from there", "11.1.2.3", FromNet(prefix("::ffff:10.0.0.0/104")), unmet},
		{"all of IPv4 written as IPv6", "192.0.2.1", FromNet(prefix("::ffff:0.0.0.0/96")), met},
		{"one address", "192.0.2.1", FromNet(prefix("::ffff:192.0.2.1/128")), met},
		{"both written as IPv6", "::ffff:10.1.2.3", FromNet(prefix("::ffff:10.0.0.0/104")), met},
		{"all of IPv6 has no IPv4", "10.1.2.3", FromNet(prefix("::/0")), unmet},
		{"written as IPv6 neither", "::ffff:10.1.2.3", FromNet(prefix("::/0")), unmet},
		{"all of IPv4 has no IPv6", "::1", FromNet(prefix("0.0.0.0/0")), unmet},
		{"an IPv4-compatible address is IPv6", "::10.1.2.3", office, unmet},

		{"a zone makes no difference", "2001:db8::1%eth0", office, met},
		{"a zone makes no difference outside", "fe80::1%eth0", office, unmet},
		{"bits beyond the length count for nothing", "10.9.9.9", FromNet(prefix("10.1.2.3/8")), met},

		{"no address", "", office, broken},
		{"so the opposite is no answer", "", Not(office), broken},
		{"no prefix", "10.0.0.1", FromNet(netip.Prefix{}), broken},
		{"the opposite of no prefix", "10.0.0.1", Not(FromNet(netip.Prefix{})), broken},
		{"no prefix beside a good one", "10.0.0.1", FromNet(prefix("10.0.0.0/8"), netip.Prefix{}), broken},
		{"a length that is too long", "10.0.0.1", FromNet(netip.PrefixFrom(netip.MustParseAddr("10.0.0.0"), 33)), broken},
		{"IPv4 written as IPv6 with the length of IPv4", "10.0.0.1", FromNet(prefix("::ffff:10.0.0.0/8")), broken},
		{"the opposite of it", "2001:db8::1", Not(FromNet(prefix("::ffff:10.0.0.0/95"))), broken},
	} {
		for who, id := range map[string]*Identity{"amy": NewIdentity("amy", nil, nil), "nobody": NewIdentity("", nil, nil)} {
			if c.addr != "" {
				id = id.WithAddr(netip.MustParseAddr(c.addr))
			}
			if got := judge(id, c.p); got != c.want {
				t.Errorf("%s: %v for %s at %q is %v, want %v", c.rule, c.p, who, c.addr, got, c.want)
			}
			expectVerdict(t, id, c.p, c.want)
		}
	}
	expectVerdict(t, nil, office, broken)
	expectVerdict(t, (&Identity{}).WithAddr(netip.MustParseAddr("10.0.0.1")), office, broken)
	expectVerdict(t, NewIdentity("amy", nil, nil).WithAddr(netip.MustParseAddr("10.0.0.1")).WithAddr(netip.Addr{}), office, broken)
}

func TestFromNetPrints(t *testing.T) {
	for want, p := range map[string]Predicate{
		`from_net("10.0.0.0/8", "2001:db8::/32")`:        FromNet(prefix("10.1.2.3/8"), prefix("2001:db8::1/32")),
		`from_net("10.0.0.0/8")`:                         FromNet(prefix("::ffff:10.1.2.3/104")),
		`from_net("0.0.0.0/0", "::/0", msg="x")`:         WithMessage(FromNet(prefix("0.0.0.0/0"), prefix("::/0")), "x"),
		`from_net("10.0.0.0/8", "invalid Prefix")`:       FromNet(prefix("10.1.2.3/8"), netip.Prefix{}),
		`from_net("::ffff:10.0.0.0/8", "::102:304/128")`: FromNet(prefix("::ffff:10.0.0.0/8"), prefix("::1.2.3.4/128")),
	} {
		if got := p.String(); got != want {
			t.Errorf("printed as %s, want %s", got, want)
		}
	}
}

// A predicate does not change with the slice of its networks.
func TestFromNetCopies(t *testing.T) {
	nets := []netip.Prefix{prefix("192.0.2.0/24")}
	p := FromNet(prefix("10.0.0.0/8"), nets...)
	nets[0] = prefix("0.0.0.0/0")
	if nets[0] != prefix("0.0.0.0/0") || p.String() != `from_net("10.0.0.0/8", "192.0.2.0/24")` {
		t.Errorf("the predicate became %v", p)
	}
}

func TestFromNetReasons(t *testing.T) {
	amy := NewIdentity("amy", []string{"readers"}, nil)
	out := amy.WithAddr(someAddr)
	in := amy.WithAddr(netip.MustParseAddr("::ffff:10.1.2.3"))
	office := FromNet(prefix("10.0.0.0/8"))
	for _, c := range []struct {
		id   *Identity
		p    Predicate
		want string
	}{
		{out, office, "needs an address in 10.0.0.0/8; your address is 192.0.2.1"},
		{out, FromNet(prefix("10.0.0.0/8"), prefix("::1/128")), "needs an address in one of 10.0.0.0/8, ::1/128; your address is 192.0.2.1"},
		{in, office, "your address 10.1.2.3 is in 10.0.0.0/8"},
		{in, FromNet(prefix("::/0"), prefix("10.1.0.0/16"), prefix("10.0.0.0/8")), "your address 10.1.2.3 is in 10.1.0.0/16"},
		{in, Not(office), "refused because your address 10.1.2.3 is in 10.0.0.0/8"},
		{out, Not(office), "your address is 192.0.2.1"},
		{amy, office, "the address is unknown"},
		{out, FromNet(netip.Prefix{}), `"invalid Prefix" is no valid network`},
		{out, All(InGroup("staff"), office), "needs the group staff, and needs an address in 10.0.0.0/8; you are in readers, your address is 192.0.2.1"},
	} {
		if got := Explain(c.id, c.p).Reason; got != c.want {
			t.Errorf("%v:\n  says %s\n  want %s", c.p, got, c.want)
		}
	}
}
