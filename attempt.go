package rbac

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/google/uuid"

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
// The file throttle.go counts attempts, and login_ticket.go makes tickets.
type attempt struct {
	a           *Authority
	login       Login           // User is trimmed
	source      throttle.Source // User is set by locate
	plausible   bool            // a user can have the login's name or subject
	holder      uuid.UUID       // user of the caller's living ticket; zero: none
	newPassword string          // hashed once the old password is proved; empty: none

	client  throttle.Client // set by locate
	key     [32]byte        // of the client's budget; set by locate
	sprayed bool            // the name is on the list of the address prefix
	mark    int64           // of the reservation

	proved  bool             // the password was right
	user    store.UserRecord // when the password was proved, or found by Issue
	upgrade string           // the hash to replace an old hash; empty: none
	newHash string           // of newPassword
}

// newAttempt makes the attempt of a login. A name that no user can have is no
// error: such an attempt is counted like any other.
func (a *Authority) newAttempt(l Login) *attempt {
	l.User = trimUser(l.User)
	at := &attempt{a: a, login: l}
	at.source = throttle.Source{
		Name:     l.User,
		Device:   l.Device,
		Prefixes: throttle.Prefixes(l.Addr),
	}
	if l.Subject != "" {
		at.source.Name = "subject\x00" + l.Subject
		at.plausible = names.CheckKey(l.Subject) == ""
	} else if name, err := canonicalUser(l.User); err == nil {
		at.source.Name, at.plausible = name, true
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
	return r.User(store.UserKey{Name: at.source.Name})
}

const (
	reservedWait  = 100 * time.Millisecond
	reservedTries = 20 // an attempt waits for 2 s while others have all places reserved
)

// errReserved: attempts under way have all places of the budget.
var errReserved = fmt.Errorf("%w: other attempts for the same name are under way", ErrBusy)

// verify verifies the password, and settles the attempt if the password is
// wrong. If other attempts have reserved all places of the budget, verify tries
// again, for 2 s.
func (at *attempt) verify(ctx context.Context) error {
	for tries := 1; ; tries++ {
		err := at.verifyOnce(ctx)
		if !errors.Is(err, errReserved) || tries == reservedTries {
			return err
		}
		select {
		case <-time.After(reservedWait):
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
	turn, err := at.a.hashTurn(ctx, at.source.Prefixes, at.client != throttle.Unknown)
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
	err = at.prove(turn, u)
	if err == nil && at.newPassword != "" {
		at.newHash, err = hashPassword(turn, at.newPassword)
	}
	if err != nil {
		return at.giveUp(ctx, err)
	}
	return nil
}

// verifyAgain verifies the password against the hash that the user has now. The
// attempt keeps its place in the budget.
func (at *attempt) verifyAgain(ctx context.Context) error {
	turn, err := at.a.hashTurn(ctx, at.source.Prefixes, true)
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
	return at.prove(turn, u)
}

// prove verifies the password of a user. For the zero user, who stands for an
// unknown name, prove takes as long and fails.
func (at *attempt) prove(turn *password.Turn, u store.UserRecord) error {
	result := turn.Verify(u.PasswordHash, at.login.Password)
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
	if fault := at.settle(ctx, errors.Is(err, ErrBadCredentials)); fault != nil {
		return fault
	}
	return err
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
