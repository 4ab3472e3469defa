package rbac

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/rbac-go/rbac/store"
)

// errNeedHead: the login ends a ticket, so it has to take head first.
var errNeedHead = errors.New("rbac: login ends a ticket")

// makeTicket makes a ticket in a transaction that has locked the user and in which
// check agreed. The attempt is nil for a login without a password. Only a login that ends another ticket is a change that takes head.
func (a *Authority) makeTicket(ctx context.Context, user uuid.UUID, l Login, check func(store.Records, store.UserRecord) error, at *attempt) (Token, error) {
	t := newToken()
	attempt := func(withHead bool) error {
		return a.commit(ctx, func(r store.Records) (*Tx, error) {
			tx := &Tx{a: a, ctx: ctx, r: r, now: a.now()}
			if withHead {
				var err error
				if tx, err = a.begin(ctx, r, false); err != nil {
					return tx, err
				}
			}
			if l.Groups != nil && !withHead {
				// A dynamic set and a ticket that violates it must not miss each other.
				if _, err := r.ShareHead(); err != nil {
					return tx, err
				}
			}
			return tx, tx.login(user, t, l, check, at)
		})
	}
	err := attempt(!l.Replaces.IsZero())
	if errors.Is(err, errNeedHead) {
		err = attempt(true)
	}
	if err != nil {
		return Token{}, err
	}
	return t, nil
}

// login is what happens in the transaction that makes a ticket.
func (tx *Tx) login(user uuid.UUID, t Token, l Login, check func(store.Records, store.UserRecord) error, at *attempt) error {
	u, err := tx.r.LockUser(user)
	if err != nil {
		return err
	}
	if err := check(tx.r, u); err != nil {
		return err
	}
	if tx.actor.name == "" {
		tx.actor = actor{name: u.Name, verified: at != nil}
	}
	if err := checkPace(u, tx.now, paceLogins); err != nil {
		return err
	}
	if at != nil {
		if err := tx.succeed(at); err != nil {
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
	if tx.changes.Len() > 0 { // this login is not free
		if err := tx.pace(u, paceLogins); err != nil {
			return err
		}
	}
	return errors.Join(tx.r.SetLastLogin(u.ID, tx.now), tx.r.AddTicket(rec))
}

func (tx *Tx) newTicket(u User, t Token, l Login) (store.Ticket, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return store.Ticket{}, err
	}
	rec := store.Ticket{ID: id, User: u.ID, Hash: t.hash(), Narrowed: l.Groups != nil,
		Key:     l.Label != "" && !l.Expires.IsZero(),
		Created: tx.now, LastSeen: tx.now, Expires: instant(tx.now.Add(tx.a.cfg.AbsoluteLimit)),
		Idle:  tx.a.cfg.IdleLimit.Truncate(time.Microsecond),
		Label: l.Label, UserAgent: printable(l.UserAgent, maxName)}
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
		rec.Addr = l.Addr.WithZone("").String() // a zone is any text, and means something here alone
	}
	rec.Groups, err = tx.loginGroups(u, l.Groups)
	return rec, err
}

// loginGroups finds the groups that are to be the only active ones: all or nothing.
func (tx *Tx) loginGroups(u User, names []string) ([]uuid.UUID, error) {
	if len(names) == 0 {
		return nil, nil
	}
	memberships, err := tx.r.UserMemberships(u.ID)
	if err != nil {
		return nil, err
	}
	p, err := tx.dynamicPolicy(membershipGroups(memberships))
	if err != nil {
		return nil, err
	}
	assigned := p.Assigned(memberships, tx.now)
	ids, denied := p.Authorized(assigned, names)
	if denied != "" {
		return nil, &Error{Kind: ErrDenied, Record: "group", Name: denied, Reason: u.Name + " is not authorized for it"}
	}
	return ids, tx.checkTogether(p, u, assigned, ids)
}

// inOrderOfIssue sorts tickets by when they were made, which their ids begin with (UUID version 7).
func inOrderOfIssue(tickets []store.Ticket) {
	slices.SortFunc(tickets, func(a, b store.Ticket) int { return bytes.Compare(a.ID[:], b.ID[:]) })
}

// replaceTicket ends the ticket that the client had before, whoever it belonged to.
func (tx *Tx) replaceTicket(t Token) error {
	if t.IsZero() {
		return nil
	}
	old, err := tx.r.TicketByHash(t.hash())
	if errors.Is(err, ErrNotFound) {
		old, err = tx.a.tickets.record(t.hash())
	}
	if err != nil {
		return ignore(err, ErrNotFound)
	}
	u, err := tx.r.User(old.User)
	if err != nil {
		return ignore(err, ErrNotFound) // it ended with its user
	}
	return tx.endTicket("Logout", User(u.User), old)
}

// endOldest ends the tickets of a user that were made first, as far as the new one would be one too many. Their ids tell which
// these are: Created is when the user was authenticated, which may be long before.
func (tx *Tx) endOldest(u User, added store.Ticket) error {
	if added.Key {
		return nil
	}
	tickets, err := tx.r.UserTickets(u.ID)
	if err != nil {
		return err
	}
	counted := slices.DeleteFunc(tickets, func(t store.Ticket) bool { return t.Key || !tx.a.tickets.living(t, tx.now) })
	inOrderOfIssue(counted)
	for len(counted) >= tx.a.cfg.MaxTickets {
		if tx.changes.To == (store.Head{}) {
			return errNeedHead
		}
		if err := tx.endTicket("RevokeTicket", u, counted[0]); err != nil {
			return err
		}
		counted = counted[1:]
	}
	return nil
}
