package store

import "context"

// Finder is an optional ability of a [Store]: to read, in one query and
// therefore in one round trip to a server, all records that the Authority needs
// after a cache miss. Without a Finder, and if the query does not settle the
// question, the Authority reads the same records in a View.
type Finder interface {
	// Find returns the sought record with all related records, as of one head.
	// Find returns nil if there is no such record, and may return nil although
	// there is one. The parameter at is the head of the caller: a result from a
	// replica that lags behind counts only if the replica read the records at
	// exactly that head.
	Find(ctx context.Context, what Sought, at Head) (*Found, error)
}

// Sought is the key that a [Finder] looks for. Exactly one field is not zero.
type Sought struct {
	Ticket  TokenHash
	User    string // User.Name
	Subject string // User.Subject
}

// Found is the result of a [Finder].
type Found struct {
	Head   Head
	Ticket Ticket     // zero if a user was sought; LastSeen may lag
	User   UserRecord // at least ID, Name and Disabled
	// Memberships are in the order of UserMemberships, with at least Group,
	// Scope and Until.
	Memberships []Membership
}
