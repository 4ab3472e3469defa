package rbac

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"github.com/google/uuid"
)

// HashPassword checks a password against the policy of the Config and returns its
// hash, for SetPasswordHash in an Update: so a user and their password are made together.
// It takes its place in the queue of hashes among those without a client's address, who
// have half of it: to import many users, hash one at a time or wait after ErrBusy.
//
// Errors: ErrInvalid with the reason; ErrBusy; ErrUnavailable.
func (a *Authority) HashPassword(ctx context.Context, password string) (string, error) {
	if a.closed.Load() {
		return "", errClosed
	}
	if err := a.cfg.checkPassword(password); err != nil {
		return "", err
	}
	release, err := a.hashPlace(ctx, netip.Addr{})
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

// ChangePassword is for users: it verifies the old password, counted like a login,
// sets the new one, ends all the user's tickets, API keys too, and returns a new ticket
// in place of the caller's.
//
// Errors: ErrNoTicket; ErrInvalid for the new password; ErrBadCredentials for the old
// one; ErrThrottled, ErrBusy and ErrUnavailable as for Login. After an error the caller's ticket is as it was.
func (a *Authority) ChangePassword(ctx context.Context, t Token, old, new string) (Token, error) {
	var rec TicketRecord
	var u UserRecord
	err := a.view(ctx, func(r Records) (err error) {
		if rec, err = a.ticketOf(r, t); err != nil {
			return err
		}
		u, err = r.User(rec.User)
		return noTicket(err)
	})
	if err != nil {
		return Token{}, err
	}
	if err := a.cfg.checkPassword(new); err != nil {
		return Token{}, err
	}
	addr, _ := netip.ParseAddr(rec.Addr)
	var hash string
	v, err := a.authenticate(ctx, Login{User: u.Name, Password: old, Addr: addr}, func() (err error) {
		hash, err = a.hasher.hash(new)
		return err
	})
	if err != nil {
		return Token{}, err
	}
	return a.replacePassword(ctx, t, v.user, hash)
}

// replacePassword sets the hash of a user whose password was verified, and makes the new ticket.
func (a *Authority) replacePassword(ctx context.Context, t Token, before UserRecord, hash string) (Token, error) {
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
		addr, _ := netip.ParseAddr(rec.Addr)
		if err := errors.Join(tx.setPasswordHash(u.User, hash), tx.refund(Login{User: u.Name, Addr: addr})); err != nil {
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
func renewed(t TicketRecord, secret Token, now time.Time, limit time.Duration) (TicketRecord, error) {
	id, err := uuid.NewV7()
	if !t.Key && t.Expires.Equal(instant(t.Created.Add(limit))) {
		t.Expires = instant(now.Add(limit))
	}
	t.ID, t.Hash, t.Created, t.LastSeen = id, secret.hash(), now, now
	return t, err
}
