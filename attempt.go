package rbac

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/internal/loginlog"
	"github.com/rbac-go/rbac/internal/names"
	"github.com/rbac-go/rbac/internal/password"
	"github.com/rbac-go/rbac/internal/throttle"
	"github.com/rbac-go/rbac/internal/waitlimit"
	"github.com/rbac-go/rbac/store"
)

// An attempt is one try to log in or to change a password, from the first look
// at the user to the ticket. The steps share the attempt:
//
//	newAttempt     the canonical name, the address prefixes
//	verify
//	  locate       in a View: the user, how the client is known, is there room?
//	  wait         for a turn to hash
//	  reserve      in an Update: a place in the budget, and the user again
//	  prove        the password; no transaction is open meanwhile
//	makeTicket     in an Update: the user once more, and the ticket
//	settle         in an Update, after an error: a failure, or the place given back
//
// Package throttle counts attempts, and the file login_ticket.go makes tickets.
type attempt struct {
	a         *Authority
	login     Login            // User is trimmed
	method    loginlog.Method  // of the attempt
	counted   throttle.Attempt // how the attempt is counted
	plausible bool             // a user can have the login's name or subject

	proved  bool             // the password was right
	user    store.UserRecord // when the password was proved, or found by Issue
	upgrade string           // the hash to replace an old hash; empty: none
	ticket  uuid.UUID        // the new ticket
}

// newAttempt makes the attempt of a login. A name that no user can have is no
// error: such an attempt is counted like any other.
func (a *Authority) newAttempt(l Login, method loginlog.Method) *attempt {
	l.User = names.TrimUser(l.User)
	at := &attempt{a: a, login: l, method: method}
	at.counted.MaxFailures = a.cfg.MaxFailures
	at.counted.Source = throttle.Source{
		Name:     l.User,
		Device:   l.Device,
		Prefixes: throttle.Prefixes(l.Addr),
	}
	if l.Subject != "" {
		at.counted.Name = "subject\x00" + l.Subject
		at.plausible = names.CheckKey(l.Subject) == ""
	} else if name, err := canonicalUser(l.User); err == nil {
		at.counted.Name, at.plausible = name, true
	}
	return at
}

// find finds the user of the login.
func (at *attempt) find(r store.Records) (store.UserRecord, error) {
	switch {
	case !at.plausible:
		return store.UserRecord{}, ErrNotFound
	case at.login.Subject != "":
		return r.User(store.UserKey{Subject: at.login.Subject})
	}
	return r.User(store.UserKey{Name: at.counted.Name})
}

const (
	takenWait  = 100 * time.Millisecond
	takenTries = 20 // an attempt waits for 2 s while others have all places reserved
)

// verify verifies the password, and settles the attempt if the password is
// wrong. If other attempts have reserved all places of the budget, verify tries
// again, for 2 s.
func (at *attempt) verify(ctx context.Context) error {
	for tries := 1; ; tries++ {
		err := at.verifyOnce(ctx)
		if !errors.Is(err, throttle.ErrTaken) || tries == takenTries {
			return err
		}
		select {
		case <-time.After(takenWait):
		case <-ctx.Done():
			return waitlimit.ContextEnded(ctx.Err())
		}
	}
}

// verifyOnce refuses a throttled attempt before the attempt waits in the queue.
func (at *attempt) verifyOnce(ctx context.Context) error {
	err := at.a.view(ctx, func(r store.Records) error { return at.locate(r, at.a.now()) })
	if err != nil {
		return err
	}
	turn, err := at.a.hashTurn(ctx, at.counted.Prefixes, at.counted.Client != throttle.Unknown)
	if err != nil {
		return err
	}
	defer turn.End()
	var u store.UserRecord
	err = at.a.update(ctx, func(r store.Records) (err error) {
		u, err = at.reserve(r, at.a.now())
		return err
	})
	if err != nil {
		return err
	}
	if err := at.prove(ctx, turn, u); err != nil {
		return at.giveUp(ctx, err)
	}
	return nil
}

// locate finds the user and how the client is known, and refuses an attempt if
// the budget has no place.
func (at *attempt) locate(r store.Records, now time.Time) error {
	u, err := at.find(r)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	return throttled(at.counted.Locate(r, u.ID, now))
}

// reserve reserves a place for the attempt and returns the user, or the zero
// user for an unknown name.
func (at *attempt) reserve(r store.Records, now time.Time) (store.UserRecord, error) {
	u, err := at.find(r)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return u, err
	}
	return u, throttled(at.counted.Reserve(r, u.ID, now))
}

// throttled returns the ErrThrottled of a refusal, and other errors unchanged.
func throttled(err error) error {
	if refused, ok := err.(throttle.Refusal); ok {
		return &ThrottledError{RetryAfter: refused.Wait}
	}
	return err
}

// verifyAgain verifies the password against the hash that the user has now. The
// attempt keeps its place in the budget.
func (at *attempt) verifyAgain(ctx context.Context) error {
	turn, err := at.a.hashTurn(ctx, at.counted.Prefixes, true)
	if err != nil {
		return err
	}
	defer turn.End()
	var u store.UserRecord
	err = at.a.view(ctx, func(r store.Records) (err error) {
		u, err = r.User(store.UserKey{ID: at.user.ID})
		return err
	})
	if err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	return at.prove(ctx, turn, u)
}

// prove verifies the password of a user. For the zero user, who stands for an
// unknown name, prove takes as long and fails.
func (at *attempt) prove(ctx context.Context, turn *password.Turn, u store.UserRecord) error {
	if u.Disabled { // as an unknown user: the time does not tell a right password
		u.PasswordHash = ""
	}
	result := turn.Verify(ctx, u.PasswordHash, at.login.Password)
	if result.Fault != nil {
		at.a.log.Warn("rbac: the stored hash of a password cannot be verified; "+
			"the user needs a new password",
			"user", u.Name, "error", invalid("password hash", "", "", result.Fault.Error()))
	}
	if !result.OK || u.ID == uuid.Nil || u.Disabled {
		return ErrBadCredentials
	}
	at.proved, at.user, at.upgrade = true, u, result.Upgrade
	return nil
}

// giveUp settles an attempt after an error, as a failure if the credentials
// were wrong, and returns the error. If the failure cannot be counted, giveUp
// returns the store's error instead, so that no guess is answered uncounted.
func (at *attempt) giveUp(ctx context.Context, err error) error {
	if fault := at.settle(ctx, err); fault != nil {
		return fault
	}
	return err
}

// settle ends an attempt without a ticket: as a failure, or by giving the place
// back. The end of ctx makes no difference: a client cannot avoid the count by
// hanging up.
func (at *attempt) settle(ctx context.Context, cause error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()
	return at.a.update(ctx, func(r store.Records) error {
		// For a name without a user, the zero id is looked up, which takes as
		// long.
		u, err := r.LockUser(at.counted.User)
		if errors.Is(err, ErrNotFound) && at.counted.User != uuid.Nil {
			return nil // deleted, and the user's records with them
		}
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		// The user is locked, then the user's list, and throttles last.
		return errors.Join(at.recordFailure(r, u, cause), at.counted.Settle(r, errors.Is(cause, ErrBadCredentials), at.a.now()))
	})
}

// hashTurn waits for a turn to hash. The error is ErrBusy, or ErrUnavailable if
// the context ended first.
func (a *Authority) hashTurn(ctx context.Context, networks [3]netip.Prefix, known bool) (
	*password.Turn, error) {
	turn, err := a.passwords.Wait(ctx, networks, known)
	switch {
	case errors.Is(err, password.ErrBusy):
		return nil, ErrBusy
	case err != nil:
		return nil, waitlimit.ContextEnded(err)
	}
	return turn, nil
}
