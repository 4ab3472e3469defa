package memorystore

import (
	"iter"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/store"
)

func (t *tx) User(k store.UserKey) (store.UserRecord, error) {
	return read(t, func(s *state) (store.UserRecord, error) {
		switch {
		case k.Name != "":
			return found(byIndex(&s.userNames, &s.users, k.Name))
		case k.EmailKey != "":
			return found(byIndex(&s.userEmails, &s.users, k.EmailKey))
		case k.Subject != "":
			return found(byIndex(&s.userSubjects, &s.users, k.Subject))
		}
		return found(s.users.Get(idKey(k.ID)))
	})
}

// LockUser is User, since one Update runs at a time.
func (t *tx) LockUser(id uuid.UUID) (store.UserRecord, error) {
	return t.User(store.UserKey{ID: id})
}

func (t *tx) AddUser(u store.UserRecord) error {
	u = u.Clone()
	return t.change("add user", func(s *state) error {
		if err := add(s, &s.users, idKey(u.ID), &u); err != nil {
			return err
		}
		return s.indexUser(&u)
	})
}

func (t *tx) SetUser(u store.UserRecord) error {
	u = u.Clone()
	return t.change("set user", func(s *state) error {
		old, ok := s.users.Get(idKey(u.ID))
		if !ok {
			return store.ErrNotFound
		}
		u.Created, u.LastLogin, u.PasswordHash, u.PacedUntil = old.Created, old.LastLogin, old.PasswordHash, old.PacedUntil
		s.unindexUser(old)
		s.users.Set(s.stamp, idKey(u.ID), &u)
		return s.indexUser(&u)
	})
}

func (t *tx) SetPasswordHash(id uuid.UUID, hash string) error {
	own(&hash)
	return t.change("set password hash", func(s *state) error {
		return s.replaceUser(id, func(u *store.UserRecord) { u.PasswordHash = hash })
	})
}

func (t *tx) SetLastLogin(id uuid.UUID, at time.Time) error {
	return t.change("set last login", func(s *state) error {
		return s.replaceUser(id, func(u *store.UserRecord) { u.LastLogin = at })
	})
}

func (t *tx) SetPacedUntil(id uuid.UUID, at time.Time) error {
	return t.change("set paced until", func(s *state) error {
		return s.replaceUser(id, func(u *store.UserRecord) { u.PacedUntil = at })
	})
}

func (t *tx) DeleteUser(id uuid.UUID) error {
	return t.change("delete user", func(s *state) error {
		u, ok := s.users.Get(idKey(id))
		if !ok {
			return store.ErrNotFound
		}
		if s.memberships.HasUnder(idKey(id)) || s.userTickets.HasUnder(idKey(id)) || s.links.HasUnder(idKey(id)) {
			return errInUse
		}
		t.member = ""
		s.dropLogins(s.oldLogins(id, true, 0))
		s.dropLogins(s.oldLogins(id, false, 0))
		s.unindexUser(u)
		s.users.Delete(s.stamp, idKey(id))
		return nil
	})
}

func (t *tx) Users(f store.UserFilter) iter.Seq2[store.UserRecord, error] {
	by := selection(f)
	return list(t, func(s *state) iter.Seq[*store.UserRecord] { return by.users(s) }, flat)
}

func (t *tx) CountUsers(f store.UserFilter) (int, error) {
	f.After, f.Limit = "", 0
	return read(t, func(s *state) (n int, err error) {
		for range selection(f).users(s) {
			n++
		}
		return n, nil
	})
}

// replaceUser changes fields that no index depends on.
func (s *state) replaceUser(id uuid.UUID, change func(*store.UserRecord)) error {
	old, ok := s.users.Get(idKey(id))
	if !ok {
		return store.ErrNotFound
	}
	u := *old
	change(&u)
	s.users.Set(s.stamp, idKey(id), &u)
	return nil
}

func (s *state) indexUser(u *store.UserRecord) error {
	if err := s.claim(&s.userNames, u.Name, u.ID); err != nil {
		return err
	}
	if u.EmailKey != "" {
		if err := s.claim(&s.userEmails, u.EmailKey, u.ID); err != nil {
			return err
		}
	}
	if u.Subject != "" {
		return s.claim(&s.userSubjects, u.Subject, u.ID)
	}
	return nil
}

func (s *state) unindexUser(u *store.UserRecord) {
	s.userNames.Delete(s.stamp, u.Name)
	s.userEmails.Delete(s.stamp, u.EmailKey)
	s.userSubjects.Delete(s.stamp, u.Subject)
}
