package rbac_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/rbac-go/rbac"
)

// standard is ANSI INCITS 359 as an executable model: sets, loops and nothing
// that could be computed instead. The model is written from the standard's text
// and, where the standard is silent (scopes, ends of memberships, active
// groups), from the decisions of the documentation. The model is a
// specification: keep the code plain, not fast.
type standard struct {
	limited   bool     // Config.LimitedHierarchy
	protected []string // Config.Protected

	now         time.Time
	users       map[string]bool // by name; true: disabled
	groups      set
	permissions map[string]right
	members     map[member]time.Time // until; zero: without end
	synced      map[member]bool      // members that Sync has added, and no longer members
	grants      map[grantPair]bool
	inherits    map[edge]bool          // immediately
	sets        map[setKey]restriction // separation of duty
	tickets     []session              // all tickets ever issued
	passwords   map[string]bool        // users who have the password of histories
	logins      []signIn               // all that are listed
	lastLogins  map[string]time.Time   // by user
	delegations map[string]delegated   // by group
	as          *acting                // of an UpdateAs; nil: of an Update
}

type (
	right       struct{ object, operation string }
	member      struct{ user, group, scope string }
	grantPair   struct{ group, permission string } // the permission may be a pattern
	edge        struct{ senior, junior string }
	setKey      struct{ kind, name string } // kind: SSD or DSD
	restriction struct {
		groups      set
		cardinality int // this many groups are too many
	}
	session struct {
		user     string
		narrowed bool // only groups can be active
		groups   set
		expires  time.Time
		ended    bool

		key, kept  bool      // an API key, with KeepWhenDisabled
		remembered bool      // a session with the limit of Login.Remember
		early      bool      // the caller chose the end
		created    time.Time // the login
	}
)

func (k member) String() string    { return fmt.Sprintf("%s, %s, in %q", k.user, k.group, k.scope) }
func (k grantPair) String() string { return k.group + ", " + k.permission }
func (e edge) String() string      { return e.senior + ", " + e.junior }
func (k setKey) String() string    { return k.kind + ", " + k.name }

func newStandard(now time.Time) *standard {
	return &standard{now: now, users: set{}, groups: set{}, permissions: map[string]right{}, members: map[member]time.Time{}, synced: map[member]bool{},
		grants: map[grantPair]bool{}, inherits: map[edge]bool{}, sets: map[setKey]restriction{}, delegations: map[string]delegated{},
		passwords: map[string]bool{}, lastLogins: map[string]time.Time{}}
}

func (m *standard) clone() *standard {
	n := *m
	n.users, n.groups, n.permissions = maps.Clone(m.users), maps.Clone(m.groups), maps.Clone(m.permissions)
	n.members, n.grants, n.inherits = maps.Clone(m.members), maps.Clone(m.grants), maps.Clone(m.inherits)
	n.synced = maps.Clone(m.synced)
	n.passwords, n.logins, n.lastLogins = maps.Clone(m.passwords), slices.Clone(m.logins), maps.Clone(m.lastLogins)
	n.sets, n.tickets = maps.Clone(m.sets), slices.Clone(m.tickets)
	n.delegations, n.as = maps.Clone(m.delegations), m.as.clone()
	for k, s := range n.sets {
		n.sets[k] = restriction{maps.Clone(s.groups), s.cardinality}
	}
	for group, d := range n.delegations {
		n.delegations[group] = delegated{maps.Clone(d.assign), d.users}
	}
	for i := range n.tickets {
		n.tickets[i].groups = maps.Clone(n.tickets[i].groups)
	}
	return &n
}

// faults are the preconditions of a call that do not hold, each as a kind of
// error. A call is valid if and only if faults is empty.
type faults []error

func (f *faults) when(broken bool, kind error) {
	if broken {
		*f = append(*f, kind)
	}
}

// change makes an effect that an UpdateAs leaves to administrators.
func (m *standard) change(f faults, effect func(next *standard)) faults {
	return m.changeIf(func(session) bool { return false }, f, effect)
}

// changeIf makes an effect unless there are faults, or the effect would violate
// a static set for a user, or a dynamic set by the active groups of an open
// ticket. In an UpdateAs, the change is for administrators, and for those who
// may make it. A refused change has changed nothing.
func (m *standard) changeIf(may func(session) bool, f faults, effect func(next *standard)) faults {
	if m.as != nil {
		t, ok := m.actor()
		f.when(!ok || !m.administers(t, "") && !may(t), rbac.ErrDenied)
	}
	if len(f) > 0 {
		return f
	}
	next := m.clone()
	effect(next)
	f.when(next.violatesStatic(), rbac.ErrSeparation)
	f.when(m.ticketsViolate(next), rbac.ErrSeparation)
	if len(f) == 0 {
		*m = *next
		m.narrow()
	}
	return f
}

// violatesStatic reports whether a user is authorized, in one scope, for at
// least as many groups of a static set as its cardinality.
func (m *standard) violatesStatic() bool {
	for user := range m.users {
		for _, scope := range m.scopes(user) {
			if m.violates("SSD", m.authorized(user, scope)) {
				return true
			}
		}
	}
	return false
}

// ticketsViolate reports whether the groups active now violate the dynamic sets
// and inheritances of next.
func (m *standard) ticketsViolate(next *standard) bool {
	for _, t := range m.tickets {
		if !m.lives(t) {
			continue
		}
		for _, scope := range m.scopes(t.user) {
			own, _ := m.active(t, scope)
			if next.violates("DSD", next.below(own)) {
				return true
			}
		}
	}
	return false
}

func (m *standard) violates(kind string, groups set) bool {
	for k, s := range m.sets {
		if k.kind == kind && len(intersection(s.groups, groups)) >= s.cardinality {
			return true
		}
	}
	return false
}

// narrow removes from narrowed tickets the groups that the users are no longer
// authorized for. A removed group is not active again when the user is
// authorized again.
func (m *standard) narrow() {
	for i, t := range m.tickets {
		if t.narrowed {
			m.tickets[i].groups = intersection(t.groups, m.authorizedAnywhere(t.user))
		}
	}
}

// inheritsFrom is the reflexive and transitive closure of the immediate
// inheritances.
func (m *standard) inheritsFrom(senior, junior string) bool {
	if senior == junior {
		return true
	}
	for e := range m.inherits {
		if e.senior == senior && m.inheritsFrom(e.junior, junior) {
			return true
		}
	}
	return false
}

// below returns groups with everything inherited.
func (m *standard) below(groups set) set {
	all := set{}
	for junior := range m.groups {
		for senior := range groups {
			if m.inheritsFrom(senior, junior) {
				all[junior] = true
			}
		}
	}
	return all
}

// scopes returns the scopes in which the user has a membership, and the empty
// scope. Any further scope behaves like the empty scope.
func (m *standard) scopes(user string) []string {
	all := set{"": true}
	for k := range m.members {
		if k.user == user {
			all[k.scope] = true
		}
	}
	return sorted(all)
}

// assigned returns the groups of the user's memberships that have not ended, in
// a scope and everywhere.
func (m *standard) assigned(user, scope string) set {
	groups := set{}
	for k, until := range m.members {
		if k.user == user && (k.scope == scope || k.scope == "") && (until.IsZero() || m.now.Before(until)) {
			groups[k.group] = true
		}
	}
	return groups
}

func (m *standard) authorized(user, scope string) set { return m.below(m.assigned(user, scope)) }

func (m *standard) authorizedAnywhere(user string) set {
	return m.anywhere(user, func(scope string) set { return m.authorized(user, scope) })
}

// anywhere is the union over the scopes of a user.
func (m *standard) anywhere(user string, in func(scope string) set) set {
	all := set{}
	for _, scope := range m.scopes(user) {
		maps.Copy(all, in(scope))
	}
	return all
}

// gives returns the permissions that groups are granted, directly and by
// patterns.
func (m *standard) gives(groups set) set {
	all := set{}
	for p := range m.permissions {
		for k := range m.grants {
			if groups[k.group] && matches(k.permission, p) {
				all[p] = true
			}
		}
	}
	return all
}

func matches(pattern, permission string) bool {
	prefix, isPattern := strings.CutSuffix(pattern, "*")
	return permission == pattern || isPattern && strings.HasPrefix(permission, prefix)
}

func (m *standard) lives(t session) bool {
	_, there := m.users[t.user]
	return there && !t.ended && (t.expires.IsZero() || m.now.Before(t.expires))
}

// active returns the groups of a ticket that are active in a scope, without
// inherited groups, and the omitted groups, each of which would violate a
// dynamic set together with the groups before. Groups active without scope come
// before groups active in the scope alone, and are therefore active everywhere.
func (m *standard) active(t session, scope string) (own, omitted set) {
	own, omitted = set{}, set{}
	for _, group := range append(sorted(m.candidates(t, "")), sorted(m.candidates(t, scope))...) {
		with := maps.Clone(own)
		with[group] = true
		if m.violates("DSD", m.below(with)) {
			omitted[group] = true
		} else {
			own = with
		}
	}
	return own, omitted
}

// candidates returns all assigned groups, or the groups that a narrowed ticket
// names and its user is authorized for.
func (m *standard) candidates(t session, scope string) set {
	if t.narrowed {
		return intersection(t.groups, m.authorized(t.user, scope))
	}
	return m.assigned(t.user, scope)
}

// activeBelow returns the groups for which InGroup is true.
func (m *standard) activeBelow(t session, scope string) set {
	own, _ := m.active(t, scope)
	return m.below(own)
}

func intersection(a, b set) set {
	both := set{}
	for k := range a {
		if b[k] {
			both[k] = true
		}
	}
	return both
}

func sorted(s set) []string { return slices.Sorted(maps.Keys(s)) }
