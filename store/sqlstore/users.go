package sqlstore

import (
	"iter"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/rbac-go/rbac/store"
)

const selectUser = `SELECT id, name, email, email_key, subject, display_name, note, disabled, password_hash, created, last_login, paced_until
	FROM rbac_users`

func (r *records) User(k store.UserKey) (store.UserRecord, error) {
	where, arg := " WHERE id = ?", any(k.ID)
	switch {
	case k.Name != "":
		where, arg = " WHERE name = ?", k.Name
	case k.EmailKey != "":
		where, arg = " WHERE email_key = ? AND email_key <> ''", k.EmailKey
	case k.Subject != "":
		where, arg = " WHERE subject = ? AND subject <> ''", k.Subject
	}
	return one(r, "User", scanUser, selectUser+where, arg)
}

func (r *records) LockUser(id uuid.UUID) (store.UserRecord, error) {
	return one(r, "LockUser", scanUser, selectUser+" WHERE id = ?"+r.locks().Update, id)
}

func (r *records) Users(f store.UserFilter) iter.Seq2[store.UserRecord, error] {
	f.Groups = slices.Clone(f.Groups) // the caller's slice may change before the listing runs
	f.After = kept(f.After)
	if kept(f.Search) != f.Search {
		return nothing[store.UserRecord]
	}
	return pages(r, "Users", f.Limit, func(last *store.UserRecord, size int) ([]store.UserRecord, error) {
		var w where
		if last != nil {
			w.and("name > ?", last.Name)
		} else if f.After != "" {
			w.and("name > ?", f.After)
		}
		if err := r.filterUsers(&w, f); err != nil {
			return nil, err
		}
		return all(r, "Users", scanUser, selectUser+w.String()+" ORDER BY name LIMIT ?", append(w.args, size)...)
	})
}

func (r *records) filterUsers(w *where, f store.UserFilter) error {
	if f.Search != "" {
		d, text := r.store.dialect, lower(f.Search)
		w.and("("+d.Contains("name")+" OR "+d.Contains("display_name")+" OR "+d.Contains("email")+")", text, text, text)
	}
	if f.Enabled {
		w.and("disabled = ?", false)
	}
	if f.Groups == nil {
		return nil
	}
	anyOf, list := r.anyID("m.group_id", f.Groups)
	members, err := one(r, "Users", scanInt, "SELECT count(*) FROM (SELECT 1 FROM rbac_memberships m WHERE "+anyOf+" LIMIT ?) few", list, fewMembers)
	if err != nil {
		return err
	}
	// A query starts either from few members or from all users. The wrong
	// choice is slower by a factor of the number of users.
	from, to := "id IN (SELECT m.user_id FROM rbac_memberships m WHERE ", ")"
	if members == fewMembers {
		from = "EXISTS (SELECT 1 FROM rbac_memberships m WHERE m.user_id = rbac_users.id AND "
	}
	if f.Permanent {
		w.and(from+anyOf+" AND m.scope = '' AND m.until = ?"+to, list, zeroTime)
	} else {
		w.and(from+anyOf+" AND (m.until = ? OR m.until > ?)"+to, list, zeroTime, micros(f.At))
	}
	return nil
}

// fewMembers is the number of members up to which a page of users is found by
// sorting all members.
const fewMembers = 1000

func (r *records) AddUser(u store.UserRecord) error {
	return r.add("AddUser", `INSERT INTO rbac_users
		(id, name, email, email_key, subject, display_name, note, disabled, password_hash, created, last_login, paced_until)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		u.ID, u.Name, u.Email, u.EmailKey, u.Subject, u.DisplayName, u.Note, u.Disabled, u.PasswordHash, micros(u.Created), micros(u.LastLogin), micros(u.PacedUntil))
}

func (r *records) SetUser(u store.UserRecord) error {
	return r.change("SetUser", `UPDATE rbac_users
		SET name = ?, email = ?, email_key = ?, subject = ?, display_name = ?, note = ?, disabled = ? WHERE id = ?`,
		u.Name, u.Email, u.EmailKey, u.Subject, u.DisplayName, u.Note, u.Disabled, u.ID)
}

func (r *records) SetPasswordHash(id uuid.UUID, hash string) error {
	return r.change("SetPasswordHash", "UPDATE rbac_users SET password_hash = ? WHERE id = ?", hash, id)
}

func (r *records) SetLastLogin(id uuid.UUID, at time.Time) error {
	return r.change("SetLastLogin", "UPDATE rbac_users SET last_login = ? WHERE id = ?", micros(at), id)
}

func (r *records) SetPacedUntil(id uuid.UUID, at time.Time) error {
	return r.change("SetPacedUntil", "UPDATE rbac_users SET paced_until = ? WHERE id = ?", micros(at), id)
}

func (r *records) DeleteUser(id uuid.UUID) error {
	return r.change("DeleteUser", "DELETE FROM rbac_users WHERE id = ?", id)
}

func scanUser(row Row) (store.UserRecord, error) {
	var u store.UserRecord
	err := row.Scan(&u.ID, &u.Name, &u.Email, &u.EmailKey, &u.Subject, &u.DisplayName, &u.Note, &u.Disabled,
		&u.PasswordHash, moment{&u.Created}, moment{&u.LastLogin}, moment{&u.PacedUntil})
	return u, err
}
