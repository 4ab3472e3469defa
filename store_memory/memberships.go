package memorystore

import (
	"iter"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/store"
)

func (t *tx) Membership(user, group uuid.UUID, scope string) (store.Membership, error) {
	return read(t, func(s *state) (store.Membership, error) {
		return found(s.memberships.Get(idKey(user) + idKey(group) + scope))
	})
}

func (t *tx) UserMemberships(user uuid.UUID) ([]store.Membership, error) {
	return read(t, func(s *state) ([]store.Membership, error) {
		return copies(s.memberships.Under(idKey(user))), nil
	})
}

func (t *tx) GroupMembers(group uuid.UUID) iter.Seq2[store.Member, error] {
	return list(t, func(s *state) iter.Seq[*store.Member] {
		return func(yield func(*store.Member) bool) {
			for _, m := range s.members.Under(idKey(group)) {
				u, _ := s.users.Get(idKey(m.User))
				if !yield(&store.Member{Membership: *m, UserName: u.Name}) {
					return
				}
			}
		}
	}, flat)
}

func (t *tx) PutMembership(m store.Membership) error {
	own(&m.Scope, &m.Note, &m.AssignedBy)
	return t.change("put membership", func(s *state) error {
		user, group := idKey(m.User), idKey(m.Group)
		if user != t.member && !s.users.Has(user) || !s.groups.Has(group) {
			return errNoRef
		}
		t.member = user
		byUser, byGroup := memberKeys(user, group, m.Scope)
		s.memberships.Set(s.stamp, byUser, &m)
		s.members.Set(s.stamp, byGroup, &m)
		return nil
	})
}

func (t *tx) DeleteMembership(user, group uuid.UUID, scope string) error {
	return t.change("delete membership", func(s *state) error {
		user, group := idKey(user), idKey(group)
		if err := remove(s, &s.memberships, user+group+scope); err != nil {
			return err
		}
		return remove(s, &s.members, group+user+scope)
	})
}

// memberKeys returns the keys of a membership in both trees. Most memberships
// have no scope, and their two keys share bytes.
func memberKeys(user, group, scope string) (byUser, byGroup string) {
	if scope != "" {
		return user + group + scope, group + user + scope
	}
	both := user + group + user
	return both[:len(user)+len(group)], both[len(user):]
}
