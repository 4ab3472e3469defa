package rbac

import (
	"context"
	"errors"
	"slices"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/store"
)

// endAllTickets ends all tickets of a user, API keys included. The caller
// writes a Change of the user in any case.
func (tx *Tx) endAllTickets(u User) error {
	tickets, err := tx.r.UserTickets(u.ID)
	if err != nil {
		return err
	}
	return tx.endTickets(u, tickets)
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
	tx.ended = append(tx.ended, c)
	return tx.log(c, nil, nil)
}

// logEnded logs the tickets that a committed Update has ended.
func (a *Authority) logEnded(ctx context.Context, ended []Change) {
	for _, c := range ended {
		a.log.InfoContext(ctx, "rbac: ticket ended", "action", c.Action, "user", c.Subject, "ticket", c.Object)
	}
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
func (tx *Tx) ticketsIn(groups []uuid.UUID) ([]store.Ticket, error) {
	return store.Collect(tx.r.Tickets(store.TicketFilter{Groups: groups}))
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
