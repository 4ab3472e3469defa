package rbac

import (
	"net/netip"
	"slices"
	"strconv"

	"github.com/rbac-go/rbac/internal/explain"
	"github.com/rbac-go/rbac/internal/names"
	"github.com/rbac-go/rbac/internal/network"
)

// FromNet is met if the request comes from an address in any of the prefixes.
// Bits beyond the length of a prefix are ignored: 10.1.2.3/8 is 10.0.0.0/8.
//
// The address is the argument of [Identity.WithAddr]; package httpguard calls
// WithAddr. An IPv4 address, even in the form of IPv6 (::ffff:192.0.2.1), is in
// IPv4 prefixes only, and ::/0 contains no IPv4 address. Zones are dropped.
// FromNet is broken for an Identity without an address. With a zero or invalid
// prefix FromNet is broken for everybody. A prefix such as ::ffff:10.0.0.0/8 is
// invalid, too: it looks like IPv4, but is far larger.
//
// FromNet is unsafe if the client can choose the address, and useless if the
// address is the address of a proxy, shared by all clients: see
// httpguard.Config.ClientAddr. An address is the origin of a request and not
// the author: combine FromNet with another predicate.
func FromNet(prefix netip.Prefix, more ...netip.Prefix) Predicate {
	nets := append([]netip.Prefix{prefix}, more...)
	for i, net := range nets {
		plain, ok := network.Prefix(net)
		if !ok {
			return newLeaf(&flawed{"from_net", network.Quoted(nets),
				strconv.Quote(net.String()) + " is no valid network"})
		}
		nets[i] = plain
	}
	return newLeaf(&fromNet{nets})
}

// fromNet compares an address with prefixes in the form of package network.
type fromNet struct{ nets []netip.Prefix }

func (p *fromNet) judge(id view) verdict {
	if !id.addr.IsValid() {
		return broken
	}
	_, ok := network.Find(p.nets, id.addr)
	return verdictOf(ok)
}

func (p *fromNet) call() (string, []string) { return "from_net", network.Quoted(p.nets) }

func (p *fromNet) describe(id *Identity, v verdict) (problem, detail string) {
	switch v {
	case met:
		net, _ := network.Find(p.nets, id.addr)
		return "", "your address " + id.addr.String() + " is in " + net.String()
	case unmet:
		return "needs an address in " + p.list(), "your address is " + id.addr.String()
	}
	return "the address is unknown", ""
}

// list reads like: 10.0.0.0/8, or: one of 10.0.0.0/8, 192.168.0.0/16.
func (p *fromNet) list() string {
	var names []string
	for _, net := range p.nets {
		names = append(names, net.String())
	}
	names = slices.Compact(names)
	if len(names) == 1 {
		return names[0]
	}
	return "one of " + explain.List(names, ", ")
}

// netOf reads a prefix as printed by FromNet.
func netOf(text string) (netip.Prefix, error) {
	if net, ok := network.Parse(text); ok {
		return net, nil
	}
	return netip.Prefix{}, invalid("predicate", "from_net", "",
		strconv.Quote(names.Printable(text, 64))+` is no network such as "10.0.0.0/8" or "2001:db8::/32"`)
}
