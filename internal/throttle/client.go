package throttle

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"net/netip"
	"time"

	"github.com/google/uuid"
)

// A Client is how the client of an attempt is known, which decides the budget
// that its failures count against.
type Client string

// The kinds of clients. Stores keep these texts, so they never change.
const (
	Unknown      Client = "name"   // all share one budget for each name
	KnownPrefix  Client = "prefix" // an address prefix that has logged in for the name
	KnownDevice  Client = "device" // a device cookie
	TicketHolder Client = "ticket" // a living ticket, to change the password
)

// Known reports whether the client is a known device or a known prefix, which
// have a budget of their own that can end.
func (c Client) Known() bool { return c == KnownDevice || c == KnownPrefix }

const (
	// knownFailures is the number of failures in a row that make a known client
	// unknown (NIST SP 800-63B-4 §3.2.2).
	knownFailures = 100

	prefixLasts = 30 * 24 * time.Hour  // a prefix is known for so long after its last success
	deviceLasts = 400 * 24 * time.Hour // as long as browsers keep a cookie

	maxPrefixes = 50 // known prefixes of one user
	maxDevices  = 10 // known devices of one user
)

// A record is the stored form of a client's budget.
type record struct {
	Client Client     `json:"client"`
	Ticket *uuid.UUID `json:"ticket,omitempty"` // of a device: the ticket that it was made with
	Budget
}

// Known reports whether the record, unless expired, makes a client known.
func (r record) Known(c Client) bool { return r.Client == c && r.Failures < knownFailures }

// A Source describes where an attempt comes from and for which user. The
// methods return the keys of the records that count the attempt.
type Source struct {
	User     uuid.UUID // zero if no user has the name
	Name     string    // canonical, or as typed if it cannot be a user's
	Device   string    // the secret that the client shows, or empty
	Prefixes [3]netip.Prefix
}

// Key returns the key of the budget of a client. Keys are hashes, so the store
// neither grows with long names nor shows a password that was typed as a name.
func (s Source) Key(c Client) [32]byte {
	owner := "name " + s.Name
	if s.User != uuid.Nil {
		owner = "user " + s.User.String()
	}
	switch c {
	case KnownDevice:
		return key(KnownDevice, s.Device)
	case KnownPrefix:
		return key(KnownPrefix, owner, s.Prefixes[2].String())
	}
	return key(c, owner)
}

// NetworkKeys returns the keys of the two prefixes that count spraying: the
// client's own prefix, and the wider prefix of the client's site or provider.
func (s Source) NetworkKeys() (near, wide [32]byte) {
	return key("network", s.Prefixes[2].String()), key("network", s.Prefixes[0].String())
}

// located reports whether the address of the client is known.
func (s Source) located() bool { return s.Prefixes[2].IsValid() }

// NameMark returns the number, never zero, that stands for the name in a
// network.
func (s Source) NameMark() uint64 {
	k := s.Key(Unknown)
	return binary.LittleEndian.Uint64(k[:]) | 1
}

func key(kind Client, parts ...string) [32]byte {
	h := sha256.New()
	fmt.Fprintf(h, "%s", kind)
	for _, part := range parts {
		fmt.Fprintf(h, "\x00%d\x00%s", len(part), part)
	}
	return [32]byte(h.Sum(nil))
}

// Prefixes returns the networks of an address, from wide to narrow: the network
// of a site first, the smallest network of a customer last. The networks are
// IPv6 /48, /56 and /64, or IPv4 /24, /32 and /32. Clients without an address
// share the zero prefixes.
func Prefixes(a netip.Addr) (prefixes [3]netip.Prefix) {
	a = a.Unmap().WithZone("")
	bits := [3]int{48, 56, 64}
	if a.Is4() {
		bits = [3]int{24, 32, 32}
	}
	for i, n := range bits {
		prefixes[i], _ = a.Prefix(n) // of the zero Addr: the zero Prefix
	}
	return prefixes
}
