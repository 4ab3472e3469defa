package memorystore

import (
	"maps"
	"slices"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac"
)

func (t *tx) Separations(dynamic bool) ([]rbac.SeparationRecord, error) {
	return read(t, func(s *state) (list []rbac.SeparationRecord, _ error) {
		for _, r := range s.separations.Under(kindKey(dynamic)) {
			list = append(list, copySeparation(r))
		}
		return list, nil
	})
}

func (t *tx) Separation(dynamic bool, name string) (rbac.SeparationRecord, error) {
	return read(t, func(s *state) (rbac.SeparationRecord, error) {
		r, ok := s.separations.Get(kindKey(dynamic) + name)
		if !ok {
			return rbac.SeparationRecord{}, rbac.ErrNotFound
		}
		return copySeparation(r), nil
	})
}

func (t *tx) GroupSeparations(dynamic bool, groups []uuid.UUID) ([]rbac.SeparationRecord, error) {
	return read(t, func(s *state) (list []rbac.SeparationRecord, _ error) {
		var found map[string]*rbac.SeparationRecord // made when there is one: most groups are in none
		for _, g := range groups {
			for _, r := range s.groupSeparations.Under(idKey(g) + kindKey(dynamic)) {
				if found == nil {
					found = map[string]*rbac.SeparationRecord{}
				}
				found[r.Name] = r
			}
		}
		if found == nil {
			return nil, nil
		}
		for _, name := range slices.Sorted(maps.Keys(found)) {
			list = append(list, copySeparation(found[name]))
		}
		return list, nil
	})
}

func (t *tx) AddSeparation(r rbac.SeparationRecord) error {
	own(&r.Name)
	r.Groups = slices.Clone(r.Groups)
	return t.change("add separation", func(s *state) error {
		if err := add(s, &s.separations, separationKey(&r), &r); err != nil {
			return err
		}
		return s.indexSeparation(&r)
	})
}

func (t *tx) SetSeparation(r rbac.SeparationRecord) error {
	own(&r.Name)
	r.Groups = slices.Clone(r.Groups)
	return t.change("set separation", func(s *state) error {
		old, ok := s.separations.Get(separationKey(&r))
		if !ok {
			return rbac.ErrNotFound
		}
		s.unindexSeparation(old)
		s.separations.Set(s.stamp, separationKey(&r), &r)
		return s.indexSeparation(&r)
	})
}

func (t *tx) DeleteSeparation(dynamic bool, name string) error {
	return t.change("delete separation", func(s *state) error {
		r, ok := s.separations.Get(kindKey(dynamic) + name)
		if !ok {
			return rbac.ErrNotFound
		}
		s.unindexSeparation(r)
		return remove(s, &s.separations, separationKey(r))
	})
}

func (s *state) indexSeparation(r *rbac.SeparationRecord) error {
	for _, g := range r.Groups {
		if !s.groups.Has(idKey(g)) {
			return errNoRef
		}
		if err := add(s, &s.groupSeparations, idKey(g)+separationKey(r), r); err != nil {
			return err
		}
	}
	return nil
}

func (s *state) unindexSeparation(r *rbac.SeparationRecord) {
	for _, g := range r.Groups {
		s.groupSeparations.Delete(s.stamp, idKey(g)+separationKey(r))
	}
}

func separationKey(r *rbac.SeparationRecord) string { return kindKey(r.Dynamic) + r.Name }

func kindKey(dynamic bool) string {
	if dynamic {
		return "d"
	}
	return "s"
}

func copySeparation(r *rbac.SeparationRecord) rbac.SeparationRecord {
	c := *r
	c.Groups = slices.Clone(r.Groups)
	return c
}
