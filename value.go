package rbac

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/internal/replica"
	"github.com/rbac-go/rbac/store"
)

const (
	maxValueKey = 64       // bytes of a key
	maxValues   = 4 * 1024 // bytes of all keys and values of one ticket together
)

// SetValue keeps a small text of the host's own with a ticket, until the ticket ends: a
// preference, a message for the next page. The empty text removes the key.
//
// A key is 1 to 64 bytes without control characters; a value is any text but NUL, which
// not every store can keep (encode what is not valid UTF-8). All keys and values of a
// ticket have 4 KiB together: what is more, or lives longer than a login, belongs in
// tables of the host's own. A new ticket begins without values, also one that Login.Replaces or
// ChangePassword puts in the place of another: what was kept for whoever held
// the old one is not handed to whom the new one is made for.
//
// Values must not decide who may do what. They are no part of the [Identity] and no
// predicate sees them; SetValue is no [Change], so nobody can tell later who set
// what. They are stored as they are: keep no secret in them.
//
// It counts as a use of the ticket, and is one write to the store, so not for every
// request. Calls at the same time do not lose each other's keys; for one key the last one wins.
//
// Errors: ErrNoTicket for a token that has no living ticket, and for the zero Token;
// ErrInvalid, which names the key, for what breaks a rule above; ErrUnavailable.
// After ErrInvalid the key has the value that it had.
func (a *Authority) SetValue(ctx context.Context, t Token, key, value string) error {
	if err := validValue(key, value); err != nil {
		return err
	}
	c, err := a.ticketInUse(ctx, t, nil)
	if err != nil {
		return err
	}
	return a.update(ctx, func(r store.Records) error {
		if _, err := r.LockUser(c.User); err != nil { // so that one call after another counts the bytes
			return noTicket(err)
		}
		rec, err := a.ticketOf(r, t) // again: it may have ended meanwhile
		if err != nil {
			return err
		}
		return setValue(r, rec.ID, key, value)
	})
}

// Value returns what SetValue keeps under a key of a ticket, and the empty text where
// nothing is kept. It asks the store each time, so it sees at once what another process
// has set. It counts as a use of the ticket.
//
// Errors: ErrNoTicket for a token that has no living ticket, and for the zero Token,
// since nobody has no values; ErrInvalid for what cannot be a key; ErrUnavailable.
func (a *Authority) Value(ctx context.Context, t Token, key string) (string, error) {
	if err := validValue(key, ""); err != nil {
		return "", err
	}
	var value string
	_, err := a.ticketInUse(ctx, t, func(r store.Records, ticket uuid.UUID) error {
		values, err := r.TicketValues(ticket)
		value, _ = valueOf(values, key)
		return err
	})
	if err != nil {
		return "", err
	}
	return value, nil
}

const tooMuch = "more than 4 KiB together with its key, and the other keys and values of the ticket"

// validValue checks what can be checked without the store. Its errors do not quote the value.
func validValue(key, value string) error {
	reason := badString(key, 1)
	if len(key) > maxValueKey {
		reason = fmt.Sprintf("longer than %d bytes", maxValueKey)
	}
	if reason != "" {
		return invalid("ticket value", key, "Key", reason)
	}
	if len(key)+len(value) > maxValues {
		return invalid("ticket value", key, "Value", tooMuch)
	}
	return validText("ticket value", key, "Value", value)
}

// ticketInUse finds the living ticket of a token, notes its use, and reads of it what
// read asks for in the same View.
func (a *Authority) ticketInUse(ctx context.Context, t Token, read func(store.Records, uuid.UUID) error) (c *cachedTicket, err error) {
	if t.IsZero() {
		return nil, ErrNoTicket
	}
	err = a.lookupTicket(ctx, t.hash(), store.Sought{}, func(r store.Records, st *replica.State) (err error) {
		now := a.clock.Now()
		if c, err = a.ticket(r, st, t.hash(), now); err != nil {
			return err
		}
		a.tickets.uses.note(ctx, c, now.Time)
		if read == nil {
			return nil
		}
		return read(r, c.ID)
	})
	return c, err
}

// setValue writes one value of a ticket whose user is locked.
func setValue(r store.Records, ticket uuid.UUID, key, value string) error {
	values, err := r.TicketValues(ticket)
	if err != nil {
		return err
	}
	old, others := valueOf(values, key)
	switch {
	case value == old:
		return nil
	case value == "":
		return noTicket(r.DeleteTicketValue(ticket, key))
	case others+len(key)+len(value) > maxValues:
		return invalid("ticket value", key, "Value", tooMuch)
	}
	return noTicket(r.SetTicketValue(store.TicketValue{Ticket: ticket, Key: key, Value: value}))
}

// valueOf finds the value of a key, and tells how many bytes the others take.
func valueOf(values []store.TicketValue, key string) (value string, others int) {
	for _, v := range values {
		if v.Key == key {
			value = v.Value
		} else {
			others += len(v.Key) + len(v.Value)
		}
	}
	return value, others
}
