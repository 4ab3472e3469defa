package memorystore

import (
	"bytes"
	"iter"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/internal/persistent"
	"github.com/rbac-go/rbac/store"
)

func (t *tx) Memberships(f store.MembershipFilter) iter.Seq2[store.Member, error] {
	f.Users = slices.Clone(f.Users)
	slices.SortFunc(f.Users, func(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) })
	f.Users = slices.Compact(f.Users)
	f.Scopes = slices.Clone(f.Scopes)
	slices.Sort(f.Scopes)
	f.Scopes = slices.Compact(f.Scopes)
	return list(t, func(s *state) iter.Seq[*store.Member] { return s.selectMembers(f) }, flat)
}

func (t *tx) Scopes() iter.Seq2[string, error] {
	return list(t, func(s *state) iter.Seq[*string] {
		return func(yield func(*string) bool) {
			for from := pastScope(""); ; {
				m, ok := first(s.scopeMembers.From(from))
				if !ok || !yield(&m.Scope) {
					return
				}
				from = pastScope(m.Scope)
			}
		}
	}, flat)
}

// pastScope returns the key between those of a scope and of the next.
func pastScope(scope string) string {
	key := textKey(scope)
	return key[:len(key)-1] + "\x02"
}

func first[V any](rows iter.Seq2[string, V]) (v V, ok bool) {
	for _, v := range rows {
		return v, true
	}
	return v, false
}

// selectMembers yields the memberships that the filter selects, in the order of
// the filter.
func (s *state) selectMembers(f store.MembershipFilter) iter.Seq[*store.Member] {
	return func(yield func(*store.Member) bool) {
		n := 0
		var member store.Member // one for all rows: the listing copies
		for m := range s.candidateMembers(f) {
			if !selectsMember(&f, m) {
				continue
			}
			member = store.Member{Membership: *m}
			if !f.NoNames {
				u, _ := s.users.Get(idKey(m.User))
				g, _ := s.groups.Get(idKey(m.Group))
				member.UserName, member.GroupName = u.Name, g.Name
			}
			n++
			if !yield(&member) || n == f.Limit {
				return
			}
		}
	}
}

func selectsMember(f *store.MembershipFilter, m *store.Membership) bool {
	if f.Group != uuid.Nil && m.Group != f.Group {
		return false
	}
	if f.Scopes != nil {
		if _, ok := slices.BinarySearch(f.Scopes, m.Scope); !ok {
			return false
		}
	}
	return f.EndingBefore.IsZero() || !m.Until.IsZero() && m.Until.Before(f.EndingBefore)
}

// candidateMembers yields the memberships after f.After of the tree that serves
// a filter.
func (s *state) candidateMembers(f store.MembershipFilter) iter.Seq[*store.Membership] {
	user, group, scope := idKey(f.After.User), idKey(f.After.Group), f.After.Scope
	tree, after, prefixes := &s.memberships, user+group+scope, []string{""}
	switch {
	case f.Users != nil:
		prefixes = nil
		for _, u := range f.Users {
			prefixes = append(prefixes, idKey(u)+anyID(f.Group))
		}
	case f.Scopes != nil:
		tree, after, prefixes = &s.scopeMembers, textKey(scope)+group+user, nil
		for _, scope := range f.Scopes {
			prefixes = append(prefixes, textKey(scope)+anyID(f.Group))
		}
	case f.Group != uuid.Nil:
		tree, after, prefixes = &s.members, group+user+scope, []string{idKey(f.Group)}
	case !f.EndingBefore.IsZero():
		tree, after = &s.endingMembers, timeKey(f.After.Until)+user+group+scope
	}
	if f.After.User == uuid.Nil {
		after = ""
	}
	return func(yield func(*store.Membership) bool) {
		for _, prefix := range prefixes {
			for m := range under(tree, prefix, after) {
				if tree == &s.endingMembers && !m.Until.Before(f.EndingBefore) || !yield(m) {
					return
				}
			}
		}
	}
}

// under yields the rows of the keys beginning with prefix and greater than
// after.
func under[R any](tree *persistent.Tree[*R], prefix, after string) iter.Seq[*R] {
	return func(yield func(*R) bool) {
		for key, row := range tree.From(max(prefix, after)) {
			if !strings.HasPrefix(key, prefix) {
				return
			}
			if key != after && !yield(row) {
				return
			}
		}
	}
}
