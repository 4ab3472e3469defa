package rbac

import (
	"iter"
	"net/netip"

	"github.com/rbac-go/rbac/internal/policy"
	"github.com/rbac-go/rbac/store"

	"github.com/rbac-go/rbac/internal/network"
)

// TicketKind is a condition on tickets in a [TicketQuery].
type TicketKind uint8

const (
	AnyTicket     TicketKind = iota // sessions and API keys
	SessionTicket                   // login sessions
	KeyTicket                       // API keys
)

// TicketQuery selects tickets of all users. The zero query selects all. A
// ticket has to meet every field that is set.
//
// User and Kind are served by an index. Addr is compared with each ticket that
// User and Kind select, from After on, until Limit tickets are found: a million
// tickets without a match are read in up to 10 s.
type TicketQuery struct {
	User string       // only the tickets of this user, in any form of the name
	Addr netip.Prefix // only tickets whose Addr is in this network; zero: any, and none
	Kind TicketKind   // only tickets of this kind

	// After is the last ticket of the page before: only tickets that follow it
	// in the listing. Only Created and ID count, and the ticket may have ended.
	// Zero: the first page.
	After Ticket

	Limit int // at most this many; 0: no limit
}

// Tickets lists the living tickets that a query selects, newest first: by
// Created and then ID, descending. [Authority.Tickets] lists the tickets of one
// user in the order in which they were made.
//
// Errors: ErrNotFound for an unknown User; ErrInvalid for an impossible name, an
// invalid Addr, an unknown Kind, and an After whose Created is outside the years
// 1970 to 9999.
func (tx *Tx) Tickets(q TicketQuery) iter.Seq2[Ticket, error] {
	return lazily(func() (iter.Seq2[Ticket, error], error) {
		f, err := tx.ticketFilter(q)
		if err != nil {
			return nil, err
		}
		p, err := tx.a.replica.PolicyIn(tx.r, &tx.changes)
		return tx.tickets(f, q, p), err
	})
}

func (tx *Tx) ticketFilter(q TicketQuery) (f store.TicketFilter, err error) {
	f = store.TicketFilter{
		Newest: true,
		Kind:   store.TicketKind(q.Kind),
		After:  store.TicketPlace{Created: instant(q.After.Created), ID: q.After.ID},
	}
	if err := validTime("ticket query", "", "After", q.After.Created); err != nil {
		return f, err
	}
	if q.Kind > KeyTicket {
		return f, invalid("ticket query", "", "Kind", "unknown")
	}
	if _, ok := network.Prefix(q.Addr); !ok && q.Addr != (netip.Prefix{}) {
		return f, invalid("ticket query", "", "Addr", "not a network")
	}
	if q.User != "" {
		u, err := tx.user(q.User)
		if err != nil {
			return f, err
		}
		f.User = u.ID
	}
	return f, nil
}

// tickets lists the living tickets in q.Addr, q.Limit at most.
func (tx *Tx) tickets(f store.TicketFilter, q TicketQuery, p *policy.Policy) iter.Seq2[Ticket, error] {
	net, bounded := network.Prefix(q.Addr)
	return func(yield func(Ticket, error) bool) {
		n := 0
		for rec, err := range tx.r.Tickets(f) {
			if err != nil {
				yield(Ticket{}, err)
				return
			}
			if !tx.living(rec.Ticket) {
				continue
			}
			t := tx.plainTicket(rec.UserName, rec.Ticket)
			if bounded && !net.Contains(network.Addr(t.Addr)) {
				continue
			}
			if err := tx.addGroups(&t, rec.Ticket, p); err != nil {
				yield(Ticket{}, err)
				return
			}
			if n++; !yield(t, nil) || n == q.Limit {
				return
			}
		}
	}
}

// addGroups sets Groups and Omitted by a policy. Without dynamic separation
// sets, no group can be omitted, and the memberships of the user are not read.
func (tx *Tx) addGroups(t *Ticket, rec store.Ticket, p *policy.Policy) error {
	if rec.Narrowed {
		t.Groups = p.NamesByID(rec.Groups)
	}
	if p.CountSeparations() == 0 {
		return nil
	}
	memberships, err := tx.r.UserMemberships(rec.User)
	if err != nil {
		return err
	}
	_, omitted := p.AcrossScopes(p.Activate(p.Assigned(memberships, tx.now), rec))
	for _, g := range omitted {
		t.Omitted = append(t.Omitted, g.Name)
	}
	return nil
}
