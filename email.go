package rbac

import (
	"context"
	"errors"
	"iter"
	"time"
	"unicode"

	"github.com/google/uuid"
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

// A store of an earlier version has case-folded keys of e-mail addresses. Open
// migrates the keys, once for each store. Lookups compare the address of a
// record and not its key (userWithEmail), so they are right before the
// migration, too. That is why Open succeeds where the store cannot be written
// to, and why several processes may open a store at once.

// emailKeysMark is the Declaration that marks a store with current keys.
// Unicode's tables decide what a domain maps to, so each version of Unicode has
// its own mark.
var emailKeysMark = store.Declaration{Kind: "e-mail keys", Key: "IDNA2008, Unicode " + unicode.Version}

const (
	emailKeysPage = 5000             // users read in one transaction
	rowsPerUpdate = 200              // so that no other transaction waits for long
	emailKeysWait = 10 * time.Second // the longest wait of Open for other writers
)

// sharedEmail holds two users who have the same mailbox.
type sharedEmail struct{ found, other User }

// renewEmailKeys migrates the keys of a store. It fails only if the store does
// not answer whether a migration is due. Keys that cannot be written are left
// for the next Open.
func (a *Authority) renewEmailKeys(ctx context.Context) error {
	todo, err := a.emailKeysToDo(ctx)
	if err != nil || !todo {
		return err
	}
	err = a.renewAllEmailKeys(ctx)
	if err == nil {
		err = a.updateEmailKeys(ctx, func(r store.Records) error { return r.SetDeclaration(emailKeysMark) })
	}
	if err != nil {
		a.log.WarnContext(ctx, "rbac: the keys of e-mail addresses are not all up to date; the next Open tries again",
			"error", err)
	}
	return nil
}

// emailKeysToDo reports whether a store has users and no mark. A store without
// users has no old keys, and Open does not write to it.
func (a *Authority) emailKeysToDo(ctx context.Context) (todo bool, err error) {
	err = a.view(ctx, func(r store.Records) error {
		todo = false
		for _, err := range r.Users(store.UserFilter{Limit: 1}) {
			if err != nil {
				return err
			}
			todo = true
		}
		if !todo {
			return nil
		}
		declarations, err := r.Declarations()
		for _, d := range declarations {
			todo = todo && d != emailKeysMark
		}
		return err
	})
	return todo, err
}

// renewAllEmailKeys reads all users page by page, and renews the keys that are
// not current. Pages are read without locks, and written in smaller
// transactions.
func (a *Authority) renewAllEmailKeys(ctx context.Context) error {
	for after, more := "", true; more; {
		var old []uuid.UUID
		var next string
		err := a.view(ctx, func(r store.Records) error {
			var read int
			old, next = nil, after
			for u, err := range r.Users(store.UserFilter{After: after, Limit: emailKeysPage}) {
				if err != nil {
					return err
				}
				if u.EmailKey != names.EmailKey(u.Email) {
					old = append(old, u.ID)
				}
				read, next = read+1, u.Name
			}
			more = read == emailKeysPage
			return nil
		})
		if err != nil {
			return err
		}
		if err := a.renewSomeEmailKeys(ctx, old); err != nil {
			return err
		}
		after = next
	}
	return nil
}

// renewSomeEmailKeys works in small transactions, so that other writers do not
// wait for long.
func (a *Authority) renewSomeEmailKeys(ctx context.Context, users []uuid.UUID) error {
	for len(users) > 0 {
		batch := users[:min(rowsPerUpdate, len(users))]
		users = users[len(batch):]
		var shared []sharedEmail
		err := a.updateEmailKeys(ctx, func(r store.Records) error {
			shared = nil
			for _, id := range batch {
				both, err := renewEmailKey(r, id)
				if err != nil {
					return err
				}
				shared = append(shared, both...)
			}
			return nil
		})
		if err != nil {
			return err
		}
		for _, s := range shared {
			a.log.WarnContext(ctx, "rbac: two users have the same mailbox; their address finds the older account only",
				"user", s.found.Name, "email", s.found.Email, "other", s.other.Name, "other_email", s.other.Email)
		}
	}
	return nil
}

// updateEmailKeys runs f in an Update that other Updates exclude.
func (a *Authority) updateEmailKeys(ctx context.Context, f func(store.Records) error) error {
	ctx, cancel := context.WithTimeout(ctx, emailKeysWait)
	defer cancel()
	return a.update(ctx, func(r store.Records) error {
		if _, err := r.LockHead(); err != nil {
			return err
		}
		return f(r)
	})
}

// renewEmailKey sets the current key of a user. If two users have the same
// mailbox, the user who was created first gets the key and the other user gets
// none, so that a second spelling of an address takes the mailbox from nobody.
// A user whose old key is in the way gets a current key, too.
func renewEmailKey(r store.Records, id uuid.UUID) ([]sharedEmail, error) {
	u, err := r.LockUser(id)
	if errors.Is(err, ErrNotFound) {
		return nil, nil // deleted meanwhile
	}
	key := names.EmailKey(u.Email)
	if err != nil || u.EmailKey == key {
		return nil, err
	}
	holder, err := r.UserByEmail(key)
	switch {
	case errors.Is(err, ErrNotFound):
		return nil, setEmailKey(r, u, key)
	case err != nil:
		return nil, err
	case names.EmailKey(holder.Email) != key:
		if err := errors.Join(setEmailKey(r, holder, ""), setEmailKey(r, u, key)); err != nil {
			return nil, err
		}
		return renewEmailKey(r, holder.ID)
	case older(u, holder):
		return []sharedEmail{{User(u.User), User(holder.User)}}, errors.Join(setEmailKey(r, holder, ""), setEmailKey(r, u, key))
	}
	return []sharedEmail{{User(holder.User), User(u.User)}}, setEmailKey(r, u, "")
}

// older reports whether u was created before other. Users of the same time are
// ordered by name, so that every process decides alike.
func older(u, other store.UserRecord) bool {
	if !u.Created.Equal(other.Created) {
		return u.Created.Before(other.Created)
	}
	return u.Name < other.Name
}

// setEmailKey writes the key of a user, unless the user has the key already.
func setEmailKey(r store.Records, u store.UserRecord, key string) error {
	if u.EmailKey == key {
		return nil
	}
	u.EmailKey = key
	return r.SetUser(u)
}
