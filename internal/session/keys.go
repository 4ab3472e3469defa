package session

import (
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/store"
)

// An API key can outlive the disabling of its user. The mark of such a key is a
// ticket value: few keys are marked, and the mark is read when a user is
// disabled and when keys are listed, never to identify a request. No host can
// set the mark, because the keys of a host's values have no control characters.
const (
	keptKey   = "\x01kept"
	keptValue = "1"
)

// IssuedKey is the record of an API key in the change log.
type IssuedKey struct {
	Label            string    `json:"label"`
	Groups           []string  `json:"groups,omitempty"`
	Expires          time.Time `json:"expires"`
	KeepWhenDisabled bool      `json:"keep_when_disabled,omitempty"`
	Rotates          string    `json:"rotates,omitempty"` // the id of the key before
}

// AddKey adds an API key. If keep is set, the key outlives the disabling of its
// user.
func AddKey(r store.Records, key store.Ticket, keep bool) error {
	if err := r.AddTicket(key); err != nil || !keep {
		return err
	}
	return r.PutTicketValue(store.TicketValue{Ticket: key.ID, Key: keptKey, Value: keptValue})
}

// Kept reports whether a ticket is an API key that outlives the disabling of
// its user.
func Kept(r store.Records, t store.Ticket) (bool, error) {
	if !t.Key {
		return false, nil
	}
	values, err := r.TicketValues(t.ID)
	return slices.ContainsFunc(values, func(v store.TicketValue) bool { return v.Key == keptKey }), err
}

// EndedByDisabling returns the tickets of a user that end when the user is
// disabled.
func EndedByDisabling(r store.Records, user uuid.UUID) (ended []store.Ticket, err error) {
	tickets, err := r.UserTickets(user)
	for _, t := range tickets {
		kept, err := Kept(r, t)
		if err != nil {
			return nil, err
		}
		if !kept {
			ended = append(ended, t)
		}
	}
	return ended, err
}

// NextKey returns the API key that takes the place of old: made now, with
// another id and hash, and with the end of old if end is zero. If there can be
// no such key, NextKey returns the reason.
func NextKey(
	old store.Ticket, hash store.TokenHash, now, end time.Time, overlap time.Duration,
) (next store.Ticket, reason string) {
	switch {
	case overlap < 0:
		return next, "a negative overlap"
	case !end.IsZero() && (!end.After(now) || end.Year() > 9999):
		return next, "an end that is not in the future, or beyond the year 9999"
	}
	next = again(old, hash, now)
	if !end.IsZero() {
		next.Expires = end
	}
	return next, ""
}

// EndAfter lets a ticket end at a time, unless it ends earlier anyway. The
// record is written anew, with the values of the ticket, in a transaction that
// has locked the user. A Change of the user has to follow, or to come before:
// others may have cached the ticket.
func EndAfter(r store.Records, t store.Ticket, end time.Time) error {
	if !end.Before(t.Expires) {
		return nil
	}
	values, err := r.TicketValues(t.ID)
	if err != nil {
		return err
	}
	t.Expires = end
	if err := errors.Join(r.DeleteTicket(t.ID), r.AddTicket(t)); err != nil {
		return err
	}
	for _, v := range values {
		if err := r.PutTicketValue(v); err != nil {
			return err
		}
	}
	return nil
}

// Usable reports whether a ticket from the store is within its limits, and its
// user may use it. The sessions of a user end when the user is disabled, so
// only an API key can have a disabled user.
func (m *Manager) Usable(r store.Records, t store.Ticket, now time.Time) (bool, error) {
	if !m.Living(t, now) {
		return false, nil
	}
	if !t.Key {
		return true, nil
	}
	u, err := r.User(store.UserKey{ID: t.User})
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil && !u.Disabled, err
}

// UsableTicket is LivingTicket for a ticket that its user may use.
func (m *Manager) UsableTicket(
	r store.Records, hash store.TokenHash, now time.Time,
) (store.Ticket, error) {
	t, err := m.LivingTicket(r, hash, now)
	if err != nil {
		return t, err
	}
	usable, err := m.Usable(r, t, now)
	if err == nil && !usable {
		err = store.ErrNotFound
	}
	return t, err
}
