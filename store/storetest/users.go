package storetest

import (
	"slices"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/store"
)

var userRules = []rule{
	{"users round trip", "A user is given back with every field as it was added: any text, any time.", func(w *world) {
		add := func(r store.Records, u store.UserRecord) error { return r.AddUser(u) }
		find := func(r store.Records, u store.UserRecord) (store.UserRecord, error) {
			return r.User(store.UserKey{ID: u.ID})
		}
		roundTrip(w, sampleUsers(), add, find)
	}},
	{"users by key", "Users are found by exact name, e-mail key and subject, and by nothing that is only like it.", func(w *world) {
		users := sampleUsers()
		w.update(func(r store.Records) error {
			return each(users, func(u store.UserRecord) error { return r.AddUser(u) })
		})
		for _, u := range users {
			w.equal("User by name", get(w, func(r store.Records) (store.UserRecord, error) { return r.User(store.UserKey{Name: u.Name}) }), u)
			if u.EmailKey != "" {
				w.equal("User by e-mail key", get(w, func(r store.Records) (store.UserRecord, error) { return r.User(store.UserKey{EmailKey: u.EmailKey}) }), u)
			}
			if u.Subject != "" {
				w.equal("User by subject", get(w, func(r store.Records) (store.UserRecord, error) { return r.User(store.UserKey{Subject: u.Subject}) }), u)
			}
			got := w.lockUser(u.ID)
			w.equal("LockUser", got, u)
		}
	}},
	{"users empty keys", "EmailKey and Subject are unique unless empty; an empty one finds nobody.", func(w *world) {
		w.update(func(r store.Records) error { return addUsers(r, "alice", "bob") })
		w.notFound("User", func(r store.Records) error { _, err := r.User(store.UserKey{}); return err })
	}},
	{"users set", "SetUser writes everything but Created, LastLogin, PasswordHash and PacedUntil.", func(w *world) {
		old, all := sampleUsers()[1], sampleUsers()
		w.update(func(r store.Records) error { return r.AddUser(old) })
		for i, u := range all {
			u.ID = old.ID
			u.Created, u.LastLogin, u.PasswordHash, u.PacedUntil = times[i%4], times[i%5], "another hash", times[i%6]
			w.update(func(r store.Records) error { return r.SetUser(u) })
			u.Created, u.LastLogin, u.PasswordHash, u.PacedUntil = old.Created, old.LastLogin, old.PasswordHash, old.PacedUntil
			w.equal("user", w.user(old.ID), u)
		}
	}},
	{"users set keys", "A changed name, e-mail key or subject finds the user from then on; the old one is free.", func(w *world) {
		a, b := user("a"), user("b")
		a.EmailKey, a.Subject = "a@example.com", "sub a"
		changed := a
		changed.Name, changed.EmailKey, changed.Subject = "c", "c@example.com", "sub c"
		b.Name, b.EmailKey, b.Subject = a.Name, a.EmailKey, a.Subject
		w.update(func(r store.Records) error { return r.AddUser(a) })
		w.update(func(r store.Records) error { return r.SetUser(changed) })
		w.notFound("User by name", func(r store.Records) error { _, err := r.User(store.UserKey{Name: a.Name}); return err })
		w.notFound("User by e-mail key", func(r store.Records) error { _, err := r.User(store.UserKey{EmailKey: a.EmailKey}); return err })
		w.notFound("User by subject", func(r store.Records) error { _, err := r.User(store.UserKey{Subject: a.Subject}); return err })
		w.update(func(r store.Records) error { return r.AddUser(b) })
		w.equal("new name", get(w, func(r store.Records) (store.UserRecord, error) { return r.User(store.UserKey{Name: "c"}) }), changed)
		w.equal("old name", get(w, func(r store.Records) (store.UserRecord, error) { return r.User(store.UserKey{Name: "a"}) }), b)
	}},
	{"users set same", "A user may be set to the keys that they have, and to empty ones.", func(w *world) {
		u := sampleUsers()[1]
		w.update(func(r store.Records) error { return r.AddUser(u) })
		w.update(func(r store.Records) error { return r.SetUser(u) })
		w.equal("user", w.user(u.ID), u)
		u.EmailKey, u.Subject = "", ""
		w.update(func(r store.Records) error { return r.SetUser(u) })
		w.equal("user", w.user(u.ID), u)
	}},
	{"users password and login", "SetPasswordHash, SetLastLogin and SetPacedUntil write their one field.", func(w *world) {
		u := sampleUsers()[1]
		w.update(func(r store.Records) error { return r.AddUser(u) })
		for i, at := range times {
			u.PasswordHash, u.LastLogin, u.PacedUntil = texts[i], at, pick(times, i+3)
			w.update(func(r store.Records) error { return r.SetPasswordHash(u.ID, texts[i]) })
			w.update(func(r store.Records) error { return r.SetLastLogin(u.ID, at) })
			w.update(func(r store.Records) error { return r.SetPacedUntil(u.ID, u.PacedUntil) })
			w.equal("user", w.user(u.ID), u)
		}
	}},
	{"users delete", "A deleted user is found by no key, and all their keys are free.", func(w *world) {
		u := sampleUsers()[1]
		w.update(func(r store.Records) error { return r.AddUser(u) })
		w.update(func(r store.Records) error { return r.DeleteUser(u.ID) })
		w.notFound("User", func(r store.Records) error { _, err := r.User(store.UserKey{ID: u.ID}); return err })
		w.notFound("User by name", func(r store.Records) error { _, err := r.User(store.UserKey{Name: u.Name}); return err })
		w.notFound("User by e-mail key", func(r store.Records) error { _, err := r.User(store.UserKey{EmailKey: u.EmailKey}); return err })
		w.notFound("User by subject", func(r store.Records) error { _, err := r.User(store.UserKey{Subject: u.Subject}); return err })
		w.update(func(r store.Records) error { return r.AddUser(u) })
		w.equal("user", w.user(u.ID), u)
	}},
	{"users delete and add", "A record deleted in an Update can be added again in the same Update.", func(w *world) {
		u := sampleUsers()[1]
		w.update(func(r store.Records) error { return r.AddUser(u) })
		u.Note = "again"
		w.update(func(r store.Records) error {
			if err := r.DeleteUser(u.ID); err != nil {
				return err
			}
			return r.AddUser(u)
		})
		w.equal("user", w.user(u.ID), u)
	}},
	{"users order", "Users are listed in byte order of their names.", func(w *world) {
		names := texts[1:]
		w.update(func(r store.Records) error { return addUsers(r, names...) })
		got := w.userNames(store.UserFilter{})
		w.equal("names", got, slices.Sorted(slices.Values(names)))
	}},
}

// sampleUsers are users that together hold every text and time in every field.
func sampleUsers() (users []store.UserRecord) {
	for i, text := range texts {
		if text == "" {
			continue // a name is never empty
		}
		users = append(users, store.UserRecord{
			User: store.User{
				ID: id("user" + text), Name: text, Email: pick(texts, i+1), Subject: pick(texts, i+2),
				DisplayName: pick(texts, i+3), Note: pick(texts, i+4), Disabled: i%2 == 0,
				Created: pick(times, i), LastLogin: pick(times, i+1), EmailVerified: pick(times, i+3),
			},
			EmailKey: pick(texts, i+5), PasswordHash: pick(texts, i+6), PacedUntil: pick(times, i+2),
		})
	}
	return users
}

func (w *world) user(id uuid.UUID) store.UserRecord {
	w.Helper()
	return get(w, func(r store.Records) (store.UserRecord, error) { return r.User(store.UserKey{ID: id}) })
}

func (w *world) lockUser(id uuid.UUID) (u store.UserRecord) {
	w.Helper()
	w.update(func(r store.Records) (err error) {
		u, err = r.LockUser(id)
		return err
	})
	return u
}

func (w *world) userNames(f store.UserFilter) []string {
	w.Helper()
	return get(w, func(r store.Records) ([]string, error) {
		return some(r.Users(f), func(u store.UserRecord) string { return u.Name })
	})
}

// notFound requires ErrNotFound from a call that reads.
func (w *world) notFound(what string, call func(store.Records) error) {
	w.Helper()
	var got error
	get(w, func(r store.Records) (int, error) {
		got = call(r)
		return 0, nil
	})
	w.equal(what, got, store.ErrNotFound)
}
