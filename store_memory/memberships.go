package memorystore

import (
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

func (t *tx) PutMembership(m store.Membership) error {
	own(&m.Scope, &m.Note, &m.AssignedBy, &m.Source)
	return t.change("put membership", func(s *state) error {
		user, group := idKey(m.User), idKey(m.Group)
		if user != t.member && !s.users.Has(user) || !s.groups.Has(group) {
			return errNoRef
		}
		t.member = user
		byUser, byGroup, byScope := memberKeys(user, group, m.Scope)
		if old, ok := s.memberships.Get(byUser); ok && !old.Until.IsZero() {
			s.endingMembers.Delete(s.stamp, timeKey(old.Until)+byUser)
		}
		s.memberships.Set(s.stamp, byUser, &m)
		s.members.Set(s.stamp, byGroup, &m)
		s.scopeMembers.Set(s.stamp, byScope, &m)
		if !m.Until.IsZero() {
			s.endingMembers.Set(s.stamp, timeKey(m.Until)+byUser, &m)
		}
		return nil
	})
}

func (t *tx) DeleteMembership(user, group uuid.UUID, scope string) error {
	return t.change("delete membership", func(s *state) error {
		byUser, byGroup, byScope := memberKeys(idKey(user), idKey(group), scope)
		m, ok := s.memberships.Get(byUser)
		if !ok {
			return store.ErrNotFound
		}
		s.memberships.Delete(s.stamp, byUser)
		s.members.Delete(s.stamp, byGroup)
		s.scopeMembers.Delete(s.stamp, byScope)
		if !m.Until.IsZero() {
			s.endingMembers.Delete(s.stamp, timeKey(m.Until)+byUser)
		}
		return nil
	})
}

// memberKeys returns the keys of a membership in three trees. Most memberships
// have no scope, and their keys share one allocation.
func memberKeys(user, group, scope string) (byUser, byGroup, byScope string) {
	if scope != "" {
		return user + group + scope, group + user + scope, textKey(scope) + group + user
	}
	all := user + group + user + noScope + group + user
	u, g := len(user), len(group)
	return all[:u+g], all[u : u+g+u], all[u+g+u:]
}

var noScope = textKey("")
