package rbac

import (
	"context"
	"slices"
	"time"

	"github.com/rbac-go/rbac/store"
)

// NewDevice makes the client of a ticket known for its user, and returns the
// secret that this client shows in [Login].Device at its next login: 256 random
// bits, of which the store keeps only a hash. Package httpguard calls NewDevice
// after each successful login and keeps the secret in a cookie of its own; hosts
// with a login page of their own do so, too.
//
// A device lasts 400 days, or until the login that shows it has succeeded, and
// ends when the user's password is set. A user has at most ten; one more ends the
// oldest. A ticket has one: a second call ends the device of the first, and
// inherits its failures.
//
// Keep the secret where scripts cannot read it. It is no login: it lets its client
// try passwords while strangers are shut out.
//
// Errors: ErrNoTicket; ErrUnavailable.
func (a *Authority) NewDevice(ctx context.Context, t Token) (string, error) {
	secret := newToken().Secret()
	err := a.update(ctx, func(r store.Records) error {
		rec, err := a.ticketOf(r, t)
		if err != nil {
			return err
		}
		if _, err := r.LockUser(rec.User); err != nil {
			return noTicket(err)
		}
		return addDevice(r, deviceKey(secret), rec, a.now())
	})
	if err != nil {
		return "", err
	}
	return secret, nil
}

// addDevice adds the device of a ticket, in a transaction that has locked the user.
func addDevice(r store.Records, key [32]byte, t store.Ticket, now time.Time) error {
	devices, err := keepLatest(r, t.User, knownDevice, maxDevices)
	if err != nil {
		return err
	}
	fresh := budget{Client: knownDevice, Ticket: &t.ID}
	ofTicket := func(rec store.Throttle) bool {
		b, err := stateOf[budget](rec)
		return err == nil && b.Ticket != nil && *b.Ticket == t.ID
	}
	if i := slices.IndexFunc(devices, ofTicket); i >= 0 {
		// Read again under its lock: an attempt with the old device that is under
		// way will find nothing to count in, so it counts as failed.
		old, err := r.Throttle(devices[i].Key)
		if err != nil {
			return err
		}
		b, err := stateOf[budget](old)
		if err != nil {
			return err
		}
		fresh.Failures = b.Failures + len(b.Reserved)
		if err := forget(r, old.Key); err != nil {
			return err
		}
	} else if len(devices) == maxDevices {
		if err := forget(r, devices[maxDevices-1].Key); err != nil {
			return err
		}
	}
	return setState(r, store.Throttle{Key: key, User: t.User, Last: now, Until: instant(now.Add(deviceLasts))}, fresh)
}
