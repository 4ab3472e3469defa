package rbac

import (
	"errors"
	"iter"

	"github.com/rbac-go/rbac/internal/names"
	"github.com/rbac-go/rbac/store"
)

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
		for u, err := range tx.r.Users(store.UserFilter{}) {
			if err == nil {
				if u.EmailKey == names.EmailKey(u.Email) {
					continue
				}
				var found store.UserRecord
				found, err = userWithEmail(tx.r, u.Email)
				if err == nil && found.ID == u.ID {
					continue
				}
				err = ignore(err, ErrNotFound)
			}
			if !yield(User(u.User), err) || err != nil {
				return
			}
		}
	}
}

// userWithEmail returns the user whose address is the same mailbox. The key of
// a record proves nothing: a store that is not yet migrated, or to which a
// program of an earlier version still writes, has folded keys. So userWithEmail
// looks under both keys and compares the address of the record.
func userWithEmail(r store.UserRecords, address string) (store.UserRecord, error) {
	key := names.EmailKey(address)
	sameMailbox := func(u store.UserRecord) bool { return names.EmailKey(u.Email) == key }

	u, err := r.UserByEmail(key)
	if err == nil && sameMailbox(u) {
		return u, nil
	}
	folded := names.FoldedEmailKey(address)
	if folded != key && (err == nil || errors.Is(err, ErrNotFound)) {
		u, err = r.UserByEmail(folded)
	}
	if err == nil && !sameMailbox(u) {
		return store.UserRecord{}, ErrNotFound
	}
	return u, err
}
