package throttle

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/store"
)

// An Attempt is one try to prove a password. Failures in a row are counted
// against a budget:
//
//   - of the device, if the client shows a device of the user;
//   - else of the address prefix, if a login for the user succeeded from the
//     prefix within 30 days;
//   - else of the name. All unknown clients share the budget of the name.
//
// A [TicketHolder] has a separate budget for each user. An Attempt reserves a
// place in the budget before the password is verified, so neither parallel
// attempts nor clients that hang up are free. Names without a user are counted
// in the same way, so being throttled does not reveal whether there is an
// account. A name that opens again does reveal a user, who has logged in.
//
// The caller calls Locate in a View or an Update, Reserve in an Update, and
// after the verification Succeed or Settle in an Update.
type Attempt struct {
	Source                // User is set by Locate
	Holder      uuid.UUID // user of the caller's living ticket; zero: none
	MaxFailures int       // of all unknown clients of a name together

	Client  Client // how the client is known; set by Locate
	key     [32]byte
	sprayed bool  // the name is on the list of the address prefix
	mark    int64 // of the reservation
}

// ErrTaken is the error of Locate and Reserve if attempts under way have all
// places of the budget, or if the user or client was changed meanwhile.
var ErrTaken = fmt.Errorf("%w: other attempts for the same name are under way", store.ErrBusy)

// Refusal is the error of Locate and Reserve after too many failures. Wait is
// the time until the next attempt, or zero if waiting does not help.
type Refusal struct{ Wait time.Duration }

// Error names the reason. Callers make an error of their own.
func (Refusal) Error() string { return "too many failures" }

// Locate finds out how the client is known to a user, who is zero for an
// unknown name, and refuses an attempt if the budget has no place.
func (a *Attempt) Locate(r store.ThrottleRecords, user uuid.UUID, now time.Time) (err error) {
	a.User = user
	if a.Client, err = a.recognize(r, now); err != nil {
		return err
	}
	a.key = a.Key(a.Client)
	_, err = a.count(r, now)
	return err
}

// recognize returns how the client is known.
func (a *Attempt) recognize(r store.ThrottleRecords, now time.Time) (Client, error) {
	if a.Holder != uuid.Nil && a.Holder == a.User {
		return TicketHolder, nil
	}
	for _, c := range []Client{KnownDevice, KnownPrefix} {
		row, err := r.Throttle(a.Key(c))
		if err != nil {
			return "", err
		}
		if known, err := a.known(row, c, now); known || err != nil {
			return c, err
		}
	}
	return Unknown, nil
}

// known reports whether a row makes a client known for the attempt's user.
func (a *Attempt) known(row store.Throttle, c Client, now time.Time) (bool, error) {
	rec, err := decode[record](row)
	owned := row.User != uuid.Nil && row.User == a.User
	return owned && now.Before(row.Until) && rec.Known(c), err
}

// Reserve reserves a place for the attempt, for the user who has the name now.
func (a *Attempt) Reserve(r store.ThrottleRecords, user uuid.UUID, now time.Time) error {
	if user != a.User {
		return ErrTaken // added, deleted or renamed meanwhile: look again
	}
	c, err := a.count(r, now)
	if err != nil {
		return err
	}
	a.mark = c.budget.Reserve(now)
	if c.networks.Attempt(now) {
		if err := c.writeNetworks(r, now); err != nil {
			return err
		}
	}
	return a.writeBudget(r, c, now)
}

// Settle ends an attempt without success: as a failure, or by giving the place
// back.
func (a *Attempt) Settle(r store.ThrottleRecords, failed bool, now time.Time) error {
	c, err := a.read(r)
	if err != nil {
		return err
	}
	if c.row.State == "" && a.Client.Known() {
		return nil // the row of a known client ended meanwhile
	}
	c.budget.Settle(a.mark, failed, now)
	if failed && a.countsNetworks() {
		c.networks.Fail(a.NameMark(), now)
		if err := c.writeNetworks(r, now); err != nil {
			return err
		}
	}
	return a.writeBudget(r, c, now)
}

// Succeed clears the failures of the client and of the name, and makes the
// address prefix known. A device is good for a single success: AddDevice makes
// the next.
func (a *Attempt) Succeed(r store.ThrottleRecords, now time.Time) error {
	steps := map[[32]byte]func() error{}
	forgets := func(key [32]byte) { steps[key] = func() error { return forget(r, key) } }
	forgets(a.Key(Unknown))
	forgets(a.Key(TicketHolder))
	if a.Client == KnownDevice {
		forgets(a.key)
	}
	if a.located() {
		row := store.Throttle{Key: a.Key(KnownPrefix), User: a.User, Last: now, Until: now.Add(prefixLasts)}
		steps[row.Key] = func() error { return setState(r, row, record{Client: KnownPrefix}) }
		if a.sprayed {
			near, _ := a.NetworkKeys()
			steps[near] = func() error { return forgive(r, near, a.NameMark()) }
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
	if a.Client == KnownPrefix {
		return nil
	}
	_, err := keepLatest(r, a.User, KnownPrefix, maxPrefixes)
	return err
}

// countsNetworks reports whether failures count against the address prefixes.
func (a *Attempt) countsNetworks() bool { return a.Client == Unknown && a.located() }

// A tally is the rows that count an attempt, with their states.
type tally struct {
	row, near, wide store.Throttle
	budget          record
	networks        networks
}

// count reads the rows of an attempt, and refuses the attempt if the budget has
// no place.
func (a *Attempt) count(r store.ThrottleRecords, now time.Time) (tally, error) {
	c, err := a.read(r)
	if err != nil {
		return c, err
	}
	limit := knownFailures
	if a.Client == Unknown {
		limit = a.MaxFailures
		if wait := c.networks.Wait(now); wait > 0 {
			return c, Refusal{wait}
		}
		a.sprayed = slices.Contains(c.networks.Near.Names, a.NameMark())
	}
	if a.Client.Known() {
		known, err := a.known(c.row, a.Client, now)
		if err != nil {
			return c, err
		}
		if !known {
			return c, ErrTaken // unknown by now: look again
		}
	}
	switch c.budget.place(now, limit) {
	case spent:
		return c, Refusal{}
	case taken:
		return c, ErrTaken
	}
	return c, nil
}

// read reads the rows of an attempt. In an Update, read locks the rows, in the
// order of the keys.
func (a *Attempt) read(r store.ThrottleRecords) (c tally, err error) {
	c.row.Key = a.key
	rows := []*store.Throttle{&c.row}
	if a.countsNetworks() {
		c.near.Key, c.wide.Key = a.NetworkKeys()
		rows = append(rows, &c.near, &c.wide)
	}
	slices.SortFunc(rows, func(a, b *store.Throttle) int { return compareKeys(a.Key, b.Key) })
	for _, row := range rows {
		if *row, err = r.Throttle(row.Key); err != nil {
			return c, err
		}
	}
	var err1, err2, err3 error
	c.budget, err1 = decode[record](c.row)
	c.networks.Near, err2 = decode[network](c.near)
	c.networks.Wide, err3 = decode[network](c.wide)
	return c, errors.Join(err1, err2, err3)
}

// never is later than every failure.
var never = time.Date(10000, time.January, 1, 0, 0, 0, 0, time.UTC)

// writeBudget writes the budget of the client, or deletes a budget without
// failures and reservations.
func (a *Attempt) writeBudget(r store.ThrottleRecords, c tally, now time.Time) error {
	c.budget.Client = a.Client
	switch {
	case a.Client == KnownPrefix && c.budget.Failures >= knownFailures:
		return forget(r, a.key) // unknown from now on
	case a.Client.Known():
		return setState(r, c.row, c.budget)
	}
	c.row.User, c.row.Last, c.row.Until = a.User, now, never
	switch {
	case c.budget.Failures > 0:
	case len(c.budget.Reserved) > 0:
		c.row.Until = now.Add(maxAttempt)
	default:
		return forget(r, a.key)
	}
	return setState(r, c.row, c.budget)
}

func (c tally) writeNetworks(r store.ThrottleRecords, now time.Time) error {
	until := now.Add(forgetAfter)
	c.near.Last, c.near.Until = now, until
	c.wide.Last, c.wide.Until = now, until
	if err := setState(r, c.near, c.networks.Near); err != nil {
		return err
	}
	return setState(r, c.wide, c.networks.Wide)
}

// forgive takes back a name after failures from a prefix. The wider prefix
// keeps no names and forgets with time alone.
func forgive(r store.ThrottleRecords, key [32]byte, name uint64) error {
	row, err := r.Throttle(key)
	if err != nil {
		return err
	}
	n, err := decode[network](row)
	if err != nil || !n.Forgive(name) {
		return err
	}
	return setState(r, row, n)
}

func compareKeys(a, b [32]byte) int { return bytes.Compare(a[:], b[:]) }
