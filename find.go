package rbac

import (
	"context"
	"errors"

	"github.com/google/uuid"
)

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

// found runs f on what the store finds in one query, and reports whether that was enough. It is not where
// the head is another one, or f would refuse: that is for a View to say. The only error is ErrBusy, where
// a View would wait likewise.
func (a *Authority) found(ctx context.Context, what Sought, f func(Records, *state) error) (bool, error) {
	if a.finder == nil || what == (Sought{}) {
		return false, nil
	}
	if _, gone := a.caches.gone.GetIfPresent(what.Ticket); gone {
		return false, nil // the finder may ask a replica that still has it
	}
	st := a.state.Load()
	var found *Found
	err := a.waiting(ctx, func(ctx context.Context) (err error) {
		found, err = a.finder.Find(ctx, what, st.head)
		return err
	})
	if errors.Is(err, ErrBusy) {
		return false, err
	}
	if err != nil || found == nil || !st.at(found.Head) {
		return false, nil
	}
	return f(foundRecords{found: found}, st) == nil, nil
}

// foundRecords are the records of what was found. Nobody asks them for anything else.
type foundRecords struct {
	Records
	found *Found
}

func (r foundRecords) TicketByHash(TokenHash) (TicketRecord, error) { return r.found.Ticket, nil }

func (r foundRecords) User(uuid.UUID) (UserRecord, error) { return r.found.User, nil }

func (r foundRecords) UserByName(string) (UserRecord, error) { return r.found.User, nil }

func (r foundRecords) UserBySubject(string) (UserRecord, error) { return r.found.User, nil }

func (r foundRecords) UserMemberships(uuid.UUID) ([]MembershipRecord, error) {
	return r.found.Memberships, nil
}
