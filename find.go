package rbac

import (
	"context"
	"errors"

	"github.com/google/uuid"
	"github.com/rbac-go/rbac/store"
)

// found runs f on what the store finds in one query, and reports whether that was enough. It is not where
// the head is another one, or f would refuse: that is for a View to say. The only error is ErrBusy, where
// a View would wait likewise.
func (a *Authority) found(ctx context.Context, what store.Sought, f func(store.Records, *state) error) (bool, error) {
	if a.finder == nil || what == (store.Sought{}) {
		return false, nil
	}
	if _, gone := a.caches.gone.GetIfPresent(what.Ticket); gone {
		return false, nil // the finder may ask a replica that still has it
	}
	st := a.state.Load()
	var found *store.Found
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
	store.Records
	found *store.Found
}

func (r foundRecords) TicketByHash(store.TokenHash) (store.Ticket, error) { return r.found.Ticket, nil }

func (r foundRecords) User(uuid.UUID) (store.UserRecord, error) { return r.found.User, nil }

func (r foundRecords) UserByName(string) (store.UserRecord, error) { return r.found.User, nil }

func (r foundRecords) UserBySubject(string) (store.UserRecord, error) { return r.found.User, nil }

func (r foundRecords) UserMemberships(uuid.UUID) ([]store.Membership, error) {
	return r.found.Memberships, nil
}
