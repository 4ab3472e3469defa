package rbac

import (
	"errors"
	"slices"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/internal/session"
	"github.com/rbac-go/rbac/store"
)

// EndTickets ends all tickets of a user, or with an empty name of every user,
// except the tickets with the given ids. EndTickets returns how many of the
// ended tickets were alive. API keys end, too: to keep a key, give its id. Ids
// of other tickets, and of no ticket, are ignored.
//
// Every Authority sees the end of each ticket like any change. Without
// exceptions, EndTickets for a user is [Authority.LogoutUser] inside an Update:
// a Change evicts the user from every Authority even if the store has lost the
// rows of the tickets.
//
// In an UpdateAs, the tickets of a user are for those who may administer the
// user, and the tickets of every user for holders of [Config.Administer]. The
// cost grows with the number of tickets, since a Change is written for each, and
// other Updates wait meanwhile: 10,000 tickets take 2 s on SQLite and 5 s on
// PostgreSQL.
//
// Errors: ErrNotFound for an unknown user; ErrInvalid for an impossible name.
func (tx *Tx) EndTickets(user string, except ...uuid.UUID) (ended int, err error) {
	if user == "" {
		return tx.endTicketsOfAll(except)
	}
	return tx.endTicketsOf(user, except)
}

// endTicketsOf ends the tickets of a user, in the store and in the cache.
func (tx *Tx) endTicketsOf(user string, except []uuid.UUID) (ended int, err error) {
	u, err := tx.lockUser(user)
	if err == nil {
		err = tx.mayManage(u.ID)
	}
	if err != nil {
		return 0, err
	}
	tickets, err := tx.r.UserTickets(u.ID)
	if err != nil {
		return 0, err
	}
	gone := tx.a.sessions.CachedTickets(func(t store.Ticket) bool {
		return t.User == u.ID && !slices.ContainsFunc(tickets, func(o store.Ticket) bool { return o.ID == t.ID })
	})
	kept := func(t store.Ticket) bool { return slices.Contains(except, t.ID) }
	tickets, gone = slices.DeleteFunc(tickets, kept), slices.DeleteFunc(gone, kept)
	for _, t := range tickets {
		if tx.living(t) {
			ended++
		}
	}
	for _, t := range gone {
		if tx.wasLiving(t) {
			ended++
		}
	}
	tickets = append(tickets, gone...)
	switch {
	case len(tickets) > 0:
		err = errors.Join(tx.countPaced(u), tx.endTickets(User(u.User), tickets))
	case len(except) == 0 && !u.LastLogin.IsZero():
		err = tx.log(Change{Action: "LogoutUser", Subject: u.Name, SubjectID: u.ID}, nil, nil)
	}
	if err == nil {
		err = tx.write(func() error { return tx.endLinks(User(u.User)) })
	}
	if err != nil {
		return 0, err
	}
	return ended, nil
}

// endTicketsOfAll ends the tickets of every user, in the store and the cache.
func (tx *Tx) endTicketsOfAll(except []uuid.UUID) (ended int, err error) {
	if err := tx.writable(nil); err != nil {
		return 0, err
	}
	end := func(user string, t store.Ticket, alive bool) error {
		if alive {
			ended++
		}
		return tx.endTicket("RevokeTicket", User{ID: t.User, Name: user}, t)
	}
	known := map[uuid.UUID]bool{}
	for _, id := range except {
		known[id] = true
	}
	for t, err := range tx.r.Tickets(store.TicketFilter{}) {
		if err == nil && !known[t.ID] {
			known[t.ID] = true
			err = end(t.UserName, t.Ticket, tx.living(t.Ticket))
		}
		if err != nil {
			return 0, err
		}
	}
	for _, t := range tx.a.sessions.CachedTickets(func(t store.Ticket) bool { return !known[t.ID] }) {
		u, err := tx.r.User(store.UserKey{ID: t.User})
		if err == nil {
			err = end(u.Name, t, tx.wasLiving(t))
		}
		if err != nil && !errors.Is(err, ErrNotFound) { // not found: the user is gone, and so is the ticket
			return 0, err
		}
	}
	if err := tx.write(tx.endLinksOfAll); err != nil {
		return 0, err
	}
	return ended, nil
}

// wasLiving is living for a cached ticket without a record. The ticket may have
// been ended by a change that this Authority has not seen yet, and does not
// count then.
func (tx *Tx) wasLiving(t store.Ticket) bool {
	return tx.a.replica.State().At(tx.changes.From) && tx.living(t)
}

// endAllTickets ends all tickets of a user, API keys included. The caller
// writes a Change of the user in any case.
func (tx *Tx) endAllTickets(u User) error {
	tickets, err := tx.r.UserTickets(u.ID)
	if err != nil {
		return err
	}
	return tx.endTickets(u, tickets)
}

// endByDisabling ends the tickets of a user who is disabled.
func (tx *Tx) endByDisabling(u User) error {
	tickets, err := session.EndedByDisabling(tx.r, u.ID)
	return errors.Join(err, tx.endTickets(u, tickets))
}

// endTickets ends tickets of a user, with a Change for each.
func (tx *Tx) endTickets(u User, tickets []store.Ticket) error {
	for _, t := range tickets {
		if err := tx.endTicket("RevokeTicket", u, t); err != nil {
			return err
		}
	}
	return nil
}

// endTicket deletes a ticket and writes a Change, because other processes may
// have cached the ticket.
func (tx *Tx) endTicket(action string, u User, t store.Ticket) error {
	err := tx.r.DeleteTicket(t.ID)
	if err != nil && !errors.Is(err, ErrNotFound) { // not found: swept meanwhile
		return err
	}
	c := Change{Action: action, Subject: u.Name, SubjectID: u.ID, Object: t.ID.String(), ObjectID: t.ID}
	return tx.log(c, nil, nil)
}

// A narrowed ticket starts with the groups it was issued with and can only lose
// groups. A group that the user is no longer authorized for leaves the ticket,
// and does not come back when the user is authorized again. So tickets are
// pruned after each change that takes a group from a user. Because a membership
// can end without a change, tickets are pruned before each change that may give
// a group, too.

// narrowedTickets returns the tickets in which a group, or a group that it
// inherits, is active by name.
func (tx *Tx) narrowedTickets(group uuid.UUID) ([]store.Ticket, error) {
	groups, err := tx.rules().Juniors(group)
	if err != nil {
		return nil, err
	}
	return tx.ticketsIn(groups)
}

// ticketsIn returns the tickets in which any of the groups is active by name.
func (tx *Tx) ticketsIn(groups []uuid.UUID) (list []store.Ticket, err error) {
	for t, err := range tx.r.Tickets(store.TicketFilter{Groups: groups}) {
		if err != nil {
			return nil, err
		}
		list = append(list, t.Ticket)
	}
	return list, nil
}

// pruneUserTickets prunes the narrowed tickets of a user.
func (tx *Tx) pruneUserTickets(u User) error {
	tickets, err := tx.r.UserTickets(u.ID)
	if err != nil {
		return err
	}
	return tx.pruneTickets(slices.DeleteFunc(tickets, func(t store.Ticket) bool { return !t.Narrowed }))
}

// pruneTickets removes the groups from narrowed tickets that the users of the
// tickets are not authorized for.
func (tx *Tx) pruneTickets(tickets []store.Ticket) error {
	for _, t := range tickets {
		authorized, err := tx.rules().AuthorizedGroups(t.User)
		if err != nil {
			return err
		}
		kept := slices.DeleteFunc(slices.Clone(t.Groups), func(g uuid.UUID) bool { return !slices.Contains(authorized, g) })
		if len(kept) == len(t.Groups) {
			continue
		}
		u, err := tx.r.User(store.UserKey{ID: t.User})
		if err != nil {
			return err
		}
		before, err := tx.groupsOf(t.Groups, nil)
		if err != nil {
			return err
		}
		if err := tx.narrowTicket("DropActiveGroup", User(u.User), t, groupNames(before), kept); err != nil {
			return err
		}
	}
	return nil
}

// narrowTicket replaces the groups of a ticket.
func (tx *Tx) narrowTicket(action string, u User, t store.Ticket, before []string, groups []uuid.UUID) error {
	after, err := tx.groupsOf(groups, nil)
	if err != nil {
		return err
	}
	err = tx.r.SetTicketGroups(t.ID, groups)
	if errors.Is(err, ErrNotFound) {
		return nil // swept meanwhile
	}
	if err != nil {
		return err
	}
	c := Change{Action: action, Subject: u.Name, SubjectID: u.ID, Object: t.ID.String(), ObjectID: t.ID}
	return tx.log(c, ticketGroups{before}, ticketGroups{groupNames(after)})
}

// ticketGroups is the record of a ticket's active groups in the change log.
type ticketGroups struct {
	Groups []string `json:"groups"`
}
