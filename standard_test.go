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
// that could be computed instead. It is written from the standard's text and
// from what the documentation decides where that is silent (scopes, ends of
// memberships, what is active). It is a specification: keep it plain, not fast.
type standard struct {
	limited   bool     // Config.LimitedHierarchy
	protected []string // Config.Protected

	now         time.Time
	users       map[string]bool // whether disabled
	groups      set
	permissions map[string]right
	members     map[member]time.Time // until; zero: without end
	grants      map[grantPair]bool
	inherits    map[edge]bool          // immediately
	sets        map[setKey]restriction // separation of duty
	tickets     []session              // all there ever were
}

type (
	right       struct{ object, operation string }
	member      struct{ user, group, scope string }
	grantPair   struct{ group, permission string } // the permission may be a pattern
	edge        struct{ senior, junior string }
	setKey      struct{ kind, name string } // kind: SSD or DSD
	restriction struct {
		groups      set
		cardinality int // so many are too many
	}
	session struct {
		user     string
		narrowed bool // only groups can be active
		groups   set
		expires  time.Time // zero: not in this history
		ended    bool
	}
)

func (k member) String() string    { return fmt.Sprintf("%s, %s, in %q", k.user, k.group, k.scope) }
func (k grantPair) String() string { return k.group + ", " + k.permission }
func (e edge) String() string      { return e.senior + ", " + e.junior }
func (k setKey) String() string    { return k.kind + ", " + k.name }

func newStandard(now time.Time) *standard {
	return &standard{now: now, users: set{}, groups: set{}, permissions: map[string]right{}, members: map[member]time.Time{},
		grants: map[grantPair]bool{}, inherits: map[edge]bool{}, sets: map[setKey]restriction{}}
}

func (m *standard) clone() *standard {
	n := *m
	n.users, n.groups, n.permissions = maps.Clone(m.users), maps.Clone(m.groups), maps.Clone(m.permissions)
	n.members, n.grants, n.inherits = maps.Clone(m.members), maps.Clone(m.grants), maps.Clone(m.inherits)
	n.sets, n.tickets = maps.Clone(m.sets), slices.Clone(m.tickets)
	for k, s := range n.sets {
		n.sets[k] = restriction{maps.Clone(s.groups), s.cardinality}
	}
	for i := range n.tickets {
		n.tickets[i].groups = maps.Clone(n.tickets[i].groups)
	}
	return &n
}

// faults are the preconditions of a call that do not hold, each as the kind of
// error that it is. A call is valid if and only if there is none.
type faults []error

func (f *faults) when(broken bool, kind error) {
	if broken {
		*f = append(*f, kind)
	}
}

// change makes an effect unless there are faults, or it would violate a static
// set for a user, or a dynamic one by what is active in an open ticket.
// Refused, it has changed nothing.
func (m *standard) change(f faults, effect func(next *standard)) faults {
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

// violatesStatic: no user may be authorized, in one scope, for as many groups
// of a static set as it counts.
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

// ticketsViolate: what is active now may not violate the dynamic sets and
// inheritances of next.
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

// narrow takes out of the tickets that were narrowed what their users are no
// longer authorized for: it is not active again when they are.
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

// below are groups and all they inherit.
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

// scopes are those in which the user has a membership, and the empty one: in
// any other the same holds as there.
func (m *standard) scopes(user string) []string {
	all := set{"": true}
	for k := range m.members {
		if k.user == user {
			all[k.scope] = true
		}
	}
	return sorted(all)
}

// assigned are the groups of the user's memberships that have not ended, in a
// scope and everywhere.
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

// gives are the permissions that groups are granted, and by patterns.
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

// active are the groups of a ticket that are active in a scope, without what
// they inherit, and those that are left out, since they would violate a dynamic
// set together with the ones before them. What is active without scope comes
// before what is so in the scope alone: so it is active everywhere.
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

// candidates are all that is assigned, or what a narrowed ticket names and its
// user is authorized for.
func (m *standard) candidates(t session, scope string) set {
	if t.narrowed {
		return intersection(t.groups, m.authorized(t.user, scope))
	}
	return m.assigned(t.user, scope)
}

// activeBelow is what InGroup is true for.
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
