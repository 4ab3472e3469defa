package rbac

import (
	"context"
	"errors"
	"net/netip"

	"github.com/google/uuid"
)

// verified is a user whose password was right, as they were before, and a new
// hash if theirs should be upgraded.
type verified struct {
	user    UserRecord
	upgrade string
}

// authenticate verifies the password of a login. What is to be hashed once it was right, too,
// is done by then, unless that is nil, in the same place of the queue.
//
// Throttled attempts are refused at once, before the queue. Those that got a place
// in it are counted as failed in a transaction of their own, before the hash is computed.
func (a *Authority) authenticate(ctx context.Context, l Login, then func() error) (verified, error) {
	name := throttleName(l)
	if err := a.view(ctx, func(r Records) error {
		_, err := a.admit(r, name, l.Addr)
		return err
	}); err != nil {
		return verified{}, err
	}
	release, err := a.hashPlace(ctx, l.Addr)
	if err != nil {
		return verified{}, err
	}
	defer release()
	u, err := a.countAttempt(ctx, name, l)
	if err != nil {
		return verified{}, err
	}
	v, err := a.verify(u, l)
	if err == nil && then != nil {
		err = then()
	}
	return v, err
}

// hashPlace waits for a place in the queue: ErrBusy, or ErrUnavailable where the context ended first.
func (a *Authority) hashPlace(ctx context.Context, addr netip.Addr) (release func(), err error) {
	release, err = a.queue.acquire(ctx, addr)
	if err != nil && !errors.Is(err, ErrBusy) {
		err = contextEnded(err)
	}
	return release, err
}

// countAttempt counts an attempt and reads its user: the zero one where there is none.
func (a *Authority) countAttempt(ctx context.Context, name string, l Login) (u UserRecord, err error) {
	err = a.update(ctx, func(r Records) error {
		t, err := a.admit(r, name, l.Addr)
		if err != nil {
			return err
		}
		u, err = findLogin(r, l)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		return t.count(r, a.now())
	})
	return u, err
}

// verify computes the hash, of nobody too.
func (a *Authority) verify(u UserRecord, l Login) (verified, error) {
	ok, upgrade := a.hasher.verify(u.PasswordHash, l.Password)
	a.warnUnreadable(u)
	if !ok || u.ID == uuid.Nil || u.Disabled {
		return verified{}, ErrBadCredentials
	}
	return verified{u, upgrade}, nil
}

// verifyAgain verifies against the hash that a user has now, for an attempt that was counted before.
func (a *Authority) verifyAgain(ctx context.Context, user uuid.UUID, l Login) (verified, error) {
	release, err := a.hashPlace(ctx, l.Addr)
	if err != nil {
		return verified{}, err
	}
	defer release()
	var u UserRecord
	err = a.view(ctx, func(r Records) (err error) {
		u, err = r.User(user)
		return err
	})
	if err != nil && !errors.Is(err, ErrNotFound) {
		return verified{}, err
	}
	return a.verify(u, l)
}

// admit reads the throttle of a login and refuses an attempt that comes too early.
func (a *Authority) admit(r Records, name string, addr netip.Addr) (throttle, error) {
	t, err := readThrottle(r, name, addr)
	if err != nil {
		return throttle{}, err
	}
	if wait := t.wait(a.now()); wait > 0 {
		return throttle{}, &ThrottledError{RetryAfter: wait}
	}
	return t, nil
}

// findLogin finds the user a login is for: ErrNotFound, too, where the name cannot be anybody's.
func findLogin(r Records, l Login) (UserRecord, error) {
	if l.Subject != "" {
		if badString(l.Subject, 1) != "" {
			return UserRecord{}, ErrNotFound
		}
		return r.UserBySubject(l.Subject)
	}
	name, err := canonicalUser(l.User)
	if err != nil {
		return UserRecord{}, ErrNotFound
	}
	return r.UserByName(name)
}

// throttleName is the name that failures of a login are counted by.
func throttleName(l Login) string {
	if l.Subject != "" {
		return "subject\x00" + l.Subject
	}
	if name, err := canonicalUser(l.User); err == nil {
		return name
	}
	return l.User
}
