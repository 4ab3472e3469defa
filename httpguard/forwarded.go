package httpguard

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/rbac-go/rbac/internal/network"
)

// ForwardedFor returns a [Config].ClientAddr for a service behind proxies that
// send the client's address in X-Forwarded-For. The returned function is safe
// for concurrent use.
//
// The header counts only if the connection comes from a trusted prefix;
// otherwise the address of the connection is the client's. Addresses are read
// from right to left, over all lines of the header, since each proxy appends
// the address of its own client. The first address outside the trusted prefixes
// is the client's. Anything further left came from the client, and is ignored.
// If every address is trusted, the leftmost is the client's.
//
// The function fails if a trusted proxy sent no X-Forwarded-For, or if the part
// of the header that is read contains anything but addresses, such as "unknown"
// or an empty element. The request then has no address: see
// [Config].ClientAddr. An address may have a port, and an IPv6 address may have
// brackets.
//
// It is unsafe to trust more than the proxies themselves: every host with an
// address in a trusted prefix can claim any other address. It is unsafe, too,
// behind a proxy that passes on the client's X-Forwarded-For without appending
// to the header or replacing it. The header Forwarded (RFC 7239) is not read. A
// connection over a Unix socket has no address and is an error.
func ForwardedFor(trusted ...netip.Prefix) func(*http.Request) (netip.Addr, error) {
	var prefixes []netip.Prefix
	for _, p := range trusted {
		if p, ok := network.Prefix(p); ok {
			prefixes = append(prefixes, p)
		}
	}
	trust := func(a netip.Addr) bool {
		_, ok := network.Find(prefixes, a)
		return ok
	}
	return func(r *http.Request) (netip.Addr, error) {
		ap, err := netip.ParseAddrPort(r.RemoteAddr)
		addr := network.Addr(ap.Addr())
		if err != nil || !trust(addr) {
			return addr, err
		}
		lines := r.Header["X-Forwarded-For"]
		if len(lines) == 0 {
			return netip.Addr{}, errors.New("httpguard: a trusted proxy sent no X-Forwarded-For")
		}
		for _, line := range slices.Backward(lines) {
			for more := true; more; {
				var item string
				line, item, more = cutLast(line, ',')
				if addr, err = forwardedAddr(item); err != nil || !trust(addr) {
					return addr, err
				}
			}
		}
		return addr, nil
	}
}

// cutLast cuts s around its last sep. If s contains no sep, after is all of s.
func cutLast(s string, sep byte) (before, after string, found bool) {
	if i := strings.LastIndexByte(s, sep); i >= 0 {
		return s[:i], s[i+1:], true
	}
	return "", s, false
}

// forwardedAddr parses 192.0.2.1, 192.0.2.1:80, 2001:db8::1, [2001:db8::1] and
// [2001:db8::1]:80.
func forwardedAddr(item string) (netip.Addr, error) {
	text := strings.Trim(item, " \t")
	if inner, ok := strings.CutPrefix(text, "["); ok && strings.HasSuffix(inner, "]") {
		text = strings.TrimSuffix(inner, "]")
		if !strings.Contains(text, ":") {
			return netip.Addr{}, fmt.Errorf("httpguard: X-Forwarded-For: %q is not an address", item)
		}
	}
	addr, err := netip.ParseAddr(text)
	if err != nil {
		ap, err := netip.ParseAddrPort(text)
		if err != nil {
			return netip.Addr{}, fmt.Errorf("httpguard: X-Forwarded-For: %q is not an address", item)
		}
		addr = ap.Addr()
	}
	return network.Addr(addr), nil
}
