package storetest

import (
	"errors"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/store"
)

// valuing mishandles the values of tickets.
type valuing struct{ store.Records }

func (r valuing) PutTicketValue(v store.TicketValue) error {
	v.Key = strings.ToLower(v.Key)
	return r.Records.PutTicketValue(v)
}

func (r valuing) TicketValues(ticket uuid.UUID) ([]store.TicketValue, error) {
	list, err := r.Records.TicketValues(ticket)
	slices.Reverse(list)
	return list, err
}

func (r valuing) DeleteTicketValue(ticket uuid.UUID, _ string) error {
	list, err := r.TicketValues(ticket)
	for _, v := range list {
		err = errors.Join(err, r.Records.DeleteTicketValue(ticket, v.Key))
	}
	return err
}

func (r valuing) SetTicketGroups(id uuid.UUID, groups []uuid.UUID) error {
	return errors.Join(r.DeleteTicketValue(id, ""), r.Records.SetTicketGroups(id, groups))
}

// outliving keeps values after their ticket, and keeps tickets for the sake of
// their values.
type outliving struct {
	store.Records
	store *faulty
}

func (r outliving) AddTicket(t store.Ticket) error {
	old, known := r.store.tickets[t.ID]
	r.store.tickets[t.ID] = t
	if err := r.Records.AddTicket(t); err != nil || !known {
		return err
	}
	return r.Records.PutTicketValue(store.TicketValue{Ticket: old.ID, Key: "a", Value: "1"})
}

func (r outliving) PutTicketValue(v store.TicketValue) error {
	err := r.Records.PutTicketValue(v)
	if t, ok := r.store.tickets[v.Ticket]; ok && err == store.ErrNotFound {
		return errors.Join(r.Records.AddTicket(t), r.Records.PutTicketValue(v))
	}
	if err == store.ErrNotFound {
		return nil
	}
	return err
}
