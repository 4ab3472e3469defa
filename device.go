package rbac

import (
	"context"
	"slices"
	"time"

	"github.com/rbac-go/rbac/internal/throttle"
	"github.com/rbac-go/rbac/store"
)

// NewDevice makes the client of a ticket known for its user, and returns the
// secret that the client shows in [Login].Device at the next login: 256 random
// bits, of which the store keeps only a hash. Package httpguard calls NewDevice
// after each successful login and keeps the secret in a cookie of its own.
// Hosts with their own login page do the same.
//
// A device lasts 400 days, or until a login that shows the device has
// succeeded, and ends when the user's password is set. A user has at most ten
// devices; the eleventh ends the oldest. A ticket has a single device: a second
// call ends the first device, and the new device inherits the failures of the
// first.
//
// Keep the secret where scripts cannot read it. A device is no login: the
// device lets its client try passwords while strangers are shut out.
//
// Errors: ErrNoTicket; ErrUnavailable.
func (a *Authority) NewDevice(ctx context.Context, t Token) (string, error) {
	secret := newToken().Secret()
	key := throttle.Source{Device: secret}.Key(throttle.KnownDevice)
	err := a.update(ctx, func(r store.Records) error {
		rec, err := a.ticketOf(r, t)
		if err != nil {
			return err
		}
		if _, err := r.LockUser(rec.User); err != nil {
			return noTicket(err)
		}
		return addDevice(r, key, rec, a.now())
	})
	if err != nil {
		return "", err
	}
	return secret, nil
}

// addDevice adds the device of a ticket, in a transaction that has locked the
// user.
func addDevice(r store.Records, key [32]byte, t store.Ticket, now time.Time) error {
	devices, err := keepLatest(r, t.User, throttle.KnownDevice, throttle.MaxDevices)
	if err != nil {
		return err
	}
	fresh := throttle.Record{Client: throttle.KnownDevice, Ticket: &t.ID}
	ofTicket := func(row store.Throttle) bool {
		rec, err := decode[throttle.Record](row)
		return err == nil && rec.Ticket != nil && *rec.Ticket == t.ID
	}
	if i := slices.IndexFunc(devices, ofTicket); i >= 0 {
		// Read again under the row's lock. An attempt under way with the old
		// device will find no row to count in, and counts as failed.
		row, err := r.Throttle(devices[i].Key)
		if err != nil {
			return err
		}
		old, err := decode[throttle.Record](row)
		if err != nil {
			return err
		}
		fresh.Failures = old.Failures + len(old.Reserved)
		if err := forget(r, row.Key); err != nil {
			return err
		}
	} else if len(devices) == throttle.MaxDevices {
		if err := forget(r, devices[throttle.MaxDevices-1].Key); err != nil {
			return err
		}
	}
	until := instant(now.Add(throttle.DeviceLasts))
	return setState(r, store.Throttle{Key: key, User: t.User, Last: now, Until: until}, fresh)
}
