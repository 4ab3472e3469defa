package rbac

import "context"

// A Finder is a [Store] that can find in one query what a miss of the caches needs, so that it costs one round trip to
// a server. Without it, and where the query does not settle it, the [Authority] reads the same in a View.
type Finder interface {
	// Find finds what is sought, all of it as it is at one head. It is nil for what it does not find, and may be nil for what it
	// does. at is the head that the caller stands at: a copy of the store that lags behind may be asked
	// for what it has at exactly that head, and for nothing else.
	Find(ctx context.Context, what Sought, at Head) (*Found, error)
}

// Sought says what a [Finder] looks for, by exactly one field that is not zero.
type Sought struct {
	Ticket  TokenHash
	User    string // UserRecord.Name
	Subject string // UserRecord.Subject
}

// Found is what a [Finder] finds.
type Found struct {
	Head        Head
	Ticket      TicketRecord       // zero where a user was sought. LastSeen may lag
	User        UserRecord         // at least ID, Name and Disabled
	Memberships []MembershipRecord // as UserMemberships lists them, with at least Group, Scope and Until
}

// A HeadReader is a [Store] that can tell its head past everything else that waits for
// it, as on a connection of its own. An [Authority] asks it several times in
// MaxStaleness, and what it answers must be no older than the call; for a [Confirmer] as far as it knows. Its errors are those of a Store.
type HeadReader interface {
	ReadHead(context.Context) (Head, error)
}

// A Hinter is a [Store] that can tell when its head may have moved, by whichever process. A hint makes the
// Authority ask at once; nothing depends on one to come. The channel is
// dropped when ctx ends, and may be nil.
type Hinter interface {
	Hints(ctx context.Context) <-chan struct{}
}
