package memorystore

import (
	"iter"
	"slices"
	"strings"
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
		if s.memberships.HasUnder(idKey(id)) || s.userTickets.HasUnder(idKey(id)) {
			return errInUse
		}
		t.member = ""
		s.unindexUser(u)
		s.users.Delete(s.stamp, idKey(id))
		return nil
	})
}

func (t *tx) Users(f store.UserFilter) iter.Seq2[store.UserRecord, error] {
	f.Groups = slices.Clone(f.Groups)
	return list(t, func(s *state) iter.Seq[*store.UserRecord] { return s.selectUsers(f) }, flat)
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

// selectUsers yields the users that the filter selects, by name.
func (s *state) selectUsers(f store.UserFilter) iter.Seq[*store.UserRecord] {
	search := lower(f.Search)
	return func(yield func(*store.UserRecord) bool) {
		n := 0
		for u := range s.candidates(f) {
			if f.Enabled && u.Disabled || !userContains(u, search) {
				continue
			}
			n++
			if !yield(u) || n == f.Limit {
				return
			}
		}
	}
}

// candidates yields the users after f.After who are members of f.Groups, by
// name.
func (s *state) candidates(f store.UserFilter) iter.Seq[*store.UserRecord] {
	if f.Groups != nil {
		if few, ok := s.fewMembers(f); ok {
			return slices.Values(few)
		}
	}
	return func(yield func(*store.UserRecord) bool) {
		for name, id := range s.userNames.From(f.After) {
			if name <= f.After || f.Groups != nil && !s.inGroups(id, f) {
				continue
			}
			if u, _ := s.users.Get(idKey(id)); !yield(u) {
				return
			}
		}
	}
}

// fewMembers returns the members of f.Groups if there are few. If there are
// many, a scan of the users finds some members soon.
func (s *state) fewMembers(f store.UserFilter) (users []*store.UserRecord, ok bool) {
	const many = 1000
	looked, seen := 0, map[uuid.UUID]bool{}
	for _, group := range f.Groups {
		for _, m := range s.members.Under(idKey(group)) {
			if looked++; looked > many {
				return nil, false
			}
			if seen[m.User] || !counts(m, f) {
				continue
			}
			seen[m.User] = true
			if u, _ := s.users.Get(idKey(m.User)); u.Name > f.After {
				users = append(users, u)
			}
		}
	}
	slices.SortFunc(users, func(a, b *store.UserRecord) int { return strings.Compare(a.Name, b.Name) })
	return users, true
}

func (s *state) inGroups(user uuid.UUID, f store.UserFilter) bool {
	for _, group := range f.Groups {
		for _, m := range s.memberships.Under(idKey(user) + idKey(group)) {
			if counts(m, f) {
				return true
			}
		}
	}
	return false
}

// counts reports whether a membership counts for a filter by groups.
func counts(m *store.Membership, f store.UserFilter) bool {
	if f.Permanent {
		return m.Scope == "" && m.Until.IsZero()
	}
	return m.Until.IsZero() || m.Until.After(f.At)
}

func userContains(u *store.UserRecord, lowered string) bool {
	return lowered == "" ||
		strings.Contains(lower(u.Name), lowered) ||
		strings.Contains(lower(u.DisplayName), lowered) ||
		strings.Contains(lower(u.Email), lowered)
}

// lower folds A to Z to a to z, and leaves all else alone.
func lower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}
