package store

import (
	"iter"
	"time"

	"github.com/google/uuid"
)

// TokenHash is the SHA-256 of a token. The token itself is never stored.
type TokenHash [32]byte

// Ticket is a login session or an API key: unique by ID and by Hash. User
// exists, and so does each of Groups. A zero time in a ticket is the earliest
// time, not "never".
type Ticket struct {
	ID, User uuid.UUID
	Hash     TokenHash
	Label    string
	Key      bool        // an API key: without idle limit, whatever Idle is
	Kept     bool        // an API key that is not deleted when its user is disabled
	Narrowed bool        // only Groups are active; otherwise all the user's groups
	Groups   []uuid.UUID // in byte order, each once; nil unless Narrowed
	Created  time.Time
	LastSeen time.Time
	Expires  time.Time

	// Idle is the time after LastSeen at which the ticket ends, unless Key:
	// whole microseconds, 0 to 100 years.
	Idle time.Duration

	Addr      string
	UserAgent string
}

// TicketKey is a key of a ticket. Exactly one field is not zero.
type TicketKey struct {
	ID   uuid.UUID
	Hash TokenHash
}

// UserTicket is a ticket together with the name of its user.
type UserTicket struct {
	Ticket
	UserName string
}

// TicketKind is a kind of tickets in a filter.
type TicketKind uint8

// The kinds of tickets, by Ticket.Key.
const (
	AnyTicket TicketKind = iota
	SessionTicket
	KeyTicket
)

// TicketPlace is a place in a listing by Created, then ID.
type TicketPlace struct {
	Created time.Time
	ID      uuid.UUID
}

// TicketFilter selects tickets. The zero filter selects all tickets, by ID.
// Groups, SeenBefore or Newest is set, and not more than one of them.
type TicketFilter struct {
	// Groups, unless nil, selects the tickets that have at least one of these
	// groups among their Groups.
	Groups []uuid.UUID
	// SeenBefore selects the tickets with LastSeen before this time, API keys
	// included.
	SeenBefore time.Time

	// Newest lists by Created, then ID, the greatest first. The fields below
	// are set with Newest only.
	Newest bool
	User   uuid.UUID   // only the tickets of this user; zero: of all users
	Kind   TicketKind  // only tickets of this kind
	After  TicketPlace // only tickets that come after this place; zero: no bound
}

// TicketRecords is the table of tickets.
type TicketRecords interface {
	// Ticket returns the ticket with a key.
	Ticket(TicketKey) (Ticket, error)
	// UserTickets lists by Created, then ID. A user has few tickets.
	UserTickets(user uuid.UUID) ([]Ticket, error)
	// Tickets lists by ID, unless the filter has Newest.
	Tickets(TicketFilter) iter.Seq2[UserTicket, error]
	AddTicket(Ticket) error
	// SetTicketGroups replaces Groups and sets Narrowed.
	SetTicketGroups(id uuid.UUID, groups []uuid.UUID) error
	SetTicketExpires(id uuid.UUID, expires time.Time) error
	// TouchTicket moves LastSeen forward. TouchTicket does nothing if the
	// ticket is gone or was seen later: a touch never revives a ticket.
	TouchTicket(id uuid.UUID, seen time.Time) error
	// DeleteTicket also deletes the values of the ticket.
	DeleteTicket(id uuid.UUID) error
	// DeleteDeadTickets deletes at most limit tickets that have ended by the
	// given time, with their values, and returns the number of deleted tickets.
	// A ticket has ended if Expires is at or before the time or, unless Key, if
	// LastSeen plus Idle is.
	DeleteDeadTickets(at time.Time, limit int) (int, error)
}

// TicketValue is a value that a host keeps with a ticket: unique by Ticket and
// Key.
type TicketValue struct {
	Ticket     uuid.UUID
	Key, Value string
}

// TicketValueRecords is the table of ticket values. The values of one ticket
// are a few KiB at most, and are deleted with the ticket. A transaction that
// changes values has locked the user of the ticket, and sees what others have
// written under that lock.
type TicketValueRecords interface {
	// TicketValues lists by Key, in byte order. The list of a ticket without
	// values, or of no ticket, is empty.
	TicketValues(ticket uuid.UUID) ([]TicketValue, error)
	// PutTicketValue returns ErrNotFound if there is no such ticket. If another
	// transaction deletes the ticket meanwhile, one of the two waits for the
	// other: a value neither outlives its ticket nor keeps the ticket from being
	// deleted.
	PutTicketValue(TicketValue) error
	DeleteTicketValue(ticket uuid.UUID, key string) error
}
