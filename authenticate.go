package rbac

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/internal/waitlimit"
	"github.com/rbac-go/rbac/store"
)

// verified is a user whose password was right, as the user was before, and the
// hash that should replace an old one.
type verified struct {
	user    store.UserRecord
	upgrade string
}

// authenticate verifies the password of an attempt. What has to be hashed once
// the password was right is done by then, in the same place of the queue.
//
// Throttled attempts are refused before they wait for the queue. An attempt
// that finds only reservations in its way tries again, for 2 s.
func (a *Authority) authenticate(ctx context.Context, at *attempt, then func() error) (verified, error) {
	for tries := 1; ; tries++ {
		v, err := a.authenticateOnce(ctx, at, then)
		if !errors.Is(err, errReserved) || tries == takenTries {
			return v, err
		}
		select {
		case <-time.After(takenWait):
		case <-ctx.Done():
			return verified{}, waitlimit.ContextEnded(ctx.Err())
		}
	}
}

func (a *Authority) authenticateOnce(ctx context.Context, at *attempt, then func() error) (verified, error) {
	if err := a.view(ctx, func(r store.Records) error { return at.look(r, a.now()) }); err != nil {
		return verified{}, err
	}
	release, err := a.hashPlace(ctx, at.login.Addr, at.client != unknownClient)
	if err != nil {
		return verified{}, err
	}
	defer release()
	var u store.UserRecord
	if err := a.update(ctx, func(r store.Records) (err error) {
		u, err = at.reserve(r, a.now())
		return err
	}); err != nil {
		return verified{}, err
	}
	v, err := a.verify(u, at.login)
	if err == nil && then != nil {
		err = then()
	}
	if err != nil {
		return verified{}, a.giveUp(ctx, at, err)
	}
	return v, nil
}

// giveUp settles an attempt that ends with an error: as a failure where the
// credentials were wrong. What could not be counted is not answered.
func (a *Authority) giveUp(ctx context.Context, at *attempt, err error) error {
	if fault := a.settle(ctx, at, errors.Is(err, ErrBadCredentials)); fault != nil {
		return fault
	}
	return err
}

// hashPlace waits for a place in the queue: ErrBusy, or ErrUnavailable where the
// context ended first. Known clients have places of their own.
func (a *Authority) hashPlace(ctx context.Context, addr netip.Addr, known bool) (release func(), err error) {
	release, err = a.queue.acquire(ctx, addr, known)
	if err != nil && !errors.Is(err, ErrBusy) {
		err = waitlimit.ContextEnded(err)
	}
	return release, err
}

// verify computes the hash, of nobody too.
func (a *Authority) verify(u store.UserRecord, l Login) (verified, error) {
	ok, upgrade := a.hasher.verify(u.PasswordHash, l.Password)
	a.warnUnreadable(u)
	if !ok || u.ID == uuid.Nil || u.Disabled {
		return verified{}, ErrBadCredentials
	}
	return verified{u, upgrade}, nil
}

// verifyAgain verifies against the hash that a user has now, for an attempt that
// has its place already.
func (a *Authority) verifyAgain(ctx context.Context, user uuid.UUID, l Login) (verified, error) {
	release, err := a.hashPlace(ctx, l.Addr, true)
	if err != nil {
		return verified{}, err
	}
	defer release()
	var u store.UserRecord
	err = a.view(ctx, func(r store.Records) (err error) {
		u, err = r.User(user)
		return err
	})
	if err != nil && !errors.Is(err, ErrNotFound) {
		return verified{}, err
	}
	return a.verify(u, l)
}
