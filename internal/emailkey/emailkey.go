// Package emailkey finds users by their e-mail addresses, and renews the keys
// under which a store keeps the addresses.
//
// A store of an earlier version has case-folded keys. [Renew] migrates the
// keys, once for each store. [Find] compares the address of a record and not
// its key, so lookups are right before the migration, too. That is why Renew
// may fail where the store cannot be written to, and why several processes may
// open a store at once.
package emailkey

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"time"
	"unicode"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/internal/names"
	"github.com/rbac-go/rbac/store"
)

// Find returns the user whose address is the same mailbox. The key of a record
// proves nothing: a store that is not yet migrated, or to which a program of an
// earlier version still writes, has folded keys. So Find looks under both keys
// and compares the address of the record.
func Find(r store.UserRecords, address string) (store.UserRecord, error) {
	key := names.EmailKey(address)
	sameMailbox := func(u store.UserRecord) bool { return names.EmailKey(u.Email) == key }

	u, err := r.User(store.UserKey{EmailKey: key})
	if err == nil && sameMailbox(u) {
		return u, nil
	}
	folded := names.FoldedEmailKey(address)
	if folded != key && (err == nil || errors.Is(err, store.ErrNotFound)) {
		u, err = r.User(store.UserKey{EmailKey: folded})
	}
	if err == nil && !sameMailbox(u) {
		return store.UserRecord{}, store.ErrNotFound
	}
	return u, err
}

// Conflicts lists the users whom Find does not find by their own address,
// because another user has the same mailbox. Conflicts reads all users, and ends
// with the first error.
func Conflicts(r store.UserRecords) iter.Seq2[store.User, error] {
	return func(yield func(store.User, error) bool) {
		for u, err := range r.Users(store.UserFilter{}) {
			if err == nil && u.EmailKey == names.EmailKey(u.Email) {
				continue
			}
			if err == nil {
				var found store.UserRecord
				found, err = Find(r, u.Email)
				if err == nil && found.ID == u.ID {
					continue
				}
				if errors.Is(err, store.ErrNotFound) {
					err = nil
				}
			}
			if !yield(u.User, err) || err != nil {
				return
			}
		}
	}
}

// Free frees a key that the user of another mailbox has from a program of an
// earlier version.
func Free(r store.UserRecords, key string) error {
	holder, err := r.User(store.UserKey{EmailKey: key})
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err == nil {
		_, err = renewKey(r, holder.ID)
	}
	return err
}

// mark is the Declaration that marks a store with current keys. Unicode's
// tables decide what a domain maps to, so each version of Unicode has its own
// mark.
var mark = store.Declaration{Kind: "e-mail keys", Key: "IDNA2008, Unicode " + unicode.Version}

const (
	page  = 5000             // users read in one transaction
	batch = 200              // users written in one transaction
	wait  = 10 * time.Second // the longest wait for other writers
)

// Renew migrates the keys of a store. Renew fails only if the store does not
// answer whether a migration is due. Keys that cannot be written are left for
// the next Renew, with a warning in the log.
func Renew(ctx context.Context, s store.Store, log *slog.Logger) error {
	m := renewal{s, log}
	todo, err := m.due(ctx)
	if err != nil || !todo {
		return err
	}
	err = m.renewAll(ctx)
	if err == nil {
		err = m.update(ctx, func(r store.Records) error { return r.PutDeclaration(mark) })
	}
	if err != nil {
		log.WarnContext(ctx, "rbac: the keys of e-mail addresses are not all up to date; the next Open tries again",
			"error", err)
	}
	return nil
}

// renewal is the migration of a store.
type renewal struct {
	store store.Store
	log   *slog.Logger
}

// due reports whether a store has users and no mark. A store without users has
// no old keys, and Renew does not write to such a store.
func (m renewal) due(ctx context.Context) (todo bool, err error) {
	err = m.store.View(ctx, func(r store.Records) error {
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
			todo = todo && d != mark
		}
		return err
	})
	return todo, err
}

// renewAll reads all users page by page, and renews the keys that are not
// current. Pages are read without locks, and written in smaller transactions.
func (m renewal) renewAll(ctx context.Context) error {
	for after, more := "", true; more; {
		var old []uuid.UUID
		var next string
		err := m.store.View(ctx, func(r store.Records) error {
			var read int
			old, next = nil, after
			for u, err := range r.Users(store.UserFilter{After: after, Limit: page}) {
				if err != nil {
					return err
				}
				if u.EmailKey != names.EmailKey(u.Email) {
					old = append(old, u.ID)
				}
				read, next = read+1, u.Name
			}
			more = read == page
			return nil
		})
		if err != nil {
			return err
		}
		if err := m.renew(ctx, old); err != nil {
			return err
		}
		after = next
	}
	return nil
}

// renew works in small transactions, so that other writers do not wait for
// long.
func (m renewal) renew(ctx context.Context, users []uuid.UUID) error {
	for len(users) > 0 {
		now := users[:min(batch, len(users))]
		users = users[len(now):]
		var found []shared
		err := m.update(ctx, func(r store.Records) error {
			found = nil
			for _, id := range now {
				both, err := renewKey(r, id)
				if err != nil {
					return err
				}
				found = append(found, both...)
			}
			return nil
		})
		if err != nil {
			return err
		}
		for _, s := range found {
			m.log.WarnContext(ctx, "rbac: two users have the same mailbox; their address finds the older account only",
				"user", s.first.Name, "email", s.first.Email, "other", s.other.Name, "other_email", s.other.Email)
		}
	}
	return nil
}

// update runs f in an Update that other Updates exclude.
func (m renewal) update(ctx context.Context, f func(store.Records) error) error {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	return m.store.Update(ctx, func(r store.Records) error {
		if _, err := r.Head(store.ExclusiveLock); err != nil {
			return err
		}
		return f(r)
	})
}

// shared holds two users who have the same mailbox.
type shared struct{ first, other store.UserRecord }

// renewKey sets the current key of a user. If two users have the same mailbox,
// the user who was created first gets the key and the other user gets none, so
// that a second spelling of an address takes the mailbox from nobody. A user
// whose old key is in the way gets a current key, too.
func renewKey(r store.UserRecords, id uuid.UUID) ([]shared, error) {
	u, err := r.LockUser(id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil // deleted meanwhile
	}
	key := names.EmailKey(u.Email)
	if err != nil || u.EmailKey == key {
		return nil, err
	}
	holder, err := r.User(store.UserKey{EmailKey: key})
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, setKey(r, u, key)
	case err != nil:
		return nil, err
	case names.EmailKey(holder.Email) != key:
		if err := errors.Join(setKey(r, holder, ""), setKey(r, u, key)); err != nil {
			return nil, err
		}
		return renewKey(r, holder.ID)
	case older(u, holder):
		return []shared{{u, holder}}, errors.Join(setKey(r, holder, ""), setKey(r, u, key))
	}
	return []shared{{holder, u}}, setKey(r, u, "")
}

// older reports whether u was created before other. Users of the same time are
// ordered by name, so that every process decides alike.
func older(u, other store.UserRecord) bool {
	if !u.Created.Equal(other.Created) {
		return u.Created.Before(other.Created)
	}
	return u.Name < other.Name
}

// setKey writes the key of a user, unless the user has the key already.
func setKey(r store.UserRecords, u store.UserRecord, key string) error {
	if u.EmailKey == key {
		return nil
	}
	u.EmailKey = key
	return r.SetUser(u)
}
