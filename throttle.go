package rbac

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/internal/throttle"
	"github.com/rbac-go/rbac/store"
)

// A client is what an attempt is counted by.
type client string

const (
	unknownClient client = "name"
	knownPrefix   client = "prefix"
	knownDevice   client = "device"
	ticketHolder  client = "ticket"
)

const (
	knownFailures = 100                  // in a row make a known client unknown (NIST SP 800-63B-4 §3.2.2)
	knownFor      = 30 * 24 * time.Hour  // a prefix after its last success
	deviceLasts   = 400 * 24 * time.Hour // as long as browsers keep a cookie
	maxPrefixes   = 50                   // known prefixes of one user
	maxDevices    = 10                   // known devices of one user

	freeNear, freeWide = 20, 100 // names that may fail from one prefix without a delay
	otherThrottles     = 100_000 // records of names without a user, and of prefixes

	takenWait  = 100 * time.Millisecond
	takenTries = 20 // an attempt waits for 2 s while others have all places reserved
)

// errReserved: attempts under way have all places of the budget.
var errReserved = fmt.Errorf("%w: other attempts for the same name are under way", ErrBusy)

// budget is the State of a record that counts failures in a row.
type budget struct {
	Client client     `json:"client"`
	Ticket *uuid.UUID `json:"ticket,omitempty"` // of a device: the ticket that it was made with
	throttle.Budget
}

// throttleKey hashes, so that the table neither grows with long names nor shows
// what somebody typed as a name.
func throttleKey(kind client, parts ...string) [32]byte {
	h := sha256.New()
	fmt.Fprintf(h, "%s", kind)
	for _, part := range parts {
		fmt.Fprintf(h, "\x00%d\x00%s", len(part), part)
	}
	return [32]byte(h.Sum(nil))
}

// keyFor is the key of the budget that a client of the attempt's user has.
func (at *attempt) keyFor(c client) [32]byte {
	owner := "name " + at.name
	if at.user != uuid.Nil {
		owner = "user " + at.user.String()
	}
	switch c {
	case knownDevice:
		return deviceKey(at.login.Device)
	case knownPrefix:
		return throttleKey(knownPrefix, owner, addrPrefix(at.login.Addr).String())
	}
	return throttleKey(c, owner)
}

func deviceKey(secret string) [32]byte { return throttleKey(knownDevice, secret) }

// networkKeys are those of the two prefixes by which spraying is counted: the
// client's own, and the wider one of its site or provider.
func (at *attempt) networkKeys() (near, wide [32]byte) {
	p := placePrefixes(at.login.Addr)
	return throttleKey("network", p[2].String()), throttleKey("network", p[0].String())
}

// counters are the records that an attempt counts in.
type counters struct {
	rec       store.Throttle
	budget    budget
	near      store.Throttle
	wide      store.Throttle
	nearNames throttle.Network
	wideNames throttle.Network
}

// read reads the records of an attempt, and locks them in an Update, in the
// order of their keys.
func (at *attempt) read(r store.Records) (c counters, err error) {
	c.rec.Key = at.key
	records := []*store.Throttle{&c.rec}
	if at.client == unknownClient && at.login.Addr.IsValid() {
		c.near.Key, c.wide.Key = at.networkKeys()
		records = append(records, &c.near, &c.wide)
	}
	slices.SortFunc(records, func(a, b *store.Throttle) int { return bytes.Compare(a.Key[:], b.Key[:]) })
	for _, rec := range records {
		if *rec, err = r.Throttle(rec.Key); err != nil {
			return c, err
		}
	}
	var err1, err2, err3 error
	c.budget, err1 = stateOf[budget](c.rec)
	c.nearNames, err2 = stateOf[throttle.Network](c.near)
	c.wideNames, err3 = stateOf[throttle.Network](c.wide)
	return c, errors.Join(err1, err2, err3)
}

// take reads the records of an attempt and refuses the attempt if there is no
// place for it.
func (at *attempt) take(r store.Records, now time.Time) (counters, error) {
	c, err := at.read(r)
	if err != nil {
		return c, err
	}
	limit := knownFailures
	switch at.client {
	case unknownClient:
		limit = at.limit
		wait := max(c.nearNames.Wait(now, freeNear), c.wideNames.Wait(now, freeWide))
		if wait > 0 {
			return c, &ThrottledError{RetryAfter: wait}
		}
		at.sprayed = slices.Contains(c.nearNames.Names, at.nameMark())
	case knownDevice, knownPrefix:
		if known, err := at.known(c.rec, at.client, now); err != nil || !known {
			return c, cmp.Or(err, error(errReserved)) // the client is unknown by now: look again
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

// write writes the budget.
func (at *attempt) write(r store.Records, c counters, now time.Time) error {
	c.budget.Client = at.client
	switch at.client {
	case unknownClient, ticketHolder:
		c.rec.User, c.rec.Last, c.rec.Until = at.user, now, never
		switch {
		case c.budget.Failures > 0:
		case len(c.budget.Reserved) > 0:
			c.rec.Until = instant(now.Add(throttle.MaxAttempt))
		default:
			return forget(r, at.key)
		}
	case knownPrefix:
		if c.budget.Failures >= knownFailures {
			return forget(r, at.key) // unknown from now on
		}
	}
	return setState(r, c.rec, c.budget)
}

func (at *attempt) writeNetworks(r store.Records, c counters, now time.Time) error {
	for _, n := range []struct {
		rec   store.Throttle
		names throttle.Network
	}{{c.near, c.nearNames}, {c.wide, c.wideNames}} {
		n.rec.Last, n.rec.Until = now, instant(now.Add(throttle.Forget))
		if err := setState(r, n.rec, n.names); err != nil {
			return err
		}
	}
	return nil
}

// keepLatest ends all but the latest known clients of one kind, and returns
// those that are left, the latest first.
func keepLatest(r store.Records, user uuid.UUID, kind client, most int) ([]store.Throttle, error) {
	records, err := r.UserThrottles(user)
	if err != nil {
		return nil, err
	}
	var faults []error
	records = slices.DeleteFunc(records, func(rec store.Throttle) bool {
		b, err := stateOf[budget](rec)
		faults = append(faults, err)
		return b.Client != kind
	})
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	slices.SortStableFunc(records, func(a, b store.Throttle) int { return b.Last.Compare(a.Last) })
	for _, rec := range records[min(most, len(records)):] {
		if err := forget(r, rec.Key); err != nil {
			return nil, err
		}
	}
	return records[:min(most, len(records))], nil
}

func forget(r store.Records, key [32]byte) error {
	if err := r.DeleteThrottle(key); !errors.Is(err, ErrNotFound) {
		return err
	}
	return nil
}

func stateOf[T any](rec store.Throttle) (state T, err error) {
	if rec.State == "" {
		return state, nil
	}
	if err := json.Unmarshal([]byte(rec.State), &state); err != nil {
		return state, fmt.Errorf("%w: a count of failed logins is unreadable: %w", ErrUnavailable, err)
	}
	return state, nil
}

func setState(r store.Records, rec store.Throttle, state any) error {
	text, err := json.Marshal(state)
	if err != nil {
		return err
	}
	rec.State = string(text)
	return r.SetThrottle(rec)
}
