package memorystore

import (
	"iter"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/internal/persistent"
	"github.com/rbac-go/rbac/store"
)

func (t *tx) Sections() ([]store.Section, error) {
	return read(t, func(s *state) ([]store.Section, error) { return copies(s.sections.From("")), nil })
}

func (t *tx) Section(name string) (store.Section, error) {
	return read(t, func(s *state) (store.Section, error) { return found(s.sections.Get(name)) })
}

func (t *tx) PutSection(r store.Section) error {
	own(&r.Name, &r.Title)
	return t.change("put section", func(s *state) error {
		s.sections.Set(s.stamp, r.Name, &r)
		return nil
	})
}

func (t *tx) DeleteSection(name string) error {
	return t.change("delete section", func(s *state) error { return remove(s, &s.sections, name) })
}

func (t *tx) Permissions() ([]store.Permission, error) {
	return read(t, func(s *state) ([]store.Permission, error) {
		return copiesByName(&s.permissionNames, &s.permissions), nil
	})
}

func (t *tx) Permission(name string) (store.Permission, error) {
	return read(t, func(s *state) (store.Permission, error) {
		return found(byIndex(&s.permissionNames, &s.permissions, name))
	})
}

func (t *tx) PutPermission(p store.Permission) error {
	own(&p.Name, &p.Title, &p.Description, &p.Section, &p.Object, &p.Operation)
	return t.change("put permission", func(s *state) error {
		if old, ok := s.permissions.Get(idKey(p.ID)); ok {
			s.permissionNames.Delete(s.stamp, old.Name)
		}
		s.permissions.Set(s.stamp, idKey(p.ID), &p)
		return s.claim(&s.permissionNames, p.Name, p.ID)
	})
}

func (t *tx) DeletePermission(id uuid.UUID) error {
	return t.change("delete permission", func(s *state) error {
		p, ok := s.permissions.Get(idKey(id))
		if !ok {
			return store.ErrNotFound
		}
		s.permissionNames.Delete(s.stamp, p.Name)
		return remove(s, &s.permissions, idKey(id))
	})
}

func (t *tx) Declarations() ([]store.Declaration, error) {
	return read(t, func(s *state) ([]store.Declaration, error) { return copies(s.declarations.From("")), nil })
}

func (t *tx) PutDeclaration(d store.Declaration) error {
	own(&d.Kind, &d.Key, &d.Text)
	return t.change("put declaration", func(s *state) error {
		s.declarations.Set(s.stamp, textKey(d.Kind)+d.Key, &d)
		return nil
	})
}

// add adds a row. If the key is taken, the transaction is spoiled, and add may
// overwrite the existing row.
func add[R any](s *state, rows *persistent.Tree[*R], key string, row *R) error {
	if !rows.Set(s.stamp, key, row) {
		return errTaken
	}
	return nil
}

func remove[R any](s *state, rows *persistent.Tree[*R], key string) error {
	if !rows.Has(key) {
		return store.ErrNotFound
	}
	rows.Delete(s.stamp, key)
	return nil
}

// copies returns copies of rows without slices.
func copies[R any](rows iter.Seq2[string, *R]) []R {
	var few [8]*R // the number of rows is not known in advance
	found := few[:0]
	for _, row := range rows {
		found = append(found, row)
	}
	if len(found) == 0 {
		return nil
	}
	list := make([]R, len(found))
	for i, row := range found {
		list[i] = *row
	}
	return list
}

func copiesByName[R any](names *persistent.Tree[uuid.UUID], rows *persistent.Tree[*R]) (list []R) {
	for _, id := range names.From("") {
		row, _ := rows.Get(idKey(id))
		list = append(list, *row)
	}
	return list
}
