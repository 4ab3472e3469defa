package rbac

import (
	"iter"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/rbac-go/rbac/store"
)

// Identity is who a request comes from, as predicates see it: an immutable
// snapshot, safe for concurrent use. It keeps its answers whatever is changed
// later, so get a new one for every request or message.
//
// An Identity belongs to the Authority that made it, and no other Authority honours
// it, not even one on the same Store; see [Identity.BelongsTo]. Predicates are pure and
// take any Identity: they answer by the policy of the Authority that made it.
//
// All methods can be called on a nil *Identity, which has no name, no group and no
// permission. So has the zero Identity. For neither is any predicate met, IsAnonymous
// and Not included: they stand for "nobody looked", not for "nobody logged in".
type Identity struct {
	policy *policy       // nil: made by NewIdentity
	here   *activeGroups // with policy: the active groups in scope
	kind   identityKind
	third  bool                    // texts are about the user, not for them
	hushed bool                    // texts name no groups
	active *scopedGroups           // with policy: the groups of every scope; nil: none in any
	near   *atomic.Pointer[nearby] // what WithAddr keeps; nil: nothing
	origin *origin                 // nil: made by NewIdentity
	user   string
	id     uuid.UUID
	since  time.Time // AuthenticatedAt
	addr   netip.Addr
	scope  string // whose memberships groups counts beside the global ones; empty: none
	host   *hostNames
}

// origin is where an Identity came from. Identities that came from one place share it.
type origin struct {
	owner  *Authority // that made the Identity
	ticket uuid.UUID  // zero: anonymous, or asked for by name
}

// hostNames are what a host says somebody has, of whom no policy knows.
type hostNames struct{ groups, permissions map[string]struct{} }

// hosts is what the host says of id, for one without policy.
func (id *Identity) hosts() hostNames {
	if id.host == nil {
		return hostNames{}
	}
	return *id.host
}

type identityKind uint8

const (
	unknownIdentity identityKind = iota // nothing is known: every predicate is broken
	anonymousIdentity
	userIdentity
)

// NewIdentity makes an Identity from groups and permissions that the host knows
// from a source of its own. It is not bound to any policy: a group or permission it does
// not have is not unknown, and nothing is inherited. The user name is taken to its canonical
// form, as AddUser does.
//
// An empty user with neither groups nor permissions is anonymous. With an invalid
// user name, or groups or permissions without a user, no predicate is met. Groups and permissions
// with an invalid name, such as a pattern, are left out: no predicate could ask for them.
func NewIdentity(user string, groups, permissions []string) *Identity {
	if user == "" {
		if len(groups)+len(permissions) > 0 {
			return &Identity{}
		}
		return &Identity{kind: anonymousIdentity}
	}
	name, err := canonicalUser(user)
	if err != nil {
		return &Identity{}
	}
	return &Identity{
		kind: userIdentity,
		user: name,
		host: &hostNames{nameSet(groups, validGroup), nameSet(permissions, validPermission)},
	}
}

func nameSet(names []string, valid func(string) bool) map[string]struct{} {
	set := make(map[string]struct{}, len(names))
	for _, name := range names {
		if valid(name) {
			set[name] = struct{}{}
		}
	}
	return set
}

// anonymous is who has no ticket. The policy is given along, since for it, too, an
// unknown name is a fault.
func (p *policy) anonymous(from *origin) *Identity {
	if p == nil {
		return &Identity{}
	}
	id := p.nobody.Load()
	if id == nil {
		none := &scopedGroups{}
		id = &Identity{kind: anonymousIdentity, policy: p, here: &none.global, active: none, origin: from}
		p.nobody.Store(id)
	}
	return id
}

// standing is the Identity of a user, or of a ticket of theirs, under one policy. What a check reads of it lies together.
type standing struct {
	groups scopedGroups
	until  time.Time // when the next membership ends; zero: never
	Identity
	near atomic.Pointer[nearby]
}

// stand gives the user u what a ticket of theirs, or the zero one, gives with these groups. Without
// policy, id or name nobody is identified.
func (p *policy) stand(u uuid.UUID, name string, assigned map[string][]int32, t store.Ticket, from *origin) *standing {
	s := &standing{}
	if p == nil || u == uuid.Nil || name == "" {
		return s
	}
	s.groups.fill(assigned, p.activator(t))
	s.Identity = Identity{kind: userIdentity, id: u, user: name, here: &s.groups.global, active: &s.groups,
		since: t.Created, origin: from, policy: p, near: &s.near}
	return s
}

// holds reports whether it is right at a time under a policy.
func (s *standing) holds(p *policy, now time.Time) bool {
	return s != nil && s.policy == p && (s.until.IsZero() || now.Before(s.until))
}

// known reports whether somebody looked who it is.
func (id *Identity) known() bool { return id != nil && id.kind != unknownIdentity }

// BelongsTo reports whether a made id, or made the Identity that id is a copy of
// ([Identity.In], [Identity.WithAddr], [Identity.WithAuthenticatedAt]). Nil, the zero
// Identity and one of [NewIdentity] belong to no Authority. An Authority on the same Store is another one.
//
// A program with several Authorities must ask before it trusts the Identity in a
// context: users, groups and permissions of different Authorities may have the same names.
func (id *Identity) BelongsTo(a *Authority) bool {
	return id.known() && id.origin != nil && id.origin.owner == a && a != nil
}

// hostMade reports whether id is one of NewIdentity.
func (id *Identity) hostMade() bool { return id.known() && id.origin == nil }

// User returns the user's name in canonical form, empty when anonymous.
func (id *Identity) User() string {
	if id == nil {
		return ""
	}
	return id.user
}

// ID returns the user's id, zero when anonymous or made by NewIdentity.
func (id *Identity) ID() uuid.UUID {
	if id == nil {
		return uuid.Nil
	}
	return id.id
}

// IsAnonymous reports whether nobody is logged in. It is true for nil and the
// zero Identity, too, although these do not meet the predicate [IsAnonymous].
func (id *Identity) IsAnonymous() bool { return id == nil || id.kind != userIdentity }

// InGroup reports whether the group is active or inherited by an active one.
// False does not tell an unknown group from one that id is not in; the predicate [InGroup] does.
func (id *Identity) InGroup(name string) bool { return id.known() && id.view().group(name) == met }

// HasPermission reports whether an active group gives the permission, by itself or by inheritance.
// False does not tell an unknown permission from a missing one; the predicate [HasPermission] does.
func (id *Identity) HasPermission(name string) bool {
	return id.known() && id.view().permission(name) == met
}

// group is the verdict on being in a group, for a known id.
func (id view) group(name string) verdict {
	if id.policy == nil {
		_, ok := id.hosts().groups[name]
		return verdictOf(ok)
	}
	n, ok := id.policy.groupNums.Get(name)
	return id.inNumber(n, ok)
}

// inNumber is the verdict on being in the group with a number, if there is one.
func (id view) inNumber(n int32, ok bool) verdict {
	if !ok {
		return broken
	}
	_, in := slices.BinarySearch(id.active.closed, n)
	return verdictOf(in)
}

// permission is the verdict on having a permission, for a known id.
func (id view) permission(name string) verdict {
	if id.policy == nil {
		_, ok := id.hosts().permissions[name]
		return verdictOf(ok)
	}
	p := id.policy.permission(name)
	if p == nil {
		return broken
	}
	return verdictOf(p.given.meets(id.active.closed))
}

// Groups lists what InGroup is true for, in byte order.
func (id *Identity) Groups() iter.Seq[string] {
	return func(yield func(string) bool) {
		switch {
		case !id.known():
		case id.policy == nil:
			slices.Values(slices.Sorted(maps.Keys(id.hosts().groups)))(yield)
		default:
			for _, n := range id.policy.byName(slices.Clone(id.here.closed)) {
				if !yield(id.policy.group(n).Name) {
					return
				}
			}
		}
	}
}

// Permissions lists what HasPermission is true for, in byte order.
func (id *Identity) Permissions() iter.Seq[string] {
	return func(yield func(string) bool) {
		switch {
		case !id.known():
		case id.policy == nil:
			slices.Values(slices.Sorted(maps.Keys(id.hosts().permissions)))(yield)
		default:
			slices.Values(id.policy.permissionNames(id.here.closed))(yield)
		}
	}
}

// AuthenticatedAt returns when the user proved who they are: when the ticket was
// made, or what [Identity.WithAuthenticatedAt] said. It is zero where that is not known.
func (id *Identity) AuthenticatedAt() time.Time {
	if id == nil {
		return time.Time{}
	}
	return id.since
}

// WithAuthenticatedAt returns a copy whose user proved who they are at t, and nil for nil. It is for hosts with a login of their
// own, whose identities ([NewIdentity], [Authority.Identity], [Authority.IdentityBySubject]) would otherwise
// not meet [AuthenticatedWithin]. The zero time is unknown, and a time in the future is no fresh login, as is said there.
// Who is not logged in has no such time.
//
// It is unsafe with a time that does not come from the login itself: not with that of the request, and not
// with when a session was renewed or a token issued (iat), but with what the identity provider says of the password or key (auth_time of OpenID Connect).
func (id *Identity) WithAuthenticatedAt(t time.Time) *Identity {
	if id == nil {
		return nil
	}
	c := *id
	if c.kind == userIdentity {
		c.since = t.Round(0) // the monotonic clock stands still while a machine sleeps
	}
	return &c
}

// WithAddr returns a copy that comes from the given address, and nil for nil. The address must be
// the client's own, not that of a proxy; see httpguard.Config.ClientAddr. An IPv4 address
// that is written as IPv6 counts as IPv4, and a zone is dropped; the zero address is none.
func (id *Identity) WithAddr(addr netip.Addr) *Identity {
	if id == nil {
		return nil
	}
	addr = plainAddr(addr)
	if id.near == nil {
		return id.from(addr)
	}
	// Request after request comes from the same address. What is kept is a copy of this very Identity,
	// and not of the one that this is a copy of.
	if k := id.near.Load(); k != nil && k.of == id && k.copy.addr == addr {
		return k.copy
	}
	c := id.from(addr)
	id.near.Store(&nearby{id, c})
	return c
}

// nearby is an Identity, and its copy with the address that was asked for last.
type nearby struct{ of, copy *Identity }

func (id *Identity) from(addr netip.Addr) *Identity {
	c := *id
	c.addr, c.near = addr, nil
	return &c
}

// String is for logs: user "bob", user "bob" in "org:42", anonymous, or unknown for nil and the zero Identity.
func (id *Identity) String() string {
	switch {
	case !id.known():
		return "unknown"
	case id.kind == anonymousIdentity:
		return "anonymous"
	}
	if id.scope != "" {
		return "user " + strconv.Quote(id.user) + " in " + strconv.Quote(id.scope)
	}
	return "user " + strconv.Quote(id.user)
}
