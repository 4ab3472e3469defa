package rbac

import (
	"net/netip"
	"slices"
	"strconv"

	"github.com/rbac-go/rbac/internal/names"
)

// FromNet is met if the request comes from an address in one of the prefixes.
// Bits beyond the length of a prefix are ignored: 10.1.2.3/8 is 10.0.0.0/8.
//
// The address is the one set with [Identity.WithAddr], which package httpguard
// does. An IPv4 address, even one written as IPv6 (::ffff:192.0.2.1), is in IPv4
// prefixes only, and ::/0 contains none of them. Zones are dropped. The predicate
// is broken for an Identity without an address. It is broken for everybody with a
// zero or invalid prefix, or with one like ::ffff:10.0.0.0/8, which is written as
// IPv4 and is far larger.
//
// It is unsafe if the client can choose the address, and useless if the address
// is that of a proxy, which all clients share: see httpguard.Config.ClientAddr.
// An address states where a request comes from and not who sent it: combine
// FromNet with another predicate.
func FromNet(prefix netip.Prefix, more ...netip.Prefix) Predicate {
	nets := append([]netip.Prefix{prefix}, more...)
	for i, net := range nets {
		plain, ok := plainPrefix(net)
		if !ok {
			return newLeaf(&flawed{"from_net", quotedPrefixes(nets),
				strconv.Quote(net.String()) + " is no valid network"})
		}
		nets[i] = plain
	}
	return newLeaf(&fromNet{nets})
}

// plainPrefix masks a prefix, and turns an IPv4 prefix that is written as IPv6
// into IPv4.
func plainPrefix(net netip.Prefix) (netip.Prefix, bool) {
	if !net.IsValid() {
		return net, false
	}
	if net.Addr().Is4In6() {
		if net.Bits() < 96 {
			return net, false
		}
		net = netip.PrefixFrom(net.Addr().Unmap(), net.Bits()-96)
	}
	return net.Masked(), true
}

type fromNet struct{ nets []netip.Prefix } // plain

func (p *fromNet) judge(id view) verdict {
	if !id.addr.IsValid() {
		return broken
	}
	_, ok := p.find(id.addr)
	return verdictOf(ok)
}

func (p *fromNet) find(addr netip.Addr) (netip.Prefix, bool) {
	for _, net := range p.nets {
		if net.Contains(addr) {
			return net, true
		}
	}
	return netip.Prefix{}, false
}

func (p *fromNet) call() (string, []string) { return "from_net", quotedPrefixes(p.nets) }

func quotedPrefixes(nets []netip.Prefix) []string {
	var quoted []string
	for _, net := range nets {
		quoted = append(quoted, strconv.Quote(net.String()))
	}
	return quoted
}

func (p *fromNet) describe(id *Identity, v verdict) (problem, detail string) {
	switch v {
	case met:
		net, _ := p.find(id.addr)
		return "", "your address " + id.addr.String() + " is in " + net.String()
	case unmet:
		return "needs an address in " + p.list(), "your address is " + id.addr.String()
	}
	return "the address is unknown", ""
}

func (p *fromNet) list() string {
	var names []string
	for _, net := range p.nets {
		names = append(names, net.String())
	}
	names = slices.Compact(names)
	if len(names) == 1 {
		return names[0]
	}
	return "one of " + listed(names, ", ")
}

// plainAddr returns the form in which an Identity keeps an address: IPv4 as such,
// without a zone.
func plainAddr(addr netip.Addr) netip.Addr { return addr.Unmap().WithZone("") }

// netOf reads a prefix that FromNet prints.
func netOf(text string) (netip.Prefix, error) {
	net, err := netip.ParsePrefix(text)
	if err == nil {
		if _, ok := plainPrefix(net); ok {
			return net, nil
		}
	}
	return netip.Prefix{}, invalid("predicate", "from_net", "",
		strconv.Quote(names.Printable(text, 64))+` is no network such as "10.0.0.0/8" or "2001:db8::/32"`)
}
