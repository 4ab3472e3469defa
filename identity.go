package rbac

import (
	"iter"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/internal/policy"
	"github.com/rbac-go/rbac/store"

	"github.com/rbac-go/rbac/internal/network"
)

// Identity is the author of a request, as predicates see it: an immutable
// snapshot, safe for concurrent use. An Identity gives the same answers
// whatever is changed later: get a new Identity for every request or message.
//
// An Identity belongs to the Authority of its origin. No second Authority
// honours the Identity, not even an Authority on the same Store; see
// [Identity.BelongsTo]. Predicates are pure and take any Identity, and answer
// by the policy of the Identity.
//
// All methods can be called on a nil *Identity, without name, group and
// permission, and on the zero Identity. Neither meets any predicate,
// IsAnonymous and Not included: nil and zero stand for "nobody looked", not for
// "nobody logged in".
type Identity struct {
	policy      *policy.Policy // nil: made by NewIdentity
	here        *policy.Groups // with policy: the active groups in scope
	kind        identityKind
	thirdPerson bool           // texts are about the user, not for the user
	hideGroups  bool           // texts name no groups
	active      *policy.Active // with policy: the active groups of every scope
	origin      *origin        // nil: made by NewIdentity
	user        string
	id          uuid.UUID
	since       time.Time // AuthenticatedAt
	addr        netip.Addr
	scope       string // the memberships of the scope count, too; empty: only global ones
	host        *hostNames
}

// origin is the source of an Identity.
type origin struct {
	owner  *Authority // the Authority that made the Identity
	ticket uuid.UUID  // zero: anonymous, or requested by name
}

// hostNames are the groups and permissions of a user as stated by the host,
// without a policy.
type hostNames struct{ groups, permissions map[string]struct{} }

// identityKind is the result of an identification.
type identityKind uint8

const (
	unknownIdentity identityKind = iota // nothing is known: every predicate is broken
	anonymousIdentity
	userIdentity
)

// NewIdentity makes an Identity from groups and permissions known to the host.
// The Identity is not bound to any policy: a missing group or permission is not
// unknown, and nothing is inherited. The user name is brought into canonical
// form, as AddUser does.
//
// An empty user with neither groups nor permissions is anonymous. With an
// invalid user name, or with groups or permissions but no user, no predicate is
// met. Groups and permissions with an invalid name, for example a pattern, are
// left out: no predicate could name them.
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

// nameSet returns the set of the valid names.
func nameSet(names []string, valid func(string) bool) map[string]struct{} {
	set := make(map[string]struct{}, len(names))
	for _, name := range names {
		if valid(name) {
			set[name] = struct{}{}
		}
	}
	return set
}

// BelongsTo reports whether a made id, or the original of id ([Identity.In],
// [Identity.WithAddr] and [Identity.WithAuthenticatedAt] make copies). Nil, the
// zero Identity and the result of [NewIdentity] belong to no Authority. Two
// Authorities on a Store are two owners.
//
// A program with several Authorities must call BelongsTo before trusting the
// Identity in a context: users, groups and permissions of different Authorities
// may have equal names.
func (id *Identity) BelongsTo(a *Authority) bool {
	return id.known() && id.origin != nil && id.origin.owner == a && a != nil
}

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
// zero Identity, too, although neither meets the predicate [IsAnonymous].
func (id *Identity) IsAnonymous() bool { return id == nil || id.kind != userIdentity }

// InGroup reports whether the group is active or inherited by an active group.
// InGroup is false for an unknown group, too; the predicate [InGroup]
// distinguishes unmet from unknown.
func (id *Identity) InGroup(name string) bool { return id.known() && id.view().inGroup(name) == met }

// HasPermission reports whether an active group gives the permission, by itself
// or by inheritance. HasPermission is false for an unknown permission, too; the
// predicate [HasPermission] distinguishes unmet from unknown.
func (id *Identity) HasPermission(name string) bool {
	return id.known() && id.view().hasPermission(name) == met
}

// Groups lists the groups for which InGroup is true, in byte order.
func (id *Identity) Groups() iter.Seq[string] {
	return func(yield func(string) bool) {
		switch {
		case !id.known():
		case id.policy == nil:
			slices.Values(slices.Sorted(maps.Keys(id.hostNames().groups)))(yield)
		default:
			slices.Values(id.policy.NamesOf(id.here))(yield)
		}
	}
}

// Permissions lists the permissions for which HasPermission is true, in byte
// order.
func (id *Identity) Permissions() iter.Seq[string] {
	return func(yield func(string) bool) {
		switch {
		case !id.known():
		case id.policy == nil:
			slices.Values(slices.Sorted(maps.Keys(id.hostNames().permissions)))(yield)
		default:
			slices.Values(id.policy.PermissionsOf(id.here))(yield)
		}
	}
}

// AuthenticatedAt returns when the user proved their identity: when the ticket
// was made, or the argument of [Identity.WithAuthenticatedAt]. It is zero if
// the time is not known, and for an API key, which proves no person.
func (id *Identity) AuthenticatedAt() time.Time {
	if id == nil {
		return time.Time{}
	}
	return id.since
}

// WithAuthenticatedAt returns a copy whose user proved their identity at t, and
// nil for nil. It is for hosts with their own login: without a time, the
// identities of [NewIdentity], [Authority.Identity] and
// [Authority.IdentityBySubject] do not meet [AuthenticatedWithin]. The zero
// time is unknown, and a time in the future is no fresh login; see
// AuthenticatedWithin. An anonymous Identity never has a time.
//
// WithAuthenticatedAt is unsafe with a time that does not come from the login
// itself. Do not use the time of the request, nor the time when a session was
// renewed or a token issued (iat). Use the time that the identity provider
// states for the password or key (auth_time of OpenID Connect).
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

// WithAddr returns a copy with the address of the client, and nil for nil. The
// address must be the client's own, not the address of a proxy; see
// httpguard.Config.ClientAddr. An IPv4 address in the form of IPv6 counts as
// IPv4, and a zone is dropped; the zero address is none.
func (id *Identity) WithAddr(addr netip.Addr) *Identity {
	if id == nil {
		return nil
	}
	c := *id
	c.addr = network.Addr(addr)
	return &c
}

// In returns id in a scope. The memberships of the scope count, and memberships
// without a scope, which count everywhere. Memberships of other scopes do not
// count, not even those of the scope that id was in before. An empty or invalid
// scope gives the zero Identity, which meets no predicate: a forgotten scope
// must not be mistaken for "everywhere".
//
// Identities of [NewIdentity] and anonymous Identities do not depend on the
// scope. In of nil is nil.
func (id *Identity) In(scope string) *Identity {
	if id == nil {
		return nil
	}
	if !validScope(scope) {
		return &Identity{}
	}
	c := *id
	c.scope = scope
	if id.policy != nil {
		c.here = id.active.In(scope)
	}
	return &c
}

// Scopes reports whether id has a permission everywhere, and otherwise lists
// the scopes with the permission, in byte order. Scopes is for lists: show all
// records, or the records of the scopes. The scope of id makes no difference.
//
// Nobody has an unknown permission anywhere. An Identity of [NewIdentity] has
// permissions everywhere.
func (id *Identity) Scopes(permission string) (everywhere bool, scopes []string) {
	if !id.known() {
		return false, nil
	}
	if id.policy == nil {
		return id.HasPermission(permission), nil
	}
	return id.policy.ScopesWith(id.active, permission)
}

// String is for logs: user "bob", user "bob" in "org:42", anonymous, or unknown
// for nil and the zero Identity.
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

// known reports whether id is the result of an identification.
func (id *Identity) known() bool { return id != nil && id.kind != unknownIdentity }

// hostMade reports whether id was made by NewIdentity.
func (id *Identity) hostMade() bool { return id.known() && id.origin == nil }

// hostNames returns the statement of the host, for an id without policy.
func (id *Identity) hostNames() hostNames {
	if id.host == nil {
		return hostNames{}
	}
	return *id.host
}

// newAnonymous makes the Identity of a request without a ticket. With the
// policy, predicates recognise unknown names. Without policy nobody is
// identified.
func newAnonymous(p *policy.Policy, from *origin) *Identity {
	if p == nil {
		return &Identity{}
	}
	none := &policy.Active{}
	return &Identity{kind: anonymousIdentity, policy: p, here: none.In(""), active: none, origin: from}
}

// madeIdentity is the Identity of a user, together with the parts that the
// Identity points to.
type madeIdentity struct {
	active policy.Active
	Identity
}

// identify makes the Identity of a user for a ticket, or for the zero Ticket.
// Without policy, id or name nobody is identified.
func identify(p *policy.Policy, u uuid.UUID, name string, assigned policy.Assigned, t store.Ticket,
	from *origin) *madeIdentity {
	c := &madeIdentity{}
	if p == nil || u == uuid.Nil || name == "" {
		return c
	}
	c.active = p.Activate(assigned, t)
	c.Identity = Identity{kind: userIdentity, id: u, user: name, here: c.active.In(""), active: &c.active,
		origin: from, policy: p}
	if !t.Key {
		c.since = t.Created
	}
	return c
}
