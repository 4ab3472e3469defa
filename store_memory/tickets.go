package memorystore

import (
	"bytes"
	"iter"
	"math"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/internal/persistent"
	"github.com/rbac-go/rbac/store"
)

func (t *tx) Ticket(k store.TicketKey) (store.Ticket, error) {
	return read(t, func(s *state) (store.Ticket, error) {
		if k.Hash != (store.TokenHash{}) {
			return foundTicket(byIndex(&s.ticketHashes, &s.tickets, string(k.Hash[:])))
		}
		return foundTicket(s.tickets.Get(idKey(k.ID)))
	})
}

func (t *tx) UserTickets(user uuid.UUID) ([]store.Ticket, error) {
	return read(t, func(s *state) (list []store.Ticket, _ error) {
		for _, id := range s.userTickets.Under(idKey(user)) {
			r, _ := s.tickets.Get(idKey(id))
			list = append(list, copyTicket(r))
		}
		return list, nil
	})
}

func (t *tx) Tickets(f store.TicketFilter) iter.Seq2[store.UserTicket, error] {
	f.Groups = slices.Clone(f.Groups)
	return list(t, func(s *state) iter.Seq[*store.UserTicket] {
		return func(yield func(*store.UserTicket) bool) {
			for r := range s.selectTickets(f) {
				u, _ := s.users.Get(idKey(r.User))
				if !yield(&store.UserTicket{Ticket: *r, UserName: u.Name}) {
					return
				}
			}
		}
	}, func(r *store.UserTicket) store.UserTicket {
		return store.UserTicket{Ticket: copyTicket(&r.Ticket), UserName: r.UserName}
	})
}

// selectTickets yields the tickets that the filter selects.
func (s *state) selectTickets(f store.TicketFilter) iter.Seq[*store.Ticket] {
	switch {
	case f.Newest:
		return s.selectNewest(f)
	case f.Groups != nil:
		var ids []uuid.UUID
		for _, g := range f.Groups {
			for _, id := range s.groupTickets.Under(idKey(g)) {
				ids = append(ids, id)
			}
		}
		return s.ticketsByID(ids)
	case !f.SeenBefore.IsZero():
		return s.ticketsByID(below(&s.seenTickets, timeKey(f.SeenBefore), math.MaxInt))
	}
	return func(yield func(*store.Ticket) bool) {
		for _, r := range s.tickets.From("") {
			if !yield(r) {
				return
			}
		}
	}
}

// selectNewest scans the tickets of a user, or the tickets of all users from a
// place on.
func (s *state) selectNewest(f store.TicketFilter) iter.Seq[*store.Ticket] {
	from := ""
	if f.After != (store.TicketPlace{}) {
		from = newestKey(f.After.Created, f.After.ID) + "\x00"
	}
	rows := s.newestTickets.From(from)
	if f.User != uuid.Nil {
		var own persistent.Tree[uuid.UUID]
		for _, id := range s.userTickets.Under(idKey(f.User)) {
			r, _ := s.tickets.Get(idKey(id))
			own.Set(0, newestKey(r.Created, id), id)
		}
		rows = own.From(from)
	}
	return func(yield func(*store.Ticket) bool) {
		for _, id := range rows {
			r, _ := s.tickets.Get(idKey(id))
			if f.Kind != store.AnyTicket && r.Key != (f.Kind == store.KeyTicket) {
				continue
			}
			if !yield(r) {
				return
			}
		}
	}
}

// newestKey sorts by time and id, the greatest first.
func newestKey(created time.Time, id uuid.UUID) string {
	b := []byte(timeKey(created) + idKey(id))
	for i := range b {
		b[i] = ^b[i]
	}
	return string(b)
}

func (t *tx) AddTicket(r store.Ticket) error {
	own(&r.Label, &r.Addr, &r.UserAgent)
	r.Groups = slices.Clone(r.Groups)
	return t.change("add ticket", func(s *state) error {
		if !s.users.Has(idKey(r.User)) {
			return errNoRef
		}
		if err := add(s, &s.tickets, idKey(r.ID), &r); err != nil {
			return err
		}
		s.userTickets.Set(s.stamp, idKey(r.User)+timeKey(r.Created)+idKey(r.ID), r.ID)
		s.newestTickets.Set(s.stamp, newestKey(r.Created, r.ID), r.ID)
		s.indexSeen(&r)
		s.expiryTickets.Set(s.stamp, timeKey(r.Expires)+idKey(r.ID), r.ID)
		if err := s.indexTicketGroups(&r); err != nil {
			return err
		}
		return s.claim(&s.ticketHashes, string(r.Hash[:]), r.ID)
	})
}

func (t *tx) SetTicketGroups(id uuid.UUID, groups []uuid.UUID) error {
	return t.change("set ticket groups", func(s *state) error {
		old, ok := s.tickets.Get(idKey(id))
		if !ok {
			return store.ErrNotFound
		}
		r := *old
		r.Narrowed, r.Groups = true, slices.Clone(groups)
		s.unindexTicketGroups(old)
		s.tickets.Set(s.stamp, idKey(id), &r)
		return s.indexTicketGroups(&r)
	})
}

func (t *tx) SetTicketExpires(id uuid.UUID, expires time.Time) error {
	return t.change("set ticket expires", func(s *state) error {
		old, ok := s.tickets.Get(idKey(id))
		if !ok {
			return store.ErrNotFound
		}
		r := *old
		r.Expires = expires
		s.expiryTickets.Delete(s.stamp, timeKey(old.Expires)+idKey(id))
		s.expiryTickets.Set(s.stamp, timeKey(expires)+idKey(id), id)
		s.tickets.Set(s.stamp, idKey(id), &r)
		return nil
	})
}

func (t *tx) TouchTicket(id uuid.UUID, seen time.Time) error {
	return t.change("touch ticket", func(s *state) error {
		old, ok := s.tickets.Get(idKey(id))
		if !ok || !seen.After(old.LastSeen) {
			return nil
		}
		r := *old
		r.LastSeen = seen
		s.unindexSeen(old)
		s.indexSeen(&r)
		s.tickets.Set(s.stamp, idKey(id), &r)
		return nil
	})
}

func (t *tx) DeleteTicket(id uuid.UUID) error {
	return t.change("delete ticket", func(s *state) error {
		r, ok := s.tickets.Get(idKey(id))
		if !ok {
			return store.ErrNotFound
		}
		s.dropTicket(r)
		return nil
	})
}

func (t *tx) DeleteDeadTickets(at time.Time, limit int) (n int, err error) {
	err = t.change("delete dead tickets", func(s *state) error {
		dead := below(&s.expiryTickets, after(at), limit)
		dead = append(dead, below(&s.idleTickets, after(at), limit)...)
		for _, id := range dead {
			if n == limit {
				break
			}
			// A ticket dead for both reasons is found once only.
			if r, ok := s.tickets.Get(idKey(id)); ok {
				s.dropTicket(r)
				n++
			}
		}
		return nil
	})
	return n, err
}

// indexSeen enters a ticket into the indexes that follow LastSeen.
func (s *state) indexSeen(r *store.Ticket) {
	s.seenTickets.Set(s.stamp, timeKey(r.LastSeen)+idKey(r.ID), r.ID)
	if !r.Key {
		s.idleTickets.Set(s.stamp, timeKey(r.LastSeen.Add(r.Idle))+idKey(r.ID), r.ID)
	}
}

func (s *state) unindexSeen(r *store.Ticket) {
	s.seenTickets.Delete(s.stamp, timeKey(r.LastSeen)+idKey(r.ID))
	s.idleTickets.Delete(s.stamp, timeKey(r.LastSeen.Add(r.Idle))+idKey(r.ID))
}

func (s *state) indexTicketGroups(r *store.Ticket) error {
	for _, g := range r.Groups {
		if !s.groups.Has(idKey(g)) {
			return errNoRef
		}
		s.groupTickets.Set(s.stamp, idKey(g)+idKey(r.ID), r.ID)
	}
	return nil
}

func (s *state) unindexTicketGroups(r *store.Ticket) {
	for _, g := range r.Groups {
		s.groupTickets.Delete(s.stamp, idKey(g)+idKey(r.ID))
	}
}

func (s *state) dropTicket(r *store.Ticket) {
	s.dropTicketValues(r.ID)
	s.unindexTicketGroups(r)
	s.userTickets.Delete(s.stamp, idKey(r.User)+timeKey(r.Created)+idKey(r.ID))
	s.newestTickets.Delete(s.stamp, newestKey(r.Created, r.ID))
	s.unindexSeen(r)
	s.expiryTickets.Delete(s.stamp, timeKey(r.Expires)+idKey(r.ID))
	s.ticketHashes.Delete(s.stamp, string(r.Hash[:]))
	s.tickets.Delete(s.stamp, idKey(r.ID))
}

// ticketsByID yields each ticket once, by id.
func (s *state) ticketsByID(ids []uuid.UUID) iter.Seq[*store.Ticket] {
	slices.SortFunc(ids, func(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) })
	return func(yield func(*store.Ticket) bool) {
		for _, id := range slices.Compact(ids) {
			if r, _ := s.tickets.Get(idKey(id)); !yield(r) {
				return
			}
		}
	}
}

// below returns the first ids with keys less than end, at most max.
func below(index *persistent.Tree[uuid.UUID], end string, max int) (ids []uuid.UUID) {
	for key, id := range index.From("") {
		if key >= end || len(ids) >= max {
			break
		}
		ids = append(ids, id)
	}
	return ids
}

// after returns a key above all keys that begin with the time.
func after(t time.Time) string { return timeKey(t.Add(time.Nanosecond)) }

func foundTicket(r *store.Ticket, ok bool) (store.Ticket, error) {
	if !ok {
		return store.Ticket{}, store.ErrNotFound
	}
	return copyTicket(r), nil
}

func copyTicket(r *store.Ticket) store.Ticket {
	c := *r
	c.Groups = slices.Clone(r.Groups)
	if c.Narrowed && c.Groups == nil {
		// Narrowed to no group must not be mistaken for all groups.
		c.Groups = []uuid.UUID{}
	}
	return c
}
