package memorystore

import (
	"slices"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/store"
)

func (t *tx) Delegations() ([]store.Delegation, error) {
	return read(t, func(s *state) (list []store.Delegation, _ error) {
		for _, r := range s.delegations.From("") {
			list = append(list, copyDelegation(r))
		}
		return list, nil
	})
}

func (t *tx) PutDelegation(r store.Delegation) error {
	own(&r.Note)
	r = copyDelegation(&r)
	return t.change("put delegation", func(s *state) error {
		if !s.groups.Has(idKey(r.Group)) {
			return errNoRef
		}
		if old, ok := s.delegations.Get(idKey(r.Group)); ok {
			s.unindexDelegation(old)
		}
		s.delegations.Set(s.stamp, idKey(r.Group), &r)
		for _, g := range r.Assign {
			if !s.groups.Has(idKey(g)) {
				return errNoRef
			}
			if err := add(s, &s.delegatedGroups, idKey(g)+idKey(r.Group), &r); err != nil {
				return err
			}
		}
		return nil
	})
}

func (t *tx) DeleteDelegation(group uuid.UUID) error {
	return t.change("delete delegation", func(s *state) error {
		r, ok := s.delegations.Get(idKey(group))
		if !ok {
			return store.ErrNotFound
		}
		s.unindexDelegation(r)
		return remove(s, &s.delegations, idKey(group))
	})
}

func (s *state) unindexDelegation(r *store.Delegation) {
	for _, g := range r.Assign {
		s.delegatedGroups.Delete(s.stamp, idKey(g)+idKey(r.Group))
	}
}

func copyDelegation(r *store.Delegation) store.Delegation {
	c := *r
	c.Assign = slices.Clone(r.Assign)
	return c
}
