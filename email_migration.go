package rbac

import (
	"context"
	"errors"
	"iter"
	"time"
	"unicode"

	"github.com/google/uuid"
	"github.com/rbac-go/rbac/store"
)

// The keys of e-mail addresses that a store has from an earlier version are
// brought up to date once, at Open. Nothing waits for it to be right: lookups go by
// the address of a record, not by its key (userWithEmail). So Open succeeds where
// the store cannot be written to, and several processes may open a store at once.

// emailKeysMark is the Declaration that remembers that a store has current keys.
// Unicode's tables decide what a domain maps to, so each version has its own.
var emailKeysMark = store.Declaration{Kind: "e-mail keys", Key: "IDNA2008, Unicode " + unicode.Version}

const (
	emailKeysPage = 5000             // users that are read in one transaction
	emailKeysWait = 10 * time.Second // how long Open waits for others who write to the store
)

// sharedEmail are two users who have the same mailbox.
type sharedEmail struct{ found, other User }

// renewEmailKeys brings the keys of a store up to date. It fails only if the store
// does not answer whether there is anything to do. What it cannot do is left for the
// next Open.
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
		a.log.WarnContext(ctx, "rbac: the keys of e-mail addresses are not all up to date; the next Open tries again", "error", err)
	}
	return nil
}

// emailKeysToDo reports whether a store has users and no mark. One without users
// has no old keys, and is not written to.
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
				if u.EmailKey != emailKey(u.Email) {
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

// renewSomeEmailKeys works in small transactions, so that nobody waits for long.
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
			a.log.WarnContext(ctx, "rbac: two users have one mailbox; their address finds the older account alone",
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

// renewEmailKey gives a user the key of their address. Of two users with the same
// mailbox the one that was created first has the key, and the other has none: so
// somebody who adds a second spelling of an address takes it from nobody. A user
// whose old key is in the way gets a new one, too.
func renewEmailKey(r store.Records, id uuid.UUID) ([]sharedEmail, error) {
	u, err := r.LockUser(id)
	if errors.Is(err, ErrNotFound) {
		return nil, nil // deleted meanwhile
	}
	key := emailKey(u.Email)
	if err != nil || u.EmailKey == key {
		return nil, err
	}
	holder, err := r.UserByEmail(key)
	switch {
	case errors.Is(err, ErrNotFound):
		return nil, setEmailKey(r, u, key)
	case err != nil:
		return nil, err
	case emailKey(holder.Email) != key:
		if err := errors.Join(setEmailKey(r, holder, ""), setEmailKey(r, u, key)); err != nil {
			return nil, err
		}
		return renewEmailKey(r, holder.ID)
	case older(u, holder):
		return []sharedEmail{{User(u.User), User(holder.User)}}, errors.Join(setEmailKey(r, holder, ""), setEmailKey(r, u, key))
	}
	return []sharedEmail{{User(holder.User), User(u.User)}}, setEmailKey(r, u, "")
}

func older(u, other store.UserRecord) bool {
	if !u.Created.Equal(other.Created) {
		return u.Created.Before(other.Created)
	}
	return u.Name < other.Name
}

func setEmailKey(r store.Records, u store.UserRecord, key string) error {
	if u.EmailKey == key {
		return nil
	}
	u.EmailKey = key
	return r.SetUser(u)
}

// EmailConflicts lists, in byte order of their names, the users whom
// [Tx.UserByEmail] does not find by their own address, because another user has the
// same mailbox. AddUser and ModifyUser admit no such user: they come from a store of
// an earlier version, which kept boss@faß.example apart from
// boss@xn--fa-hia.example. To end a conflict, give one of the two another address,
// and then call ModifyUser for the listed user, if that is the other one, to have the
// user found again.
//
// EmailConflicts reads all users.
func (tx *Tx) EmailConflicts() iter.Seq2[User, error] {
	return func(yield func(User, error) bool) {
		for u, err := range tx.r.Users(store.UserFilter{}) {
			if err == nil {
				if u.EmailKey == emailKey(u.Email) {
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
