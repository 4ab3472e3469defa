package rbac

import (
	"context"
	"time"

	"github.com/rbac-go/rbac/internal/throttle"
	"github.com/rbac-go/rbac/store"
)

// Unlock forgets the failed logins of a user, so that unknown clients can log
// in again. Unlock ends no ticket, and known devices and address prefixes stay
// known. A user without failures is left unchanged.
//
// Errors: ErrInvalid for an impossible name; ErrNotFound; ErrUnavailable.
func (a *Authority) Unlock(ctx context.Context, user string) error {
	return a.Update(ctx, func(tx *Tx) error { return tx.Unlock(user) })
}

// Unlock is [Authority.Unlock] in this transaction.
func (tx *Tx) Unlock(user string) error {
	u, err := tx.lockUser(user)
	if err != nil {
		return err
	}
	if err := tx.mayManage(u.ID); err != nil {
		return err
	}
	cleared := 0
	return tx.write(
		func() (err error) { cleared, err = throttle.Clear(tx.r, u.ID); return err },
		func() error {
			if cleared == 0 {
				return nil
			}
			return tx.log(Change{Action: "Unlock", Subject: u.Name, SubjectID: u.ID}, nil, nil)
		})
}

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
// Errors: ErrNoTicket; ErrInvalid for an API key, which need not be held by the
// user; ErrUnavailable.
func (a *Authority) NewDevice(ctx context.Context, t Token) (string, error) {
	secret := newToken().Secret()
	key := throttle.Source{Device: secret}.Key(throttle.KnownDevice)
	err := a.update(ctx, func(r store.Records) error {
		rec, err := a.ticketOf(r, t)
		if err != nil {
			return err
		}
		if rec.Key {
			return invalid("ticket", rec.ID.String(), "", "an API key makes no client known")
		}
		if _, err := r.LockUser(rec.User); err != nil {
			return noTicket(err)
		}
		return throttle.AddDevice(r, key, rec, a.now())
	})
	if err != nil {
		return "", err
	}
	return secret, nil
}

// pace counts a change that a user causes alone, or refuses the change with
// ErrThrottled. The limit is how far ahead of the clock the user may be.
// Choices are refused before logins are: the holder of a ticket must not be
// able to keep the user from logging in.
func (tx *Tx) pace(u store.UserRecord, limit time.Duration) error {
	if err := checkPace(u, tx.now, limit); err != nil {
		return err
	}
	return tx.countPaced(u)
}

// checkPace refuses a change as pace does, and counts nothing.
func checkPace(u store.UserRecord, now time.Time, limit time.Duration) error {
	if wait := throttle.PaceWait(u.PacedUntil, now, limit); wait > 0 {
		return &ThrottledError{RetryAfter: wait}
	}
	return nil
}

// countPaced counts a change, such as the end of a ticket, and refuses nothing.
func (tx *Tx) countPaced(u store.UserRecord) error {
	return tx.r.SetPacedUntil(u.ID, throttle.Pace(u.PacedUntil, tx.now))
}
