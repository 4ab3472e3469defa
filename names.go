package rbac

import (
	"iter"
	"time"

	"github.com/rbac-go/rbac/internal/emailkey"
	"github.com/rbac-go/rbac/internal/names"
	"github.com/rbac-go/rbac/store"
)

// LookalikeUsers lists, in byte order of their names, the users whose name
// looks like the given name without being the same: Latin pаypal with a
// Cyrillic а, a whole name in another script, rn for m, 1 for l. Where people
// choose their own name, call LookalikeUsers before AddUser and refuse a name
// that looks like somebody else's. A name that is not valid for a user is
// ErrInvalid.
//
// Names are compared letter by letter, in the manner of Unicode UTS 39, section
// 4. The table has the lower case look-alikes of Latin among Cyrillic, Greek,
// Armenian and Georgian letters, and the best known look-alikes within Arabic
// and within Chinese and Japanese. Accents count; ZWJ and ZWNJ do not. The
// table lacks the rest of UTS 39, such as Cherokee, Coptic and small capitals,
// and everything that depends on a font: a name that is not listed may still
// look like another.
//
// LookalikeUsers reads all users, some 300,000 in a second with SQLite. Limit
// how often strangers can make a service call it.
func (tx *Tx) LookalikeUsers(name string) iter.Seq2[User, error] {
	return lazily(func() (iter.Seq2[User, error], error) {
		canonical, err := canonicalUser(name)
		skeleton := names.Skeleton(canonical)
		return func(yield func(User, error) bool) {
			for u, err := range tx.r.Users(store.UserFilter{}) {
				if err == nil && (u.Name == canonical || names.Skeleton(u.Name) != skeleton) {
					continue
				}
				if !yield(User(u.User), err) {
					return
				}
			}
		}, err
	})
}

// EmailConflicts lists, in byte order of their names, the users whom
// [Tx.UserByEmail] does not find by their own address, because another user has
// the same mailbox. AddUser and ModifyUser refuse such a user: conflicts come
// from a store of an earlier version, which kept boss@faß.example apart from
// boss@xn--fa-hia.example. To end a conflict, give one of the two users another
// address. If the other user is the one whose address changed, call ModifyUser
// for the listed user afterwards, so that the user is found again.
//
// EmailConflicts reads all users.
func (tx *Tx) EmailConflicts() iter.Seq2[User, error] {
	return func(yield func(User, error) bool) {
		for u, err := range emailkey.Conflicts(tx.r) {
			if !yield(User(u), err) {
				return
			}
		}
	}
}

// canonicalUser returns the form in which user names are compared and stored.
func canonicalUser(name string) (string, error) {
	canonical, reason := names.CanonicalUser(name)
	return canonical, invalid("user", name, "Name", reason)
}

// validName checks the name of a group, permission or section. A name with
// hidden characters passes; see noHidden.
func validName(record, field, name string) error {
	return invalid(record, name, field, names.CheckName(name))
}

// validKey checks a scope, subject or e-mail address, which may be empty.
func validKey(record, name, field, value string) error {
	return invalid(record, name, field, names.CheckOptionalKey(value))
}

// validText checks a text for people, which may be empty.
func validText(record, name, field, text string) error {
	return invalid(record, name, field, names.CheckText(text))
}

// noHidden refuses hidden characters in a new name or key. Stored ones that
// have hidden characters keep working.
func noHidden(record, name, field, value string) error {
	return invalid(record, name, field, names.CheckVisible(value))
}

// validTime checks a time, which may be zero. The last year is 9999, because
// the change log is written in JSON.
func validTime(record, name, field string, t time.Time) error {
	if year := t.UTC().Year(); t.IsZero() || 1970 <= year && year <= 9999 {
		return nil
	}
	return invalid(record, name, field, "not in the years 1970 to 9999")
}
