package memorystore

import (
	"github.com/google/uuid"

	"github.com/rbac-go/rbac/store"
)

func (t *tx) TicketValues(ticket uuid.UUID) ([]store.TicketValue, error) {
	return read(t, func(s *state) ([]store.TicketValue, error) {
		return copies(s.ticketValues.Under(idKey(ticket))), nil
	})
}

func (t *tx) PutTicketValue(v store.TicketValue) error {
	own(&v.Key, &v.Value)
	return t.change("put ticket value", func(s *state) error {
		if !s.tickets.Has(idKey(v.Ticket)) {
			return store.ErrNotFound
		}
		s.ticketValues.Set(s.stamp, idKey(v.Ticket)+v.Key, &v)
		return nil
	})
}

func (t *tx) DeleteTicketValue(ticket uuid.UUID, key string) error {
	return t.change("delete ticket value", func(s *state) error {
		return remove(s, &s.ticketValues, idKey(ticket)+key)
	})
}

func (s *state) dropTicketValues(ticket uuid.UUID) {
	var keys []string // a tree must not be written while the tree is read
	for key := range s.ticketValues.Under(idKey(ticket)) {
		keys = append(keys, key)
	}
	for _, key := range keys {
		s.ticketValues.Delete(s.stamp, key)
	}
}
