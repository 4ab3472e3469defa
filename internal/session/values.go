package session

import (
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/internal/names"
	"github.com/rbac-go/rbac/store"
)

// maxValues is the most bytes of all keys and values of one ticket together.
const maxValues = 4 * 1024

// ErrTooMuch is the refusal of a value that exceeds maxValues.
var ErrTooMuch = errors.New("more than 4 KiB together with its key, and the other keys and values of the ticket")

const maxValueKey = 64 // bytes

// CheckValueKey returns the reason why a text cannot be the key of a value, or
// "".
func CheckValueKey(key string) (reason string) {
	if len(key) > maxValueKey {
		return fmt.Sprintf("longer than %d bytes", maxValueKey)
	}
	return names.CheckKey(key)
}

// CheckValue returns the reason why a text cannot be the value of a key,
// whatever other values the ticket has, or "".
func CheckValue(key, value string) (reason string) {
	if len(key)+len(value) > maxValues {
		return ErrTooMuch.Error()
	}
	return names.CheckText(value)
}

// SetValue stores a value of a ticket; the empty value deletes the key. The
// caller has locked the user of the ticket.
func SetValue(r store.Records, ticket uuid.UUID, key, value string) error {
	values, err := r.TicketValues(ticket)
	if err != nil {
		return err
	}
	old, others := ValueOf(values, key)
	switch {
	case value == old:
		return nil
	case value == "":
		return r.DeleteTicketValue(ticket, key)
	case others+len(key)+len(value) > maxValues:
		return ErrTooMuch
	}
	return r.PutTicketValue(store.TicketValue{Ticket: ticket, Key: key, Value: value})
}

// ValueOf returns the value of a key, and the number of bytes of all other keys
// and values.
func ValueOf(values []store.TicketValue, key string) (value string, others int) {
	for _, v := range values {
		if v.Key == key {
			value = v.Value
		} else {
			others += len(v.Key) + len(v.Value)
		}
	}
	return value, others
}
