// Package network brings addresses and prefixes into the one form in which rbac
// compares them: IPv4 as IPv4, even if written in the form of IPv6
// (::ffff:192.0.2.1), and without a zone.
package network

import (
	"net/netip"
	"strconv"
)

// Addr returns an address in the form that is compared. The zero Addr stays.
func Addr(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

// Prefix returns a prefix in the form that is compared, with the bits beyond its
// length cleared. Prefix reports false for an invalid prefix, and for one such
// as ::ffff:10.0.0.0/8, which is written like IPv4 and is far larger.
func Prefix(p netip.Prefix) (netip.Prefix, bool) {
	if !p.IsValid() {
		return p, false
	}
	if p.Addr().Is4In6() {
		if p.Bits() < 96 {
			return p, false
		}
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p.Masked(), true
}

// Find returns the first prefix with the address. Both are in the form that is
// compared.
func Find(prefixes []netip.Prefix, a netip.Addr) (netip.Prefix, bool) {
	for _, p := range prefixes {
		if p.Contains(a) {
			return p, true
		}
	}
	return netip.Prefix{}, false
}

// Parse reads a prefix, and reports false for a text that Prefix would refuse.
func Parse(text string) (netip.Prefix, bool) {
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return netip.Prefix{}, false
	}
	_, ok := Prefix(p)
	return p, ok
}

// Quoted returns the prefixes as Go strings in quotation marks.
func Quoted(prefixes []netip.Prefix) (quoted []string) {
	for _, p := range prefixes {
		quoted = append(quoted, strconv.Quote(p.String()))
	}
	return quoted
}
