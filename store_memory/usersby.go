package memorystore

import (
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/store"
)

// usersBy are the users that a filter selects.
type usersBy struct {
	store.UserFilter
	search  string
	members []members // all conditions on memberships
}

// members selects users who have a membership in one of groups (nil: any) and
// in one of scopes (nil: any).
type members struct {
	groups    []uuid.UUID
	scopes    []string
	at        time.Time
	permanent bool
}

// selection copies the slices of a filter, which may change before a listing
// runs.
func selection(f store.UserFilter) usersBy {
	by := usersBy{UserFilter: f, search: lower(f.Search)}
	for _, m := range []members{{f.Groups, f.Scopes, f.At, f.Permanent}, {f.AlsoGroups, f.AlsoScopes, f.At, false}} {
		if m.groups != nil || m.scopes != nil || m.permanent {
			m.groups, m.scopes = slices.Clone(m.groups), slices.Clone(m.scopes)
			by.members = append(by.members, m)
		}
	}
	return by
}

// users yields the users by name.
func (by usersBy) users(s *state) iter.Seq[*store.UserRecord] {
	return func(yield func(*store.UserRecord) bool) {
		n := 0
		for u := range by.candidates(s) {
			if !by.selects(s, u) {
				continue
			}
			n++
			if !yield(u) || n == by.Limit {
				return
			}
		}
	}
}

func (by usersBy) selects(s *state, u *store.UserRecord) bool {
	switch {
	case by.Enabled && u.Disabled, by.Disabled && !u.Disabled:
		return false
	case !by.LastLoginBefore.IsZero() && !u.LastLogin.Before(by.LastLoginBefore):
		return false
	case !userContains(u, by.search):
		return false
	}
	return !slices.ContainsFunc(by.members, func(m members) bool { return !m.include(s, u.ID) })
}

// candidates yields users after by.After by name, among them all that by
// selects.
func (by usersBy) candidates(s *state) iter.Seq[*store.UserRecord] {
	for _, m := range by.members {
		if few, ok := m.few(s, by.After); ok {
			return slices.Values(few)
		}
	}
	return func(yield func(*store.UserRecord) bool) {
		for name, id := range s.userNames.From(by.After) {
			if name <= by.After {
				continue
			}
			if u, _ := s.users.Get(idKey(id)); !yield(u) {
				return
			}
		}
	}
}

// many is the number of memberships that are not sorted to list a page of
// users. If a condition has many members, a walk through all users is cheaper
// unless they are rare.
const many = 20_000

// few returns the users who may be members if they are few.
func (m members) few(s *state, after string) (users []*store.UserRecord, ok bool) {
	looked, seen := 0, map[uuid.UUID]bool{}
	for member := range m.candidates(s) {
		if looked++; looked > many {
			return nil, false
		}
		if seen[member.User] || !m.counts(member) {
			continue
		}
		seen[member.User] = true
		if u, _ := s.users.Get(idKey(member.User)); u.Name > after {
			users = append(users, u)
		}
	}
	slices.SortFunc(users, func(a, b *store.UserRecord) int { return strings.Compare(a.Name, b.Name) })
	return users, true
}

// candidates yields the memberships in groups and scopes.
func (m members) candidates(s *state) iter.Seq[*store.Membership] {
	tree, prefixes := &s.members, []string{}
	if m.permanent && m.scopes == nil {
		m.scopes = []string{""}
	}
	if m.scopes == nil {
		for _, group := range m.groups {
			prefixes = append(prefixes, idKey(group))
		}
	} else {
		tree = &s.scopeMembers
	}
	for _, scope := range m.scopes {
		if m.groups == nil {
			prefixes = append(prefixes, textKey(scope))
		}
		for _, group := range m.groups {
			prefixes = append(prefixes, textKey(scope)+idKey(group))
		}
	}
	return func(yield func(*store.Membership) bool) {
		for _, prefix := range prefixes {
			for _, member := range tree.Under(prefix) {
				if !yield(member) {
					return
				}
			}
		}
	}
}

// include reports whether a user is a member.
func (m members) include(s *state, user uuid.UUID) bool {
	if m.groups == nil {
		return m.countAny(s, idKey(user))
	}
	return slices.ContainsFunc(m.groups, func(group uuid.UUID) bool { return m.countAny(s, idKey(user)+idKey(group)) })
}

func (m members) countAny(s *state, key string) bool {
	for _, member := range s.memberships.Under(key) {
		if m.counts(member) {
			return true
		}
	}
	return false
}

// counts reports whether a membership in one of the groups counts.
func (m members) counts(member *store.Membership) bool {
	if m.permanent && (member.Scope != "" || !member.Until.IsZero()) {
		return false
	}
	if m.scopes != nil && !slices.Contains(m.scopes, member.Scope) {
		return false
	}
	return member.Until.IsZero() || member.Until.After(m.at)
}

func userContains(u *store.UserRecord, lowered string) bool {
	return lowered == "" ||
		strings.Contains(lower(u.Name), lowered) ||
		strings.Contains(lower(u.DisplayName), lowered) ||
		strings.Contains(lower(u.Email), lowered)
}

// lower folds A to Z to a to z, and leaves all else alone.
func lower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}
