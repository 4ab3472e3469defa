package sqlstore

import (
	"iter"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/rbac-go/rbac/store"
)

const selectUser = `SELECT id, name, email, email_key, subject, display_name, note, disabled, password_hash, created, last_login, paced_until, email_verified
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
	f, ok := checked(f)
	if !ok {
		return nothing[store.UserRecord]
	}
	var plan usersBy // the same for all pages
	return pages(r, "Users", f.Limit, func(last *store.UserRecord, size int) (_ []store.UserRecord, err error) {
		after := f.After
		if last != nil {
			after = last.Name
		} else if plan, err = r.usersBy("Users", f); err != nil {
			return nil, err
		}
		by := plan
		switch {
		case by.nobody:
			return nil, nil
		case by.source != nil:
			return r.usersAmong(by, after, size)
		case by.rare:
			return r.rareUsers(by, after, size, f.Limit)
		case after != "":
			by.and("name > ?", after)
		}
		return r.selectUsers(by.where, size)
	})
}

func (r *records) CountUsers(f store.UserFilter) (int, error) {
	f, ok := checked(f)
	if !ok {
		return 0, r.usable("CountUsers")
	}
	by, err := r.usersBy("CountUsers", f)
	if err != nil || by.nobody {
		return 0, err
	}
	if by.source != nil {
		// SQLite collects names several times as fast as ids, which are not in
		// the order of an index.
		found, args := by.source.find("m.user_name")
		by.and("name IN ("+found+")", args...)
	}
	return one(r, "CountUsers", scanInt, "SELECT count(*) FROM rbac_users"+by.String(), by.args...)
}

// checked copies the slices of a filter, which may change before the listing
// runs. checked reports false if the filter selects nobody because no record
// has such a text.
func checked(f store.UserFilter) (store.UserFilter, bool) {
	f.Groups, f.AlsoGroups = slices.Clone(f.Groups), slices.Clone(f.AlsoGroups)
	f.Scopes, f.AlsoScopes = keptOnly(f.Scopes), keptOnly(f.AlsoScopes)
	f.After = kept(f.After)
	return f, kept(f.Search) == f.Search && !(f.Enabled && f.Disabled)
}

func (r *records) selectUsers(w where, size int) ([]store.UserRecord, error) {
	return all(r, "Users", scanUser, selectUser+w.String()+" ORDER BY name LIMIT ?", append(w.args, size)...)
}

// sortUsers is selectUsers for conditions that few users meet. An engine that
// expects many users must not look for them in the order of an index, and there
// is no index of an expression.
func (r *records) sortUsers(w where, size int) ([]store.UserRecord, error) {
	return all(r, "Users", scanUser, selectUser+w.String()+" ORDER BY (name || '') LIMIT ?", append(w.args, size)...)
}

func (r *records) AddUser(u store.UserRecord) error {
	return r.add("AddUser", `INSERT INTO rbac_users
		(id, name, email, email_key, subject, display_name, note, disabled, password_hash, created, last_login, paced_until, email_verified)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		u.ID, u.Name, u.Email, u.EmailKey, u.Subject, u.DisplayName, u.Note, u.Disabled, u.PasswordHash, micros(u.Created), micros(u.LastLogin), micros(u.PacedUntil), micros(u.EmailVerified))
}

// SetUser also writes the name into the user's memberships, which have an index
// by name.
func (r *records) SetUser(u store.UserRecord) error {
	err := r.change("SetUser", `UPDATE rbac_users
		SET name = ?, email = ?, email_key = ?, subject = ?, display_name = ?, note = ?, disabled = ?, email_verified = ? WHERE id = ?`,
		u.Name, u.Email, u.EmailKey, u.Subject, u.DisplayName, u.Note, u.Disabled, micros(u.EmailVerified), u.ID)
	if err != nil {
		return err
	}
	return r.add("SetUser", "UPDATE rbac_memberships SET user_name = ? WHERE user_id = ? AND user_name <> ?", u.Name, u.ID, u.Name)
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
		&u.PasswordHash, moment{&u.Created}, moment{&u.LastLogin}, moment{&u.PacedUntil}, moment{&u.EmailVerified})
	return u, err
}
