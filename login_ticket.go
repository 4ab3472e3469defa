package rbac

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/internal/loginlog"
	"github.com/rbac-go/rbac/internal/names"
	"github.com/rbac-go/rbac/internal/throttle"
	"github.com/rbac-go/rbac/internal/txcache"
	"github.com/rbac-go/rbac/store"
)

// errNeedHead: the login ends a ticket, and the transaction has to lock head
// first.
var errNeedHead = errors.New("rbac: login ends a ticket")

// errHashChanged: the password's hash was changed between the verification and
// the transaction of the ticket.
var errHashChanged = fmt.Errorf("%w: the password was changed meanwhile", ErrBadCredentials)

// makeTicket makes the ticket of an attempt, whose user is known by now. Only a
// login that ends another ticket is a change, and locks head.
func (at *attempt) makeTicket(ctx context.Context) (Token, error) {
	t := newToken()
	try := func(withHead bool) error {
		return at.a.commit(ctx, func(r store.Records) (*Tx, error) {
			tx := &Tx{a: at.a, ctx: ctx, r: txcache.NewView(ctx, r, nil), now: at.a.now()}
			if withHead {
				var err error
				if tx, err = at.a.begin(ctx, r, false); err != nil {
					return tx, err
				}
			}
			if at.login.Groups != nil && !withHead {
				// A new dynamic set and a ticket that violates the set must not
				// miss each other.
				if _, err := r.Head(store.ShareLock); err != nil {
					return tx, err
				}
			}
			return tx, tx.addTicket(at, t)
		})
	}
	err := try(!at.login.Replaces.IsZero())
	if errors.Is(err, errNeedHead) {
		err = try(true)
	}
	if err != nil {
		return Token{}, err
	}
	return t, nil
}

// addTicket makes the ticket of an attempt in a transaction.
func (tx *Tx) addTicket(at *attempt, t Token) error {
	l := at.login
	u, err := tx.r.LockUser(at.user.ID)
	if err != nil {
		return err
	}
	if err := at.recheck(tx.r, u); err != nil {
		return err
	}
	tx.actAs(User(u.User), at.proved)
	if err := checkPace(u, tx.now, throttle.PaceLogins); err != nil {
		return err
	}
	if at.proved {
		if err := at.counted.Succeed(tx.r, tx.now); err != nil {
			return err
		}
	}
	rec, err := tx.newTicket(User(u.User), t, l)
	if err != nil {
		return err
	}
	if err := tx.replaceTicket(l.Replaces); err != nil {
		return err
	}
	if err := tx.endOldest(User(u.User), rec); err != nil {
		return err
	}
	if tx.changes.Len() > 0 { // this login is a change that the user causes
		if err := tx.pace(u, throttle.PaceLogins); err != nil {
			return err
		}
	}
	at.ticket = rec.ID
	return errors.Join(tx.r.SetLastLogin(u.ID, tx.now), tx.r.AddTicket(rec), loginlog.Succeeded(tx.r, rec, at.method))
}

// recheck checks that nothing relevant has changed about the user, whose row is
// locked now, and upgrades an old hash.
func (at *attempt) recheck(r store.Records, now store.UserRecord) error {
	switch {
	case now.Disabled && at.proved:
		return ErrBadCredentials
	case now.Disabled:
		return disabled(now.Name)
	case at.proved && now.PasswordHash != at.user.PasswordHash:
		return errHashChanged
	case at.upgrade != "":
		return r.SetPasswordHash(now.ID, at.upgrade)
	}
	return nil
}

// newTicket returns the record of a new ticket.
func (tx *Tx) newTicket(u User, t Token, l Login) (store.Ticket, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return store.Ticket{}, err
	}
	limit := tx.a.cfg.limit(l.Remember)
	rec := store.Ticket{ID: id, User: u.ID, Hash: t.hash(), Narrowed: l.Groups != nil, Key: l.isKey(),
		Created: tx.now, LastSeen: tx.now, Expires: instant(tx.now.Add(limit.Absolute)),
		Idle:  limit.Idle.Truncate(time.Microsecond),
		Label: l.Label, UserAgent: names.Printable(l.UserAgent, names.MaxName)}
	if !l.Expires.IsZero() && (rec.Key || l.Expires.Before(rec.Expires)) {
		rec.Expires = instant(l.Expires)
	}
	if rec.Key {
		rec.Idle = 0
	}
	if at := instant(l.AuthenticatedAt); !at.IsZero() && at.Before(tx.now) {
		rec.Created = at
	}
	if l.Addr.IsValid() {
		// A zone is any text, and has a meaning on this machine only.
		rec.Addr = l.Addr.WithZone("").String()
	}
	rec.Groups, err = tx.loginGroups(u, l.Groups)
	return rec, err
}

// loginGroups returns the ids of the groups with the given names, or an error
// if the user is not authorized for all of them.
func (tx *Tx) loginGroups(u User, names []string) ([]uuid.UUID, error) {
	if len(names) == 0 {
		return nil, nil
	}
	choice, err := tx.rules().Choose(u.ID, names)
	if err != nil {
		return nil, err
	}
	if choice.Denied != "" {
		return nil, &Error{Kind: ErrDenied, Record: "group", Name: choice.Denied,
			Reason: u.Name + " is not authorized for it"}
	}
	return choice.Groups, tx.separationError(choice.Violation, nil)
}

// replaceTicket ends the client's earlier ticket, of whatever user.
func (tx *Tx) replaceTicket(t Token) error {
	if t.IsZero() {
		return nil
	}
	old, err := tx.a.sessions.AnyTicket(tx.r, t.hash())
	if err != nil {
		return ignore(err, ErrNotFound)
	}
	u, err := tx.r.User(store.UserKey{ID: old.User})
	if err != nil {
		return ignore(err, ErrNotFound) // the ticket ended with its user
	}
	return tx.endTicket("Logout", User(u.User), old)
}

// endOldest ends the oldest tickets of a user, if the new ticket exceeds the
// limit. The order is that of ids: Created is the time of authentication, which
// may be long before the ticket.
func (tx *Tx) endOldest(u User, added store.Ticket) error {
	if added.Key {
		return nil
	}
	tickets, err := tx.r.UserTickets(u.ID)
	if err != nil {
		return err
	}
	for _, t := range tx.a.sessions.Surplus(tickets, tx.a.cfg.MaxTickets, tx.now) {
		if tx.changes.To == (store.Head{}) {
			return errNeedHead
		}
		if err := tx.endTicket("RevokeTicket", u, t); err != nil {
			return err
		}
	}
	return nil
}
