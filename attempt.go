package rbac

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/internal/names"
	"github.com/rbac-go/rbac/internal/throttle"
	"github.com/rbac-go/rbac/store"
)

// An attempt is one try to log in with a password, from the first look at its
// user to its end. Failures in a row are counted against a budget:
//
//   - of the device, where the client shows one that NewDevice made for the user;
//   - else of the address prefix, where a login for the user succeeded from it
//     within 30 days;
//   - else of the name. All unknown clients share this budget.
//
// ChangePassword has a budget of its own for each user. An attempt reserves its
// place in the budget before the password is verified, so neither attempts in
// parallel nor clients that hang up are free. Names that no user has are counted
// alike, so that being throttled does not reveal who has an account. A name that
// opens again does: its user has logged in.
type attempt struct {
	login  Login
	name   string    // canonical, or as typed where it cannot be a user's
	ticket uuid.UUID // the user of the living ticket that the call came with; zero: none
	limit  int       // of failures in a row of unknown clients

	user    uuid.UUID // zero: there is no such user
	client  client
	key     [32]byte // of the budget
	mark    int64    // of the reservation; zero: none
	sprayed bool     // the name is among those that failed from the address prefix
}

func (a *Authority) newAttempt(l Login) *attempt {
	at := &attempt{login: l, limit: a.cfg.MaxFailures, name: "subject\x00" + l.Subject}
	if l.Subject == "" {
		at.name = l.User
		if name, err := canonicalUser(l.User); err == nil {
			at.name = name
		}
	}
	return at
}

// findLogin finds the user that a login is for. A name that cannot be a user's
// is ErrNotFound, too.
func findLogin(r store.Records, l Login) (store.UserRecord, error) {
	if l.Subject != "" {
		if names.CheckKey(l.Subject) != "" {
			return store.UserRecord{}, ErrNotFound
		}
		return r.UserBySubject(l.Subject)
	}
	name, err := canonicalUser(l.User)
	if err != nil {
		return store.UserRecord{}, ErrNotFound
	}
	return r.UserByName(name)
}

// find finds the user. The zero user stands for nobody.
func (at *attempt) find(r store.Records) (store.UserRecord, error) {
	u, err := findLogin(r, at.login)
	if errors.Is(err, ErrNotFound) {
		return store.UserRecord{}, nil
	}
	return u, err
}

// nameMark stands for the name among those that failed from a prefix.
func (at *attempt) nameMark() uint64 {
	key := at.keyFor(unknownClient)
	return binary.LittleEndian.Uint64(key[:]) | 1
}

// look finds the user and how the client is known, in a View. It refuses an
// attempt that would find no place.
func (at *attempt) look(r store.Records, now time.Time) error {
	u, err := at.find(r)
	if err != nil {
		return err
	}
	at.user, at.client = u.ID, unknownClient
	candidates := []client{knownDevice, knownPrefix}
	if at.ticket != uuid.Nil && at.ticket == u.ID {
		candidates, at.client = nil, ticketHolder
	}
	for _, c := range candidates {
		rec, err := r.Throttle(at.keyFor(c))
		if err != nil {
			return err
		}
		known, err := at.known(rec, c, now)
		if err != nil {
			return err
		}
		if known {
			at.client = c
			break
		}
	}
	at.key = at.keyFor(at.client)
	_, err = at.take(r, now)
	return err
}

// known reports whether a record makes a client known.
func (at *attempt) known(rec store.Throttle, c client, now time.Time) (bool, error) {
	b, err := stateOf[budget](rec)
	return rec.User != uuid.Nil && rec.User == at.user && b.Client == c && now.Before(rec.Until) &&
		b.Failures < knownFailures, err
}

// reserve reserves a place for the attempt and reads its user.
func (at *attempt) reserve(r store.Records, now time.Time) (store.UserRecord, error) {
	u, err := at.find(r)
	if err != nil {
		return u, err
	}
	if u.ID != at.user {
		return u, errReserved // added, deleted or renamed meanwhile: look again
	}
	c, err := at.take(r, now)
	if err != nil {
		return u, err
	}
	at.mark = c.budget.Reserve(now)
	if c.nearNames.Count >= freeNear || c.wideNames.Count >= freeWide {
		c.nearNames.Attempt(now)
		c.wideNames.Attempt(now)
		if err := at.writeNetworks(r, c, now); err != nil {
			return u, err
		}
	}
	return u, at.write(r, c, now)
}

// settle ends an attempt that made no ticket: as a failure, or by giving its
// place back. A client that has hung up changes nothing.
func (a *Authority) settle(ctx context.Context, at *attempt, failed bool) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()
	return a.update(ctx, func(r store.Records) error {
		now := a.now()
		// A name without a user takes the same time: the zero id is looked for, too.
		_, err := r.User(at.user)
		if errors.Is(err, ErrNotFound) && at.user != uuid.Nil {
			return nil // deleted, and the user's records with them
		}
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		c, err := at.read(r)
		if err != nil {
			return err
		}
		if c.rec.State == "" && (at.client == knownDevice || at.client == knownPrefix) {
			return nil // ended meanwhile
		}
		c.budget.Settle(at.mark, failed, now)
		if failed && at.client == unknownClient && at.login.Addr.IsValid() {
			if c.nearNames.Fail(at.nameMark(), now) {
				c.wideNames.Fail(0, now)
			}
			if err := at.writeNetworks(r, c, now); err != nil {
				return err
			}
		}
		return at.write(r, c, now)
	})
}

// succeed clears what was counted for the client and the name, and makes the
// address prefix known. The device has done its duty: NewDevice makes the next.
func (tx *Tx) succeed(at *attempt) error {
	now := tx.now
	forgotten := [][32]byte{at.keyFor(unknownClient), at.keyFor(ticketHolder)}
	if at.client == knownDevice {
		forgotten = append(forgotten, at.key)
	}
	steps := make(map[[32]byte]func() error)
	for _, key := range forgotten {
		steps[key] = func() error { return forget(tx.r, key) }
	}
	if at.login.Addr.IsValid() {
		key := at.keyFor(knownPrefix)
		rec := store.Throttle{Key: key, User: at.user, Last: now, Until: instant(now.Add(knownFor))}
		steps[key] = func() error { return setState(tx.r, rec, budget{Client: knownPrefix}) }
		if at.sprayed {
			near, _ := at.networkKeys()
			steps[near] = func() error { return forgive(tx.r, near, at.nameMark()) }
		}
	}
	keys := make([][32]byte, 0, len(steps))
	for key := range steps {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b [32]byte) int { return bytes.Compare(a[:], b[:]) })
	for _, key := range keys {
		if err := steps[key](); err != nil {
			return err
		}
	}
	if at.client == knownPrefix {
		return nil
	}
	_, err := keepLatest(tx.r, at.user, knownPrefix, maxPrefixes)
	return err
}

// forgive takes a name back that had failed from a prefix. The wider prefix, which
// keeps no names, forgets with time alone.
func forgive(r store.Records, key [32]byte, name uint64) error {
	rec, err := r.Throttle(key)
	if err != nil {
		return err
	}
	n, err := stateOf[throttle.Network](rec)
	if err != nil || !n.Forgive(name) {
		return err
	}
	return setState(r, rec, n)
}
