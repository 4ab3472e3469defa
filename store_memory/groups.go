package memorystore

import (
	"github.com/google/uuid"

	"github.com/rbac-go/rbac/store"
)

func (t *tx) Groups() ([]store.Group, error) {
	return read(t, func(s *state) ([]store.Group, error) { return copiesByName(&s.groupNames, &s.groups), nil })
}

func (t *tx) Group(k store.GroupKey) (store.Group, error) {
	return read(t, func(s *state) (store.Group, error) {
		if k.Name != "" {
			return found(byIndex(&s.groupNames, &s.groups, k.Name))
		}
		return found(s.groups.Get(idKey(k.ID)))
	})
}

func (t *tx) PutGroup(g store.Group) error {
	own(&g.Name, &g.DisplayName, &g.Note)
	return t.change("put group", func(s *state) error {
		if old, ok := s.groups.Get(idKey(g.ID)); ok {
			s.groupNames.Delete(s.stamp, old.Name)
		}
		s.groups.Set(s.stamp, idKey(g.ID), &g)
		return s.claim(&s.groupNames, g.Name, g.ID)
	})
}

func (t *tx) DeleteGroup(id uuid.UUID) error {
	return t.change("delete group", func(s *state) error {
		g, ok := s.groups.Get(idKey(id))
		if !ok {
			return store.ErrNotFound
		}
		if s.groupInUse(idKey(id)) {
			return errInUse
		}
		s.groupNames.Delete(s.stamp, g.Name)
		return remove(s, &s.groups, idKey(id))
	})
}

func (s *state) groupInUse(key string) bool {
	return s.grants.HasUnder(key) || s.juniors.HasUnder(key) || s.seniors.HasUnder(key) ||
		s.members.HasUnder(key) || s.groupTickets.HasUnder(key) || s.groupSeparations.HasUnder(key) ||
		s.delegations.Has(key) || s.delegatedGroups.HasUnder(key)
}

func (t *tx) Grants(f store.GrantFilter) ([]store.Grant, error) {
	return read(t, func(s *state) ([]store.Grant, error) {
		if f.Permission != "" {
			return copies(s.permissionUse.Under(textKey(f.Permission) + anyID(f.Group))), nil
		}
		return copies(s.grants.Under(anyID(f.Group))), nil
	})
}

func (t *tx) Grant(group uuid.UUID, permission string) (store.Grant, error) {
	return read(t, func(s *state) (store.Grant, error) {
		return found(s.grants.Get(idKey(group) + permission))
	})
}

func (t *tx) PutGrant(g store.Grant) error {
	own(&g.Permission, &g.Note, &g.GrantedBy)
	return t.change("put grant", func(s *state) error {
		if !s.groups.Has(idKey(g.Group)) {
			return errNoRef
		}
		s.grants.Set(s.stamp, idKey(g.Group)+g.Permission, &g)
		s.permissionUse.Set(s.stamp, textKey(g.Permission)+idKey(g.Group), &g)
		return nil
	})
}

func (t *tx) DeleteGrant(group uuid.UUID, permission string) error {
	return t.change("delete grant", func(s *state) error {
		if err := remove(s, &s.grants, idKey(group)+permission); err != nil {
			return err
		}
		return remove(s, &s.permissionUse, textKey(permission)+idKey(group))
	})
}

func (t *tx) Inheritances(f store.InheritanceFilter) ([]store.Inheritance, error) {
	return read(t, func(s *state) (list []store.Inheritance, _ error) {
		rows := s.juniors.Under(anyID(f.Senior) + anyID(f.Junior))
		if f.Senior == uuid.Nil && f.Junior != uuid.Nil {
			rows = s.seniors.Under(idKey(f.Junior))
		}
		for _, r := range rows {
			list = append(list, r)
		}
		return list, nil
	})
}

func (t *tx) AddInheritance(r store.Inheritance) error {
	return t.change("add inheritance", func(s *state) error {
		senior, junior := idKey(r.Senior), idKey(r.Junior)
		if !s.groups.Has(senior) || !s.groups.Has(junior) {
			return errNoRef
		}
		if s.juniors.Has(senior + junior) {
			return errTaken
		}
		s.juniors.Set(s.stamp, senior+junior, r)
		s.seniors.Set(s.stamp, junior+senior, r)
		return nil
	})
}

func (t *tx) DeleteInheritance(r store.Inheritance) error {
	return t.change("delete inheritance", func(s *state) error {
		senior, junior := idKey(r.Senior), idKey(r.Junior)
		if !s.juniors.Has(senior + junior) {
			return store.ErrNotFound
		}
		s.juniors.Delete(s.stamp, senior+junior)
		s.seniors.Delete(s.stamp, junior+senior)
		return nil
	})
}
