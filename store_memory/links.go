package memorystore

import (
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/store"
)

func (t *tx) Link(hash store.TokenHash) (store.Link, error) {
	return read(t, func(s *state) (store.Link, error) {
		r, ok := s.linkHashes.Get(string(hash[:]))
		if !ok {
			return store.Link{}, store.ErrNotFound
		}
		return *r, nil
	})
}

func (t *tx) UserLinks(user uuid.UUID) ([]store.Link, error) {
	return read(t, func(s *state) ([]store.Link, error) {
		return copies(s.links.Under(idKey(user))), nil
	})
}

func (t *tx) ExpiredLinks(at time.Time, limit int) ([]store.Link, error) {
	return read(t, func(s *state) (list []store.Link, _ error) {
		for _, r := range s.linkExpiry.From("") {
			if r.Expires.After(at) || len(list) >= limit {
				break
			}
			list = append(list, *r)
		}
		return list, nil
	})
}

func (t *tx) PutLink(r store.Link) error {
	own(&r.Purpose)
	return t.change("put link", func(s *state) error {
		if !s.users.Has(idKey(r.User)) {
			return errNoRef
		}
		s.dropLink(linkKey(&r))
		s.links.Set(s.stamp, linkKey(&r), &r)
		s.linkExpiry.Set(s.stamp, timeKey(r.Expires)+linkKey(&r), &r)
		return add(s, &s.linkHashes, string(r.Hash[:]), &r)
	})
}

func (t *tx) DeleteLink(user uuid.UUID, purpose string) error {
	return t.change("delete link", func(s *state) error {
		if !s.dropLink(linkKey(&store.Link{User: user, Purpose: purpose})) {
			return store.ErrNotFound
		}
		return nil
	})
}

// dropLink deletes a link from the table and the indexes, and reports whether
// the link existed.
func (s *state) dropLink(key string) bool {
	r, ok := s.links.Get(key)
	if !ok {
		return false
	}
	s.links.Delete(s.stamp, key)
	s.linkExpiry.Delete(s.stamp, timeKey(r.Expires)+key)
	s.linkHashes.Delete(s.stamp, string(r.Hash[:]))
	return true
}

func linkKey(r *store.Link) string { return idKey(r.User) + r.Purpose }
