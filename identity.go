package rbac

import (
	"iter"
	"net/netip"
	"time"

	"github.com/google/uuid"
)

// Identity is who a request comes from, as predicates see it: an immutable
// snapshot, safe for concurrent use. It keeps its answers whatever is changed
// later, so get a new one for every request or message.
//
// All methods can be called on a nil *Identity, which has no name, no group and no
// permission. So has the zero Identity. For neither is any predicate met, IsAnonymous
// and Not included: they stand for "nobody looked", not for "nobody logged in".
type Identity struct {
	kind   identityKind
	user   string
	id     uuid.UUID
	since  time.Time        // AuthenticatedAt
	now    func() time.Time // the clock of its Authority; nil: time.Now
	addr   netip.Addr
	policy *policy             // nil: made by NewIdentity
	groups []int32             // with policy: sorted numbers of the active groups and all they inherit
	gnames map[string]struct{} // without policy: groups
	pnames map[string]struct{} // without policy: permissions
}

type identityKind uint8

const (
	unknownIdentity identityKind = iota // nothing is known: every predicate is broken
	anonymousIdentity
	userIdentity
)

// NewIdentity makes an Identity from groups and permissions that the host knows
// from a source of its own. It is not bound to any policy: a group or permission it does
// not have is not unknown, and nothing is inherited.
//
// An empty user with neither groups nor permissions is anonymous. With an invalid
// user name, or groups or permissions without a user, no predicate is met.
func NewIdentity(user string, groups, permissions []string) *Identity { return nil }

// User returns the user's name, empty when anonymous.
func (id *Identity) User() string { return "" }

// ID returns the user's id, zero when anonymous or made by NewIdentity.
func (id *Identity) ID() uuid.UUID { return uuid.Nil }

// IsAnonymous reports whether nobody is logged in. It is true for nil, too.
func (id *Identity) IsAnonymous() bool { return true }

// InGroup reports whether the group is active or inherited by an active one.
func (id *Identity) InGroup(name string) bool { return false }

// HasPermission reports whether an active group gives the permission, by itself or by inheritance.
func (id *Identity) HasPermission(name string) bool { return false }

// Groups lists what InGroup is true for, in byte order.
func (id *Identity) Groups() iter.Seq[string] { return func(func(string) bool) {} }

// Permissions lists what HasPermission is true for, in byte order.
func (id *Identity) Permissions() iter.Seq[string] { return func(func(string) bool) {} }

// AuthenticatedAt returns when the user proved who they are: when the ticket was
// made. It is zero where that is not known.
func (id *Identity) AuthenticatedAt() time.Time { return time.Time{} }

// WithAddr returns a copy that comes from the given address. The address must be
// the client's own, not that of a proxy; see httpguard.Config.ClientAddr.
func (id *Identity) WithAddr(addr netip.Addr) *Identity { return id }
