package rbac

import (
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/internal/emailkey"
	"github.com/rbac-go/rbac/internal/names"
	"github.com/rbac-go/rbac/internal/throttle"
	"github.com/rbac-go/rbac/store"
)

// AddUser adds a user without password, membership or ticket and returns the
// stored record. The name is stored in canonical form: parts in PRECIS
// UsernameCaseMapped (RFC 8265) with single spaces between them, so Bob and bob
// are the same user. ErrInvalid names the field at fault, and ErrExists the
// field whose value is taken. Two e-mail addresses of the same mailbox are the
// same value; see [Tx.UserByEmail].
//
// Hidden characters, such as a zero-width space or a bidirectional control, are
// refused in every new name and in e-mail addresses. Stored names with hidden
// characters are still found.
func (tx *Tx) AddUser(u User) (User, error) {
	return tx.addUser(u, tx.now, time.Time{})
}

// ImportUser is AddUser for an account that another system has kept until now:
// Created and LastLogin are stored, too. A zero Created is the time of the
// transaction.
//
// ErrInvalid for a time in the future or before 1970. In an UpdateAs, ImportUser
// is for holders of [Config].Administer. Other errors are those of AddUser.
func (tx *Tx) ImportUser(u User) (User, error) {
	if u.Created.IsZero() {
		u.Created = tx.now
	}
	if err := tx.writable(errors.Join(tx.validPast(u.Name, "Created", u.Created), tx.validPast(u.Name, "LastLogin", u.LastLogin))); err != nil {
		return User{}, err
	}
	return tx.addUser(u, instant(u.Created), instant(u.LastLogin))
}

func (tx *Tx) validPast(user, field string, at time.Time) error {
	if at.After(tx.now) {
		return invalid("user", user, field, "in the future")
	}
	return validTime("user", user, field, at)
}

func (tx *Tx) addUser(u User, created, lastLogin time.Time) (User, error) {
	rec, err := checkedUser(u)
	if err := tx.delegable(err); err != nil {
		return User{}, err
	}
	if err := tx.mayCreate(rec); err != nil {
		return User{}, err
	}
	if err := tx.userFree(u.Name, &rec, store.UserRecord{}); err != nil {
		return User{}, err
	}
	if rec.ID, err = newID(rec.ID); err != nil {
		return User{}, err
	}
	rec.Created, rec.LastLogin = created, lastLogin
	if err := tx.r.AddUser(rec); err != nil {
		return User{}, err
	}
	tx.created(rec.ID)
	return User(rec.User), tx.log(Change{Action: "AddUser", Subject: rec.Name, SubjectID: rec.ID}, nil, User(rec.User))
}

// checkedUser returns a record of the writable fields of a user, if valid.
func checkedUser(u User) (store.UserRecord, error) {
	name, err := canonicalUser(u.Name)
	err = errors.Join(err,
		validKey("user", u.Name, "Email", u.Email),
		validKey("user", u.Name, "Subject", u.Subject),
		validText("user", u.Name, "DisplayName", u.DisplayName),
		validText("user", u.Name, "Note", u.Note))
	if err != nil {
		return store.UserRecord{}, err
	}
	return store.UserRecord{EmailKey: names.EmailKey(u.Email), User: store.User{ID: u.ID, Name: name, Email: u.Email, Subject: u.Subject,
		DisplayName: u.DisplayName, Note: u.Note, Disabled: u.Disabled}}, nil
}

// userFree checks that no user but old has the unique values of rec. Errors
// name the user as the caller did.
func (tx *Tx) userFree(name string, rec *store.UserRecord, old store.UserRecord) error {
	if rec.ID != uuid.Nil && rec.ID != old.ID {
		_, found := tx.r.User(store.UserKey{ID: rec.ID})
		if err := free(found, "user", name, "ID"); err != nil {
			return err
		}
	}
	for _, unique := range []struct {
		field, value, old string
		key               store.UserKey
	}{
		{"Name", rec.Name, old.Name, store.UserKey{Name: rec.Name}},
		{"Subject", rec.Subject, old.Subject, store.UserKey{Subject: rec.Subject}},
	} {
		if unique.value == "" || unique.value == unique.old {
			continue
		}
		_, found := tx.r.User(unique.key)
		if err := free(found, "user", name, unique.field); err != nil {
			return err
		}
	}
	return tx.emailFree(name, rec, old)
}

// emailFree checks that no other user has the mailbox of rec. A user whose
// address does not change keeps the address and its key: a store of an earlier
// version may have two users with the same mailbox, and both can be changed,
// disabled and deleted.
func (tx *Tx) emailFree(name string, rec *store.UserRecord, old store.UserRecord) error {
	if rec.Email != old.Email {
		if err := noHidden("user", name, "Email", rec.Email); err != nil {
			return err
		}
	}
	if rec.EmailKey == "" || rec.EmailKey == old.EmailKey {
		return nil
	}
	other, err := emailkey.Find(tx.r, rec.Email)
	switch {
	case errors.Is(err, ErrNotFound), err == nil && other.ID == old.ID:
		return emailkey.Free(tx.r, rec.EmailKey)
	case err == nil && rec.Email == old.Email:
		rec.EmailKey = old.EmailKey
		return nil
	}
	return free(err, "user", name, "Email")
}

// ModifyUser replaces every writable field of the user with the ID of u.
// Memberships and tickets follow a changed name. Disabling a user ends links
// and tickets, except API keys with KeepWhenDisabled; another e-mail address or
// subject ends the links. A new subject keeps password and tickets.
func (tx *Tx) ModifyUser(u User) error {
	rec, err := checkedUser(u)
	if err := tx.delegable(err); err != nil {
		return err
	}
	old, err := tx.r.LockUser(u.ID)
	if err != nil {
		return unknownID(err, "user", u.Name)
	}
	if err := tx.mayModify(old, rec); err != nil {
		return err
	}
	if err := tx.userFree(u.Name, &rec, old); err != nil {
		return err
	}
	rec.Created, rec.LastLogin = old.Created, old.LastLogin
	if rec.Email == old.Email {
		rec.EmailVerified = old.EmailVerified
	}
	if rec.User == old.User && rec.EmailKey == old.EmailKey {
		return nil
	}
	if rec.Disabled && !old.Disabled {
		if err := tx.write(tx.protect, func() error { return tx.endByDisabling(User(old.User)) }); err != nil {
			return err
		}
	}
	if rec.Disabled && !old.Disabled || rec.Email != old.Email || rec.Subject != old.Subject {
		if err := tx.write(func() error { return tx.endLinks(User(old.User)) }); err != nil {
			return err
		}
	}
	return tx.write(
		func() error { return tx.r.SetUser(rec) },
		func() error {
			return tx.log(Change{Action: "ModifyUser", Subject: rec.Name, SubjectID: rec.ID}, User(old.User), User(rec.User))
		})
}

// DeleteUser deletes a user with all memberships, tickets and links.
func (tx *Tx) DeleteUser(name string) error {
	u, err := tx.lockUser(name)
	if err != nil {
		return err
	}
	if err := tx.mayManage(u.ID); err != nil {
		return err
	}
	return tx.write(tx.protect,
		func() error { return tx.endAllTickets(User(u.User)) },
		func() error { return tx.endLinks(User(u.User)) },
		func() error { return tx.endMemberships(store.MembershipFilter{Users: []uuid.UUID{u.ID}}) },
		func() error { return throttle.ClearAll(tx.r, u.ID) },
		func() error { return tx.r.DeleteUser(u.ID) },
		func() error {
			return tx.log(Change{Action: "DeleteUser", Subject: u.Name, SubjectID: u.ID}, User(u.User), nil)
		})
}

// SetPasswordHash sets the hash of a user's password and ends all tickets of
// the user, unless the user has the hash already. The hash comes from
// [Authority.HashPassword] or from another system. SetPasswordHash also forgets
// the failed logins of the user and every client known for the user: somebody
// who knew the old password may have used such a client. The formats are
// argon2id, scrypt and PBKDF2 in PHC format, bcrypt, the hashes of these four by
// Django and Werkzeug, ASP.NET Core Identity's version 3, hashes of
// [Authority.WrapPasswordHash], and those for [Config].LegacyHash. A hash that is
// not current is upgraded at the next login. The empty hash removes the password.
//
// ErrInvalid for any other hash, and for a hash that takes more than about a
// second to verify, because each login would keep the logins behind it waiting:
// argon2id with more than 1 GiB × (passes + 1), unless [Config].Argon2id asks
// for as much, bcrypt above cost 14, scrypt with 128·N·r·p above 256 MiB, and
// PBKDF2 with more than 3,000,000 rounds, or 1,500,000 of SHA-512. An earlier
// version may have stored such a hash. The user's logins are then refused, and
// the log says why: set a new password.
//
// [Config].Protected ignores passwords, because a host with its own login needs
// none.
func (tx *Tx) SetPasswordHash(user, hash string) error {
	if hash != "" {
		if err := tx.a.passwords.CheckHash(hash); err != nil {
			return tx.writable(invalid("password hash", "", "", err.Error()))
		}
	}
	u, err := tx.lockUser(user)
	if err := tx.writable(err); err != nil || u.PasswordHash == hash {
		return err
	}
	return tx.setPasswordHash(User(u.User), hash)
}

// setPasswordHash sets the hash of a locked user and ends all tickets. The
// Change has no record, so that the change log has no hash.
func (tx *Tx) setPasswordHash(u User, hash string) error {
	return tx.write(
		func() error { return tx.endAllTickets(u) },
		func() error { return tx.endLinks(u) },
		func() error { return throttle.ClearAll(tx.r, u.ID) },
		func() error { return tx.r.SetPasswordHash(u.ID, hash) },
		func() error {
			return tx.log(Change{Action: "SetPasswordHash", Subject: u.Name, SubjectID: u.ID}, nil, nil)
		})
}
