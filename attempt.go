package rbac

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/internal/password"
	"github.com/rbac-go/rbac/internal/throttle"
)

// An attempt is one try to log in, or to change a password, from the first look
// at the user to the ticket. Everything that the steps need is made once:
//
//	newAttempt     the canonical name, the address prefixes
//	verify
//	  look         in a View: the user, how the client is known, is there a place?
//	  wait         for a turn to hash
//	  reserve      in an Update: a place in the budget, and the user again
//	  prove        the password; no transaction is open meanwhile
//	makeTicket     in an Update: the user once more, and the ticket
//	settle         in an Update, after an error: a failure, or the place given back
//
// The file throttle.go counts attempts, and login_ticket.go makes tickets.
type attempt struct {
	a       *Authority
	login   Login           // User is trimmed
	source  throttle.Source // User is set by look
	named   bool            // the login's name or subject can be a user's
	holder  uuid.UUID       // user of the living ticket that the call came with; zero: none
	replace string          // a new password, which is hashed once the old one is proved

	client  throttle.Client // set by look
	key     [32]byte        // of the client's budget; set by look
	sprayed bool            // the name is among those that failed from the address prefix
	mark    int64           // of the reservation; zero: none

	proved   bool       // the password was right
	user     UserRecord // as it was when the password was proved, or found by Issue
	upgrade  string     // the hash that should replace an old one; empty: none
	replaced string     // the hash of replace
}

// newAttempt makes the attempt of a login. A name that cannot be a user's is no
// error here: such attempts are counted as others are.
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
		at.named = badString(l.Subject, 1) == ""
	} else if name, err := canonicalUser(l.User); err == nil {
		at.source.Name, at.named = name, true
	}
	return at
}

// find finds the user that a login is for.
func (at *attempt) find(r Records) (UserRecord, error) {
	switch {
	case !at.named:
		return UserRecord{}, ErrNotFound
	case at.login.Subject != "":
		return r.UserBySubject(at.login.Subject)
	}
	return r.UserByName(at.source.Name)
}

const (
	reservedWait  = 100 * time.Millisecond
	reservedTries = 20 // an attempt waits for 2 s while others have all places reserved
)

// errReserved: attempts under way have all places of the budget.
var errReserved = fmt.Errorf("%w: other attempts for the same name are under way", ErrBusy)

// verify verifies the password of the attempt, and settles the attempt if it is
// refused. An attempt that finds only reservations in its way tries again, for
// 2 s.
func (at *attempt) verify(ctx context.Context) error {
	for tries := 1; ; tries++ {
		err := at.verifyOnce(ctx)
		if !errors.Is(err, errReserved) || tries == reservedTries {
			return err
		}
		select {
		case <-time.After(reservedWait):
		case <-ctx.Done():
			return contextEnded(ctx.Err())
		}
	}
}

// verifyOnce refuses a throttled attempt before the attempt waits in the queue.
func (at *attempt) verifyOnce(ctx context.Context) error {
	if err := at.a.view(ctx, func(r Records) error { return at.look(r, at.a.now()) }); err != nil {
		return err
	}
	turn, err := at.a.hashTurn(ctx, at.source.Prefixes, at.client != throttle.Unknown)
	if err != nil {
		return err
	}
	defer turn.End()
	var u UserRecord
	err = at.a.update(ctx, func(r Records) (err error) {
		u, err = at.reserve(r, at.a.now())
		return err
	})
	if err != nil {
		return err
	}
	err = at.prove(turn, u)
	if err == nil && at.replace != "" {
		at.replaced, err = hashPassword(turn, at.replace)
	}
	if err != nil {
		return at.giveUp(ctx, err)
	}
	return nil
}

// verifyAgain verifies the password against the hash that the user has now, for
// an attempt that keeps its place in the budget.
func (at *attempt) verifyAgain(ctx context.Context) error {
	turn, err := at.a.hashTurn(ctx, at.source.Prefixes, true)
	if err != nil {
		return err
	}
	defer turn.End()
	var u UserRecord
	err = at.a.view(ctx, func(r Records) (err error) {
		u, err = r.User(at.user.ID)
		return err
	})
	if err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	return at.prove(turn, u)
}

// prove computes the hash, even for the zero user, who stands for nobody.
func (at *attempt) prove(turn *password.Turn, u UserRecord) error {
	result := turn.Verify(u.PasswordHash, at.login.Password)
	if result.Fault != nil {
		at.a.log.Warn("rbac: the stored hash of a password cannot be verified; the user needs a new password",
			"user", u.Name, "error", invalid("password hash", "", "", result.Fault.Error()))
	}
	if !result.OK || u.ID == uuid.Nil || u.Disabled {
		return ErrBadCredentials
	}
	at.proved, at.user, at.upgrade = true, u, result.Upgrade
	return nil
}

// giveUp settles an attempt that ends with an error: as a failure if the
// credentials were wrong. If the failure cannot be counted, the caller does not
// learn that the credentials were wrong.
func (at *attempt) giveUp(ctx context.Context, err error) error {
	if fault := at.settle(ctx, errors.Is(err, ErrBadCredentials)); fault != nil {
		return fault
	}
	return err
}

// hashTurn waits for a turn to hash. The error is ErrBusy, or ErrUnavailable if
// the context ended first.
func (a *Authority) hashTurn(ctx context.Context, networks [3]netip.Prefix, known bool) (*password.Turn, error) {
	turn, err := a.passwords.Wait(ctx, networks, known)
	switch {
	case errors.Is(err, password.ErrBusy):
		return nil, ErrBusy
	case err != nil:
		return nil, contextEnded(err)
	}
	return turn, nil
}
