package memorystore

import (
	"maps"
	"slices"

	"github.com/rbac-go/rbac/store"
)

func (t *tx) Separations(f store.SeparationFilter) ([]store.Separation, error) {
	return read(t, func(s *state) (list []store.Separation, _ error) {
		if f.Groups == nil {
			for _, r := range s.separations.Under(kindKey(f.Dynamic)) {
				list = append(list, copySeparation(r))
			}
			return list, nil
		}
		var found map[string]*store.Separation // made on demand: most groups are in no set
		for _, g := range f.Groups {
			for _, r := range s.groupSeparations.Under(idKey(g) + kindKey(f.Dynamic)) {
				if found == nil {
					found = map[string]*store.Separation{}
				}
				found[r.Name] = r
			}
		}
		for _, name := range slices.Sorted(maps.Keys(found)) {
			list = append(list, copySeparation(found[name]))
		}
		return list, nil
	})
}

func (t *tx) Separation(dynamic bool, name string) (store.Separation, error) {
	return read(t, func(s *state) (store.Separation, error) {
		r, ok := s.separations.Get(kindKey(dynamic) + name)
		if !ok {
			return store.Separation{}, store.ErrNotFound
		}
		return copySeparation(r), nil
	})
}

func (t *tx) PutSeparation(r store.Separation) error {
	own(&r.Name)
	r.Groups = slices.Clone(r.Groups)
	return t.change("put separation", func(s *state) error {
		if old, ok := s.separations.Get(separationKey(&r)); ok {
			s.unindexSeparation(old)
		}
		s.separations.Set(s.stamp, separationKey(&r), &r)
		return s.indexSeparation(&r)
	})
}

func (t *tx) DeleteSeparation(dynamic bool, name string) error {
	return t.change("delete separation", func(s *state) error {
		r, ok := s.separations.Get(kindKey(dynamic) + name)
		if !ok {
			return store.ErrNotFound
		}
		s.unindexSeparation(r)
		return remove(s, &s.separations, separationKey(r))
	})
}

func (s *state) indexSeparation(r *store.Separation) error {
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

func (s *state) unindexSeparation(r *store.Separation) {
	for _, g := range r.Groups {
		s.groupSeparations.Delete(s.stamp, idKey(g)+separationKey(r))
	}
}

func separationKey(r *store.Separation) string { return kindKey(r.Dynamic) + r.Name }

func kindKey(dynamic bool) string {
	if dynamic {
		return "d"
	}
	return "s"
}

func copySeparation(r *store.Separation) store.Separation {
	c := *r
	c.Groups = slices.Clone(r.Groups)
	return c
}
