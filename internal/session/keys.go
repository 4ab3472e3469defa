package session

import (
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/store"
)

// IssuedKey is the record of an API key in the change log.
type IssuedKey struct {
	Label            string    `json:"label"`
	Groups           []string  `json:"groups,omitempty"`
	Expires          time.Time `json:"expires"`
	KeepWhenDisabled bool      `json:"keep_when_disabled,omitempty"`
	Rotates          string    `json:"rotates,omitempty"` // the id of the key before
}

// EndedByDisabling returns the tickets of a user that end when the user is
// disabled.
func EndedByDisabling(r store.TicketRecords, user uuid.UUID) ([]store.Ticket, error) {
	tickets, err := r.UserTickets(user)
	return slices.DeleteFunc(tickets, func(t store.Ticket) bool { return t.Key && t.Kept }), err
}

// CountKeys returns the number of living API keys in a list.
func (m *Manager) CountKeys(tickets []store.Ticket, now time.Time) (n int) {
	for _, t := range tickets {
		if t.Key && m.Living(t, now) {
			n++
		}
	}
	return n
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

// EndAfter lets a ticket end at a time, unless it ends earlier anyway. A Change
// of the user has to follow, or to come before: others may have cached the
// ticket.
func EndAfter(r store.TicketRecords, t store.Ticket, end time.Time) error {
	if !end.Before(t.Expires) {
		return nil
	}
	return r.SetTicketExpires(t.ID, end)
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
