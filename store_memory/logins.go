package memorystore

import (
	"iter"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/store"
)

func (t *tx) Logins(f store.LoginFilter) iter.Seq2[store.UserLogin, error] {
	return list(t, func(s *state) iter.Seq[*store.UserLogin] {
		return func(yield func(*store.UserLogin) bool) {
			for r := range s.selectLogins(f) {
				u, _ := s.users.Get(idKey(r.User))
				if !yield(&store.UserLogin{Login: *r, UserName: u.Name}) {
					return
				}
			}
		}
	}, flat)
}

// selectLogins scans the logins of a user, or of all users, from a place on.
func (s *state) selectLogins(f store.LoginFilter) iter.Seq[*store.Login] {
	rows, from := s.newLogins, ""
	if f.User != uuid.Nil {
		rows, from = s.userLogins, idKey(f.User)
	}
	if f.After != (store.LoginPlace{}) {
		from += newestKey(f.After.First, f.After.ID) + "\x00"
	}
	return func(yield func(*store.Login) bool) {
		for _, r := range rows.From(from) {
			if f.User != uuid.Nil && r.User != f.User {
				return
			}
			if f.Kind != store.AnyLogin && r.Failed != (f.Kind == store.FailedLogin) {
				continue
			}
			if !yield(r) {
				return
			}
		}
	}
}

func (t *tx) CountLogin(r store.Login, keep int) error {
	own(&r.Addr, &r.UserAgent, &r.Method, &r.Outcome)
	return t.change("count login", func(s *state) error {
		if !s.users.Has(idKey(r.User)) {
			return nil
		}
		if old, ok := s.logins.Get(idKey(r.ID)); ok {
			counted := *old
			counted.Count += r.Count
			counted.UserAgent = r.UserAgent
			if r.Last.After(old.Last) {
				counted.Last = r.Last
			}
			r = counted
		}
		s.setLogin(&r)
		s.dropLogins(s.oldLogins(r.User, r.Failed, keep))
		return nil
	})
}

// oldLogins returns all but the newest logins of a user that failed, or that did
// not.
func (s *state) oldLogins(user uuid.UUID, failed bool, keep int) (old []*store.Login) {
	for _, r := range s.userLogins.Under(idKey(user)) {
		if r.Failed != failed {
			continue
		}
		if keep--; keep < 0 {
			old = append(old, r)
		}
	}
	return old
}

func (t *tx) DeleteLogins(before time.Time, limit int) (n int, err error) {
	err = t.change("delete logins", func(s *state) error {
		var old []*store.Login
		for _, r := range s.newLogins.Backward() {
			if !r.First.Before(before) || len(old) >= limit {
				break
			}
			old = append(old, r)
		}
		s.dropLogins(old)
		n = len(old)
		return nil
	})
	return n, err
}

func (s *state) setLogin(r *store.Login) {
	place := newestKey(r.First, r.ID)
	s.logins.Set(s.stamp, idKey(r.ID), r)
	s.userLogins.Set(s.stamp, idKey(r.User)+place, r)
	s.newLogins.Set(s.stamp, place, r)
}

func (s *state) dropLogins(list []*store.Login) {
	for _, r := range list {
		place := newestKey(r.First, r.ID)
		s.logins.Delete(s.stamp, idKey(r.ID))
		s.userLogins.Delete(s.stamp, idKey(r.User)+place)
		s.newLogins.Delete(s.stamp, place)
	}
}
