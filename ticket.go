package rbac

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"github.com/google/uuid"
	"github.com/rbac-go/rbac/internal/policy"
	"github.com/rbac-go/rbac/internal/replica"
	"github.com/rbac-go/rbac/internal/session"
	"github.com/rbac-go/rbac/store"
)

// Ticket is a login session or an API key, without its secret.
type Ticket struct {
	ID, UserID       uuid.UUID
	User             string
	Key              bool // an API key
	Label            string
	Groups           []string  // of a ticket narrowed by Login.Groups, APIKey.Groups or SetActiveGroups, in byte order; nil: all groups of the user
	Omitted          []string  // groups that a dynamic set left out in some scope, in byte order; nil: none
	Created          time.Time // of the authentication: the login, or earlier; see Login.AuthenticatedAt
	LastSeen         time.Time // lags by up to a minute
	Expires          time.Time // the absolute limit; an idle ticket ends earlier
	Addr             netip.Addr
	UserAgent        string
	Remembered       bool // a session with a longer idle limit than Config.IdleLimit; see Login.Remember
	KeepWhenDisabled bool // of an API key; see APIKey
}

// Ticket returns the ticket of a token, without counting as a use of the
// ticket. ErrNoTicket if there is no living ticket.
func (a *Authority) Ticket(ctx context.Context, t Token) (Ticket, error) {
	var ticket Ticket
	err := a.View(ctx, func(tx *Tx) error {
		rec, u, err := tx.ticket(t)
		if err != nil {
			return err
		}
		ticket, err = tx.publicTicket(u, rec)
		return err
	})
	return ticket, err
}

// ticketOf returns the living ticket of a token. The API key of a disabled user
// is ErrNoTicket.
func (a *Authority) ticketOf(r store.Records, t Token) (store.Ticket, error) {
	if t.IsZero() {
		return store.Ticket{}, ErrNoTicket
	}
	rec, err := a.sessions.UsableTicket(r, t.hash(), a.now())
	return rec, noTicket(err)
}

func (tx *Tx) publicTicket(u User, t store.Ticket) (Ticket, error) {
	public := tx.plainTicket(u.Name, t)
	if t.Narrowed {
		groups, err := tx.groupsOf(t.Groups, nil)
		if err != nil {
			return Ticket{}, err
		}
		public.Groups = groupNames(groups)
	}
	_, omitted, err := tx.ticketActivity(t)
	if len(omitted) > 0 {
		public.Omitted = groupNames(omitted)
	}
	return public, err
}

// plainTicket returns a ticket without Groups and Omitted.
func (tx *Tx) plainTicket(user string, t store.Ticket) Ticket {
	addr, _ := netip.ParseAddr(t.Addr) // empty: not known
	return Ticket{
		ID:               t.ID,
		UserID:           t.User,
		User:             user,
		Key:              t.Key,
		Label:            t.Label,
		Created:          t.Created,
		LastSeen:         tx.a.sessions.LastSeen(t),
		Expires:          t.Expires,
		Addr:             addr,
		UserAgent:        t.UserAgent,
		Remembered:       tx.a.cfg.remembered(t),
		KeepWhenDisabled: t.Kept,
	}
}

// remembered reports whether a ticket was made by a login with Remember, as far
// as its idle limit shows. No decision depends on the answer.
func (c *Config) remembered(t store.Ticket) bool { return !t.Key && t.Idle > c.IdleLimit }

// Tickets lists the living tickets of a user, API keys too, in the order in
// which they were made. (Created may be earlier; see Login.AuthenticatedAt.) A
// login beyond Config.MaxTickets ends the first ticket that is not an API key.
func (a *Authority) Tickets(ctx context.Context, user string) ([]Ticket, error) {
	var tickets []Ticket
	err := a.View(ctx, func(tx *Tx) error {
		tickets = nil
		u, err := tx.user(user)
		if err != nil {
			return err
		}
		records, err := tx.r.UserTickets(u.ID)
		if err != nil {
			return err
		}
		session.InOrderOfIssue(records)
		for _, rec := range records {
			if !a.sessions.Living(rec, tx.now) {
				continue
			}
			t, err := tx.publicTicket(User(u.User), rec)
			if err != nil {
				return err
			}
			tickets = append(tickets, t)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return tickets, nil
}

// Logout ends the ticket of a token. ErrNoTicket if there is no living ticket:
// then nobody is logged in with the token, either.
//
// A ticket that this Authority has cached ends everywhere even if the store has
// lost its row, for example by an operator's DELETE.
func (a *Authority) Logout(ctx context.Context, t Token) error {
	if t.IsZero() {
		return ErrNoTicket
	}
	dead := false
	err := a.Update(ctx, func(tx *Tx) error {
		rec, err := a.sessions.AnyTicket(tx.r, t.hash())
		if err != nil {
			return noTicket(err)
		}
		// Dead as far as this Authority knows: another process may have seen a
		// use, so the ticket is ended all the same.
		dead = !a.sessions.Living(rec, tx.now)
		u, err := tx.r.LockUser(rec.User)
		if err != nil {
			return noTicket(err)
		}
		tx.actAs(User(u.User), !dead)
		return errors.Join(tx.countPaced(u), tx.endTicket("Logout", User(u.User), rec))
	})
	if err != nil {
		return err
	}
	a.sessions.EvictTicket(t.hash())
	if dead {
		return ErrNoTicket
	}
	return nil
}

// LogoutUser ends all tickets of a user, API keys too, and all links of the user.
// LogoutUser returns how many of the tickets were alive.
//
// LogoutUser always writes a Change, which evicts the user's tickets from every
// Authority, unless the user never had a ticket. Tickets whose rows the store
// has lost therefore end, too.
func (a *Authority) LogoutUser(ctx context.Context, user string) (ended int, err error) {
	err = a.Update(ctx, func(tx *Tx) (err error) {
		ended, err = tx.endTicketsOf(user, nil)
		return err
	})
	if err != nil {
		return 0, err
	}
	return ended, nil
}

// LogoutIdle ends the tickets of a user, or with an empty name of every user,
// that were last used before the given time, as after an abnormal exit of their
// clients. LogoutIdle returns how many of the tickets were alive. LastSeen lags
// by up to a minute and the call allows for the lag: a ticket that was used at
// or after that time is not ended, and a ticket used less than a minute before
// may be left. (A use in another process counts when written, seconds later.)
// API keys are left. A zero time, or a time outside the years 1970 to 9999, is
// ErrInvalid.
func (a *Authority) LogoutIdle(ctx context.Context, user string, lastSeenBefore time.Time) (ended int, err error) {
	if lastSeenBefore.IsZero() {
		return 0, invalid("ticket", "", "LastSeen", "zero time")
	}
	if err := validTime("ticket", "", "LastSeen", lastSeenBefore); err != nil {
		return 0, err
	}
	before := instant(lastSeenBefore).Add(-session.Lag)
	err = a.Update(ctx, func(tx *Tx) error {
		var only store.UserRecord
		if user != "" {
			var err error
			if only, err = tx.user(user); err != nil {
				return err
			}
		}
		var err error
		ended, err = tx.endIdle(before, func(t store.Ticket) bool { return user == "" || t.User == only.ID })
		return err
	})
	if err != nil {
		return 0, err
	}
	return ended, nil
}

// endIdle ends the meant tickets, except API keys, that were last seen before a
// time.
func (tx *Tx) endIdle(before time.Time, meant func(store.Ticket) bool) (ended int, err error) {
	for t, err := range tx.r.Tickets(store.TicketFilter{SeenBefore: before}) {
		if err != nil {
			return 0, err
		}
		if t.Key || !meant(t.Ticket) || !tx.a.sessions.LastSeen(t.Ticket).Before(before) {
			continue
		}
		if tx.a.sessions.Living(t.Ticket, tx.now) {
			ended++
		}
		if err := tx.endTicket("RevokeTicket", User{ID: t.User, Name: t.UserName}, t.Ticket); err != nil {
			return 0, err
		}
	}
	return ended, nil
}

// RevokeTicket ends one ticket of a user, an API key too. ErrNotFound unless
// the ticket is the user's. As with Logout, a cached ticket ends even if the
// store has lost its row.
func (a *Authority) RevokeTicket(ctx context.Context, user string, id uuid.UUID) error {
	return a.Update(ctx, func(tx *Tx) error {
		u, err := tx.lockUser(user)
		if err != nil {
			return err
		}
		t, err := a.sessions.TicketByID(tx.r, id)
		if err == nil && t.User != u.ID {
			err = ErrNotFound
		}
		if err != nil {
			return named(err, "ticket", id.String())
		}
		return errors.Join(tx.countPaced(u), tx.endTicket("RevokeTicket", User(u.User), t))
	})
}

// Check identifies a token in this transaction, its own changes included, and
// checks a predicate. Inside an Update, the decision and the action are one
// transaction: the right cannot be revoked in between. Check does not count as
// a use of the ticket.
//
// Errors: those of Identify and of the function Check.
func (tx *Tx) Check(t Token, p Predicate) error {
	id, err := tx.identify(t)
	if err != nil {
		return err
	}
	return Check(id, p)
}

func (tx *Tx) identify(t Token) (*Identity, error) {
	p, err := tx.compiled()
	if err != nil {
		return nil, err
	}
	if t.IsZero() {
		return newAnonymous(p, &tx.a.noTicket), nil
	}
	id, err := tx.a.sessions.IdentifyIn(tx.r, p, t.hash(), tx.now)
	return identityIn(id), noTicket(err)
}

// compiled returns the policy in this transaction. After a change the policy
// belongs to this transaction alone, since the change may yet be rolled back.
func (tx *Tx) compiled() (*policy.Policy, error) {
	if p, ok := tx.a.replica.State().After(&tx.changes); ok {
		return p, nil
	}
	return replica.Load(tx.r)
}
