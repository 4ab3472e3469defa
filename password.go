package rbac

import (
	"context"
	"errors"
	"net/netip"
	"strings"

	"github.com/rbac-go/rbac/internal/guessable"
	"github.com/rbac-go/rbac/internal/loginlog"
	"github.com/rbac-go/rbac/internal/password"
	"github.com/rbac-go/rbac/internal/session"
	"github.com/rbac-go/rbac/internal/throttle"
	"github.com/rbac-go/rbac/internal/waitlimit"
	"github.com/rbac-go/rbac/store"
)

// HashPassword checks a password against the policy of the Config and returns
// its hash, for SetPasswordHash, for example in the Update that adds the user.
// HashPassword waits in the queue of hashes with the known clients, and shares
// its places with all other calls without an address: to import many users,
// hash one password at a time, or wait after ErrBusy.
//
// Errors: ErrInvalid with the reason; ErrBusy; ErrUnavailable.
func (a *Authority) HashPassword(ctx context.Context, password string) (string, error) {
	return a.HashPasswordFor(ctx, User{}, password)
}

// HashPasswordFor is HashPassword with a user for [Config].CheckPassword. Pass
// the user as stored, or as about to be added.
func (a *Authority) HashPasswordFor(ctx context.Context, u User, password string) (string, error) {
	return a.hashFrom(ctx, [3]netip.Prefix{}, u, password)
}

// hashFrom is HashPasswordFor for a client with an address. The hooks of the
// Config hold no place in the queue of hashes.
func (a *Authority) hashFrom(ctx context.Context, client [3]netip.Prefix, u User, password string) (string, error) {
	if err := a.background.err(); err != nil {
		return "", err
	}
	if err := a.cfg.checkPassword(ctx, u, password); err != nil {
		return "", err
	}
	turn, err := a.hashTurn(ctx, client, true)
	if err != nil {
		return "", err
	}
	defer turn.End()
	hash, err := turn.Hash(password)
	if err != nil {
		return "", refusePassword(err.Error())
	}
	return hash, nil
}

// WrapPasswordHash turns a password hash of another system into a hash for
// SetPasswordHash. A hash that is quick to compute is wrapped in argon2id at
// the current cost. The result verifies the same password until the next login
// replaces the result. A hash that SetPasswordHash accepts is returned
// unchanged, except PBKDF2 of fewer than 100,000 rounds. Schemes and formats:
//
//	turbogears       SHA-256 or SHA-1 of password and salt, after the salt (128
//	                 or 80 hexadecimal digits), and SHA-1 alone (40 digits)
//	turbogears-site  a salt, $, and the SHA-256 of password and salt (64 digits)
//	django           sha1$…, md5$…, and an MD5 alone
//	werkzeug         md5$…, sha1$…, sha256$… and sha512$…
//	aspnet           version 2 of ASP.NET Identity
//	crypt            $5$… and $6$…
//	phpass           $P$… and $H$…
//
// WrapPasswordHash waits in the queue of hashes as HashPassword does.
//
// Errors: ErrInvalid for another scheme or format, for more than 700,000 rounds
// of crypt or 1,048,576 of phpass, and as for SetPasswordHash; ErrBusy;
// ErrUnavailable.
func (a *Authority) WrapPasswordHash(ctx context.Context, scheme, hash string) (string, error) {
	if err := a.background.err(); err != nil {
		return "", err
	}
	turn, err := a.hashTurn(ctx, [3]netip.Prefix{}, true)
	if err != nil {
		return "", err
	}
	defer turn.End()
	wrapped, err := turn.Wrap(scheme, hash)
	if err != nil {
		return "", invalid("password hash", "", "", err.Error())
	}
	return wrapped, nil
}

// CreateUser adds a user with a password and memberships of groups, all or
// nothing, and returns the user as stored. CreateUser hashes the password
// first, and then runs one Update of [Tx.AddUser], [Tx.SetPasswordHash] and
// [Tx.AssignUser]. Inside an Update, call these three functions, with a hash
// that [Authority.HashPassword] made before.
//
// Errors: ErrInvalid with the field, or with the rule that the password breaks;
// ErrExists for a taken name, e-mail address or subject; ErrNotFound for a
// group; ErrSeparation; ErrBusy; ErrUnavailable.
func (a *Authority) CreateUser(ctx context.Context, u User, password string, groups ...string) (User, error) {
	checked, err := checkedUser(u)
	if err != nil {
		cfg := a.cfg
		cfg.CheckPassword = nil // there will be no such user
		return User{}, errors.Join(err, cfg.checkPassword(ctx, u, password))
	}
	hash, err := a.HashPasswordFor(ctx, User(checked.User), password)
	if err != nil {
		return User{}, err
	}
	var added User
	err = a.Update(ctx, func(tx *Tx) (err error) {
		if added, err = tx.AddUser(u); err != nil {
			return err
		}
		if err := tx.SetPasswordHash(added.Name, hash); err != nil {
			return err
		}
		for _, group := range groups {
			if err := tx.AssignUser(Membership{User: added.Name, Group: group}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return User{}, err
	}
	return added, nil
}

// SetPassword sets a user's password without the old one, as an administrator
// does, and ends all the user's tickets, links and devices.
//
// Errors: those of HashPassword; ErrNotFound; ErrUnavailable.
func (a *Authority) SetPassword(ctx context.Context, user, password string) error {
	var u User
	err := a.View(ctx, func(tx *Tx) (err error) { u, err = tx.User(user); return err })
	if err != nil {
		return err
	}
	hash, err := a.HashPasswordFor(ctx, u, password)
	if err != nil {
		return err
	}
	return a.Update(ctx, func(tx *Tx) error { return tx.SetPasswordHash(user, hash) })
}

// ChangePassword is for users. It verifies the old password, sets the new one,
// ends all the user's tickets, links and devices, API keys included, and
// returns a new ticket or key in place of the caller's. Failures count like
// failed logins, but separately: after 100 in a row no ticket of the user can
// change the password until the user logs in with the password or
// [Authority.Unlock] is called.
//
// Errors: ErrNoTicket; ErrInvalid for the new password; ErrBadCredentials for
// the old password; ErrThrottled, ErrBusy and ErrUnavailable as for Login.
// After an error the caller's ticket is unchanged.
func (a *Authority) ChangePassword(ctx context.Context, t Token, old, new string) (Token, error) {
	fresh, u, err := a.changePassword(ctx, t, old, new)
	if err != nil {
		a.emit(ctx, Event{Kind: EventPasswordRefused, Action: "ChangePassword", User: u.Name, UserID: u.ID, Err: err})
	}
	return fresh, err
}

func (a *Authority) changePassword(ctx context.Context, t Token, old, new string) (
	Token, store.UserRecord, error) {
	var rec store.Ticket
	var u store.UserRecord
	err := a.view(ctx, func(r store.Records) (err error) {
		if rec, err = a.ticketOf(r, t); err != nil {
			return err
		}
		if u, err = r.User(store.UserKey{ID: rec.User}); err != nil {
			return noTicket(err)
		}
		// Before any hash is computed: a refusal here counts no attempt.
		return checkPace(u, a.now(), throttle.PaceLogins)
	})
	if err != nil {
		return Token{}, u, err
	}
	addr, _ := netip.ParseAddr(rec.Addr)
	at := a.newAttempt(Login{User: u.Name, Password: old, Addr: addr, UserAgent: rec.UserAgent}, loginlog.ByChange)
	at.counted.Holder = u.ID
	if err := at.verify(ctx); err != nil {
		return Token{}, u, err
	}
	// Only now: anybody who has only the ticket learns nothing from the hooks.
	hash, err := a.hashFrom(ctx, at.counted.Prefixes, User(at.user.User), new)
	var fresh Token
	if err == nil {
		fresh, err = at.replacePassword(ctx, t, hash)
	}
	if err != nil {
		return Token{}, u, at.giveUp(ctx, err)
	}
	return fresh, u, nil
}

// replacePassword sets the hash of a new password, after the old password was
// proved, and makes the new ticket.
func (at *attempt) replacePassword(ctx context.Context, t Token, hash string) (Token, error) {
	a, fresh := at.a, newToken()
	err := a.Update(ctx, func(tx *Tx) error {
		u, err := tx.r.LockUser(at.user.ID)
		if err != nil {
			return noTicket(err)
		}
		if u.Disabled || u.PasswordHash != at.user.PasswordHash {
			return ErrBadCredentials
		}
		if err := tx.pace(u, throttle.PaceLogins); err != nil {
			return err
		}
		rec, err := a.ticketOf(tx.r, t)
		if err != nil {
			return err
		}
		if rec.User != u.ID {
			return ErrNoTicket
		}
		tx.actAs(User(u.User), true)
		if err := tx.write(
			func() error { return tx.setPasswordHash(User(u.User), hash) },
			func() error { return at.counted.Succeed(tx.r, tx.now) }); err != nil {
			return err
		}
		next := session.Renewed(rec, fresh.hash(), tx.now, a.cfg.limit(a.cfg.remembered(rec)).Absolute)
		if next.Key {
			return tx.addKey(User(u.User), next, rec.ID.String())
		}
		return tx.r.AddTicket(next)
	})
	if err != nil {
		return Token{}, err
	}
	return fresh, nil
}

// checkPassword is the policy for a new password of a user. A login never calls
// checkPassword: a stricter rule locks nobody out. The error never contains the
// password.
func (c *Config) checkPassword(ctx context.Context, u User, p string) error {
	normal, err := password.Check(p, c.MinPassword)
	if err == nil && c.RefusePassword != nil {
		err = password.Ask("RefusePassword", p, normal, func() error { return c.RefusePassword(normal) })
	}
	if err == nil && c.CheckPassword != nil {
		err = password.Ask("CheckPassword", p, normal, func() error { return c.CheckPassword(ctx, u, normal) })
		if err != nil && ctx.Err() != nil {
			return waitlimit.ContextEnded(ctx.Err())
		}
	}
	if err == nil || errors.Is(err, ErrUnavailable) {
		return err
	}
	return refusePassword(err.Error())
}

// CommonPassword is a function for [Config].CheckPassword. It refuses the
// 17,950 most common passwords of at least eight characters, and their common
// variants: repeated, with digits or punctuation around them, or in the order
// of a keyboard. [RefuseWords] then refuses passwords made of the user's name,
// display name and the part of the e-mail address before the @. Case does not
// count. The list is from zxcvbn-ts, under the MIT license; see
// internal/guessable. (ASVS 5.0 v6.2.4, v6.2.11)
func CommonPassword(_ context.Context, u User, password string) error {
	if guessable.Common(password) {
		return errors.New("too common")
	}
	mailbox, _, _ := strings.Cut(u.Email, "@")
	return RefuseWords(password, u.Name, mailbox, u.DisplayName)
}

// RefuseWords refuses a password that contains any of the words, such as the
// names of the service and of its makers, and has fewer than eight other
// letters. The parts of a name count as words, from three characters on. Case
// does not count. Call RefuseWords in [Config].CheckPassword or RefusePassword.
func RefuseWords(password string, words ...string) error {
	if guessable.OfWords(password, words) {
		return errors.New("made of names that are easy to guess")
	}
	return nil
}

func refusePassword(reason string) error {
	return &Error{Kind: ErrInvalid, Record: "password", Reason: reason}
}
