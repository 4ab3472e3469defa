package rbac

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/internal/session"
	"github.com/rbac-go/rbac/store"
)

// SetValue stores a small text of the host with a ticket until the ticket ends:
// a preference, or a message for the next page. The empty text deletes the key.
//
// A key is 1 to 64 bytes without control characters. A value is any text
// without NUL, which not every store can keep; encode values that are not valid
// UTF-8. The keys and values of a ticket may have 4 KiB together. Larger or
// longer-lived data belongs in tables of the host. A new ticket begins without
// values, even if the ticket replaces another by Login.Replaces or
// ChangePassword: values of the previous holder are not passed on.
//
// Values must not decide who may do what. No value is part of the [Identity],
// and no predicate sees values. SetValue is no [Change], so the change log does
// not record who set a value. Values are stored as given: store no secret.
//
// SetValue counts as a use of the ticket. Each call is one write to the store,
// which is too slow for every request. Concurrent calls never lose each other's
// keys; for the same key, the last call wins.
//
// Errors: ErrNoTicket for a token without a live ticket, and for the zero
// Token; ErrInvalid, with the name of the key, for a violation of the rules
// above; ErrUnavailable. After ErrInvalid the key keeps its previous value.
func (a *Authority) SetValue(ctx context.Context, t Token, key, value string) error {
	if err := validValue(key, value); err != nil {
		return err
	}
	ticket, err := a.ticketInUse(ctx, t, nil)
	if err != nil {
		return err
	}
	return a.update(ctx, func(r store.Records) error {
		if _, err := r.LockUser(ticket.User); err != nil { // so concurrent calls count the bytes one after the other
			return noTicket(err)
		}
		rec, err := a.ticketOf(r, t) // again: the ticket may have ended meanwhile
		if err != nil {
			return err
		}
		err = session.SetValue(r, rec.ID, key, value)
		if errors.Is(err, session.ErrTooMuch) {
			return invalid("ticket value", key, "Value", err.Error())
		}
		return noTicket(err)
	})
}

// Value returns the text that SetValue stored under a key of a ticket, or the
// empty text. Value reads the store on each call, and therefore sees values set
// by other processes at once. Value counts as a use of the ticket.
//
// Errors: ErrNoTicket for a token without a live ticket, and for the zero
// Token; ErrInvalid for a text that cannot be a key; ErrUnavailable.
func (a *Authority) Value(ctx context.Context, t Token, key string) (string, error) {
	if err := validValue(key, ""); err != nil {
		return "", err
	}
	var value string
	_, err := a.ticketInUse(ctx, t, func(r store.Records, ticket uuid.UUID) error {
		values, err := r.TicketValues(ticket)
		value, _ = session.ValueOf(values, key)
		return err
	})
	if err != nil {
		return "", err
	}
	return value, nil
}

// validValue checks a key and a value alone, without the store. Its errors do
// not quote the value.
func validValue(key, value string) error {
	return errors.Join(
		invalid("ticket value", key, "Key", session.CheckValueKey(key)),
		invalid("ticket value", key, "Value", session.CheckValue(key, value)))
}

// ticketInUse returns the live ticket of a token, and records the use of the
// ticket. In the same View, ticketInUse calls read, unless read is nil.
func (a *Authority) ticketInUse(
	ctx context.Context, t Token, read func(store.Records, uuid.UUID) error,
) (ticket store.Ticket, err error) {
	if t.IsZero() {
		return ticket, ErrNoTicket
	}
	if err := a.background.err(); err != nil {
		return ticket, err
	}
	use := func(r store.Records, c *session.Ticket, now time.Time) error {
		ticket = c.Ticket
		a.noteUse(ctx, c, now)
		if read == nil {
			return nil
		}
		return read(r, c.ID)
	}
	err = a.sessions.WithTicket(ctx, t.hash(), use)
	return ticket, noTicket(err)
}
