package rbac

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/internal/replica"
	"github.com/rbac-go/rbac/store"
)

// HashPassword checks a password against the policy of the Config and returns its
// hash, for SetPasswordHash in an Update: so a user and their password are made together.
// It takes its place in the queue of hashes among the known clients, with others that
// have no address: to import many users, hash one at a time or wait after ErrBusy.
//
// Errors: ErrInvalid with the reason; ErrBusy; ErrUnavailable.
func (a *Authority) HashPassword(ctx context.Context, password string) (string, error) {
	if a.background.closed.Load() {
		return "", replica.ErrStopped
	}
	if err := a.cfg.checkPassword(password); err != nil {
		return "", err
	}
	release, err := a.hashPlace(ctx, netip.Addr{}, true)
	if err != nil {
		return "", err
	}
	defer release()
	return a.hasher.hash(password)
}

// SetPassword gives a user a password, as an administrator does, and ends all the user's tickets.
//
// Errors: those of HashPassword; ErrNotFound; ErrUnavailable.
func (a *Authority) SetPassword(ctx context.Context, user, password string) error {
	hash, err := a.HashPassword(ctx, password)
	if err != nil {
		return err
	}
	return a.Update(ctx, func(tx *Tx) error { return tx.SetPasswordHash(user, hash) })
}

// ChangePassword is for users: it verifies the old password, sets the new one, ends
// all the user's tickets and devices, API keys too, and returns a new ticket in place
// of the caller's. Failures are counted as those of a login are, apart from these: after
// 100 in a row the user's tickets can change no password until the user has logged in
// with it, or [Authority.Unlock] is called.
//
// Errors: ErrNoTicket; ErrInvalid for the new password; ErrBadCredentials for the old
// one; ErrThrottled, ErrBusy and ErrUnavailable as for Login. After an error the caller's ticket is as it was.
func (a *Authority) ChangePassword(ctx context.Context, t Token, old, new string) (Token, error) {
	fresh, u, err := a.changePassword(ctx, t, old, new)
	attrs := []any{"user", u.Name}
	switch {
	case err == nil:
		a.log.InfoContext(ctx, "rbac: password changed", attrs...)
	case errors.Is(err, ErrUnavailable):
		a.log.ErrorContext(ctx, "rbac: password change failed", append(attrs, "error", err)...)
	default:
		a.log.WarnContext(ctx, "rbac: password change refused", append(attrs, "error", err)...)
	}
	return fresh, err
}

func (a *Authority) changePassword(ctx context.Context, t Token, old, new string) (Token, store.UserRecord, error) {
	var rec store.Ticket
	var u store.UserRecord
	err := a.view(ctx, func(r store.Records) (err error) {
		if rec, err = a.ticketOf(r, t); err != nil {
			return err
		}
		if u, err = r.User(rec.User); err != nil {
			return noTicket(err)
		}
		// Before any hash is computed: a call that is refused later counts nothing.
		return checkPace(u, a.now(), paceLogins)
	})
	if err != nil {
		return Token{}, u, err
	}
	if err := a.cfg.checkPassword(new); err != nil {
		return Token{}, u, err
	}
	addr, _ := netip.ParseAddr(rec.Addr)
	at := a.newAttempt(Login{User: u.Name, Password: old, Addr: addr})
	at.ticket = u.ID
	var hash string
	v, err := a.authenticate(ctx, at, func() (err error) {
		hash, err = a.hasher.hash(new)
		return err
	})
	if err != nil {
		return Token{}, u, err
	}
	fresh, err := a.replacePassword(ctx, t, v.user, hash, at)
	if err != nil {
		return Token{}, u, a.giveUp(ctx, at, err)
	}
	return fresh, u, nil
}

// replacePassword sets the hash of a user whose password was verified, and makes the new ticket.
func (a *Authority) replacePassword(ctx context.Context, t Token, before store.UserRecord, hash string, at *attempt) (Token, error) {
	fresh := newToken()
	err := a.Update(ctx, func(tx *Tx) error {
		u, err := tx.r.LockUser(before.ID)
		if err != nil {
			return noTicket(err)
		}
		if u.Disabled || u.PasswordHash != before.PasswordHash {
			return ErrBadCredentials
		}
		if err := tx.pace(u, paceLogins); err != nil {
			return err
		}
		rec, err := a.ticketOf(tx.r, t)
		if err != nil {
			return err
		}
		if rec.User != u.ID {
			return ErrNoTicket
		}
		if tx.actor.name == "" {
			tx.actor = actor{name: u.Name, verified: true}
		}
		if err := tx.write(
			func() error { return tx.setPasswordHash(User(u.User), hash) },
			func() error { return tx.succeed(at) }); err != nil {
			return err
		}
		rec, err = renewed(rec, fresh, tx.now, a.cfg.AbsoluteLimit)
		if err != nil {
			return err
		}
		return tx.r.AddTicket(rec)
	})
	if err != nil {
		return Token{}, err
	}
	return fresh, nil
}

// renewed returns a ticket like t with a new secret, made now. One that was to end
// early, or an API key, ends when it was to.
func renewed(t store.Ticket, secret Token, now time.Time, limit time.Duration) (store.Ticket, error) {
	id, err := uuid.NewV7()
	if !t.Key && t.Expires.Equal(instant(t.Created.Add(limit))) {
		t.Expires = instant(now.Add(limit))
	}
	t.ID, t.Hash, t.Created, t.LastSeen = id, secret.hash(), now, now
	return t, err
}
