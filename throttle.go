package rbac

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/internal/throttle"
	"github.com/rbac-go/rbac/store"
)

// Failures in a row are counted against a budget:
//
//   - of the device, if the client shows a device of the user (NewDevice);
//   - else of the address prefix, if a login for the user succeeded from it
//     within 30 days;
//   - else of the name. All unknown clients share the budget of the name.
//
// ChangePassword has a separate budget for each user. An attempt reserves a
// place in the budget before the password is verified, so neither parallel
// attempts nor clients that hang up are free. Names without a user are counted
// in the same way, so being throttled does not reveal whether there is an
// account. A name that opens again does reveal a user, who has logged in.

// locate finds the user and how the client is known, and refuses an attempt if
// the budget has no place.
func (at *attempt) locate(r store.Records, now time.Time) error {
	u, err := at.find(r)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	at.source.User = u.ID
	if at.client, err = at.recognize(r, now); err != nil {
		return err
	}
	at.key = at.source.Key(at.client)
	_, err = at.count(r, now)
	return err
}

// recognize returns how the client is known.
func (at *attempt) recognize(r store.ThrottleRecords, now time.Time) (throttle.Client, error) {
	if at.holder != uuid.Nil && at.holder == at.source.User {
		return throttle.TicketHolder, nil
	}
	for _, c := range []throttle.Client{throttle.KnownDevice, throttle.KnownPrefix} {
		row, err := r.Throttle(at.source.Key(c))
		if err != nil {
			return "", err
		}
		if known, err := at.known(row, c, now); known || err != nil {
			return c, err
		}
	}
	return throttle.Unknown, nil
}

// known reports whether a row makes a client known for the attempt's user.
func (at *attempt) known(row store.Throttle, c throttle.Client, now time.Time) (bool, error) {
	rec, err := decode[throttle.Record](row)
	owned := row.User != uuid.Nil && row.User == at.source.User
	return owned && now.Before(row.Until) && rec.Known(c), err
}

// reserve reserves a place for the attempt and returns the user, or the zero
// user for an unknown name.
func (at *attempt) reserve(r store.Records, now time.Time) (store.UserRecord, error) {
	u, err := at.find(r)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return u, err
	}
	if u.ID != at.source.User {
		return u, errReserved // added, deleted or renamed meanwhile: look again
	}
	c, err := at.count(r, now)
	if err != nil {
		return u, err
	}
	at.mark = c.budget.Reserve(now)
	if c.networks.Attempt(now) {
		if err := c.writeNetworks(r, now); err != nil {
			return u, err
		}
	}
	return u, at.writeBudget(r, c, now)
}

// settle ends an attempt without a ticket: as a failure, or by giving the place
// back. The end of ctx makes no difference: a client cannot avoid the count by
// hanging up.
func (at *attempt) settle(ctx context.Context, failed bool) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()
	return at.a.update(ctx, func(r store.Records) error {
		now := at.a.now()
		// For a name without a user, the zero id is looked up, which takes as
		// long.
		_, err := r.User(at.source.User)
		if errors.Is(err, ErrNotFound) && at.source.User != uuid.Nil {
			return nil // deleted, and the user's records with them
		}
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		c, err := at.read(r)
		if err != nil {
			return err
		}
		if c.row.State == "" && at.client.Known() {
			return nil // the row of a known client ended meanwhile
		}
		c.budget.Settle(at.mark, failed, now)
		if failed && at.countsNetworks() {
			c.networks.Fail(at.source.NameMark(), now)
			if err := c.writeNetworks(r, now); err != nil {
				return err
			}
		}
		return at.writeBudget(r, c, now)
	})
}

// succeed clears the failures of the client and of the name, and makes the
// address prefix known. A device is good for a single login: NewDevice makes
// the next.
func (tx *Tx) succeed(at *attempt) error {
	now := tx.now
	steps := map[[32]byte]func() error{}
	forgets := func(key [32]byte) { steps[key] = func() error { return forget(tx.r, key) } }
	forgets(at.source.Key(throttle.Unknown))
	forgets(at.source.Key(throttle.TicketHolder))
	if at.client == throttle.KnownDevice {
		forgets(at.key)
	}
	if at.login.Addr.IsValid() {
		row := store.Throttle{Key: at.source.Key(throttle.KnownPrefix), User: at.source.User,
			Last: now, Until: instant(now.Add(throttle.PrefixLasts))}
		steps[row.Key] = func() error {
			return setState(tx.r, row, throttle.Record{Client: throttle.KnownPrefix})
		}
		if at.sprayed {
			near, _ := at.source.NetworkKeys()
			steps[near] = func() error { return forgive(tx.r, near, at.source.NameMark()) }
		}
	}
	// In the order of the keys, in which all transactions lock rows.
	keys := make([][32]byte, 0, len(steps))
	for key := range steps {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, compareKeys)
	for _, key := range keys {
		if err := steps[key](); err != nil {
			return err
		}
	}
	if at.client == throttle.KnownPrefix {
		return nil
	}
	_, err := keepLatest(tx.r, at.source.User, throttle.KnownPrefix, throttle.MaxPrefixes)
	return err
}

// forgive takes back a name after failures from a prefix. The wider prefix
// keeps no names and forgets with time alone.
func forgive(r store.ThrottleRecords, key [32]byte, name uint64) error {
	row, err := r.Throttle(key)
	if err != nil {
		return err
	}
	n, err := decode[throttle.Network](row)
	if err != nil || !n.Forgive(name) {
		return err
	}
	return setState(r, row, n)
}

// countsNetworks reports whether failures count against the address prefixes.
func (at *attempt) countsNetworks() bool {
	return at.client == throttle.Unknown && at.login.Addr.IsValid()
}

// A tally is the rows that count an attempt, with their states.
type tally struct {
	row, near, wide store.Throttle
	budget          throttle.Record
	networks        throttle.Networks
}

// count reads the rows of an attempt, and refuses the attempt if the budget has
// no place.
func (at *attempt) count(r store.ThrottleRecords, now time.Time) (tally, error) {
	c, err := at.read(r)
	if err != nil {
		return c, err
	}
	limit := throttle.KnownFailures
	if at.client == throttle.Unknown {
		limit = at.a.cfg.MaxFailures
		if wait := c.networks.Wait(now); wait > 0 {
			return c, &ThrottledError{RetryAfter: wait}
		}
		at.sprayed = slices.Contains(c.networks.Near.Names, at.source.NameMark())
	}
	if at.client.Known() {
		if known, err := at.known(c.row, at.client, now); err != nil || !known {
			return c, cmp.Or(err, error(errReserved)) // unknown by now: look again
		}
	}
	switch c.budget.Place(now, limit) {
	case throttle.Spent:
		return c, &ThrottledError{}
	case throttle.Taken:
		return c, errReserved
	}
	return c, nil
}

// read reads the rows of an attempt. In an Update, read locks the rows, in the
// order of the keys.
func (at *attempt) read(r store.ThrottleRecords) (c tally, err error) {
	c.row.Key = at.key
	rows := []*store.Throttle{&c.row}
	if at.countsNetworks() {
		c.near.Key, c.wide.Key = at.source.NetworkKeys()
		rows = append(rows, &c.near, &c.wide)
	}
	slices.SortFunc(rows, func(a, b *store.Throttle) int { return compareKeys(a.Key, b.Key) })
	for _, row := range rows {
		if *row, err = r.Throttle(row.Key); err != nil {
			return c, err
		}
	}
	var err1, err2, err3 error
	c.budget, err1 = decode[throttle.Record](c.row)
	c.networks.Near, err2 = decode[throttle.Network](c.near)
	c.networks.Wide, err3 = decode[throttle.Network](c.wide)
	return c, errors.Join(err1, err2, err3)
}

// never is later than every attempt.
var never = time.Date(10000, time.January, 1, 0, 0, 0, 0, time.UTC)

// writeBudget writes the budget of the client, or deletes a budget without
// failures and reservations.
func (at *attempt) writeBudget(r store.ThrottleRecords, c tally, now time.Time) error {
	c.budget.Client = at.client
	switch {
	case at.client == throttle.KnownPrefix && c.budget.Failures >= throttle.KnownFailures:
		return forget(r, at.key) // unknown from now on
	case at.client.Known():
		return setState(r, c.row, c.budget)
	}
	c.row.User, c.row.Last, c.row.Until = at.source.User, now, never
	switch {
	case c.budget.Failures > 0:
	case len(c.budget.Reserved) > 0:
		c.row.Until = instant(now.Add(throttle.MaxAttempt))
	default:
		return forget(r, at.key)
	}
	return setState(r, c.row, c.budget)
}

func (c tally) writeNetworks(r store.ThrottleRecords, now time.Time) error {
	until := instant(now.Add(throttle.Forget))
	c.near.Last, c.near.Until = now, until
	c.wide.Last, c.wide.Until = now, until
	if err := setState(r, c.near, c.networks.Near); err != nil {
		return err
	}
	return setState(r, c.wide, c.networks.Wide)
}

func compareKeys(a, b [32]byte) int { return bytes.Compare(a[:], b[:]) }

// keepLatest deletes all but the latest known clients of a kind, and returns
// the rest, the latest first.
func keepLatest(r store.ThrottleRecords, user uuid.UUID, kind throttle.Client, most int) (
	[]store.Throttle, error) {
	rows, err := r.UserThrottles(user)
	if err != nil {
		return nil, err
	}
	var faults []error
	rows = slices.DeleteFunc(rows, func(row store.Throttle) bool {
		rec, err := decode[throttle.Record](row)
		faults = append(faults, err)
		return rec.Client != kind
	})
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	slices.SortStableFunc(rows, func(a, b store.Throttle) int { return b.Last.Compare(a.Last) })
	for _, row := range rows[min(most, len(rows)):] {
		if err := forget(r, row.Key); err != nil {
			return nil, err
		}
	}
	return rows[:min(most, len(rows))], nil
}

// forget deletes a row. A missing row is no error.
func forget(r store.ThrottleRecords, key [32]byte) error {
	return ignore(r.DeleteThrottle(key), ErrNotFound)
}

// decode returns the state in a row, or the zero state if the row is not
// stored.
func decode[T any](row store.Throttle) (state T, err error) {
	if row.State == "" {
		return state, nil
	}
	if err := json.Unmarshal([]byte(row.State), &state); err != nil {
		return state, fmt.Errorf("%w: a count of failed logins is unreadable: %w", ErrUnavailable, err)
	}
	return state, nil
}

// setState writes a row with a state.
func setState(r store.ThrottleRecords, row store.Throttle, state any) error {
	text, err := json.Marshal(state)
	if err != nil {
		return err
	}
	row.State = string(text)
	return r.SetThrottle(row)
}
