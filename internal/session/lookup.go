package session

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/internal/replica"
	"github.com/rbac-go/rbac/internal/waitlimit"
	"github.com/rbac-go/rbac/store"
)

// lookups are the lookups in the store of records outside the cache. Few run
// at once, so that a flood of made-up tokens does not keep other calls from the
// store. Tickets known to the cache have places of their own.
type lookups struct {
	finder  store.Finder // nil: the store is no Finder
	timeout time.Duration
	unknown chan struct{}
	known   chan struct{}
}

const (
	// maxLookups bounds the lookups of each kind that wait for the store at
	// once.
	maxLookups = 32

	// lookupTimeout bounds a lookup: a lookup on a dead connection would keep
	// its place for ever.
	lookupTimeout = 10 * time.Second
)

var errSlowLookup = errors.New("the store did not answer a lookup in time")

func newLookups(s store.Store, maxStaleness time.Duration) lookups {
	finder, _ := s.(store.Finder)
	return lookups{
		finder:  finder,
		timeout: max(lookupTimeout, maxStaleness),
		unknown: make(chan struct{}, maxLookups),
		known:   make(chan struct{}, maxLookups),
	}
}

// lookupTicket is lookup for a ticket. With a zero Sought, f also reads values
// of the ticket, which no Finder returns.
func (m *Manager) lookupTicket(
	ctx context.Context, hash store.TokenHash, what store.Sought, f replica.Reader,
) error {
	places := m.lookups.unknown
	if m.tickets.byHash.Get(hash) != nil {
		places = m.lookups.known
	}
	return m.lookup(ctx, places, what, f)
}

// lookup runs f on records outside the cache, together with the state at the
// same head: in one query where the store is a Finder and f needs only what is
// sought, and otherwise in a View, as Replica.Current does. f may run more than
// once.
func (m *Manager) lookup(
	ctx context.Context, places chan struct{}, what store.Sought, f replica.Reader,
) error {
	ctx, cancel := context.WithTimeoutCause(ctx, m.lookups.timeout, errSlowLookup)
	defer cancel()
	if err := waitlimit.Acquire(ctx, places); err != nil {
		return err
	}
	defer waitlimit.Release(places)
	if found, err := m.find(ctx, what, f); found || err != nil {
		return err
	}
	return m.replica.Current(ctx, f)
}

// find runs f on the records that the Finder finds, and reports whether f
// succeeded. If the Finder sees another head, or f fails, a View has to decide.
// The only error is ErrBusy: a View would wait likewise.
func (m *Manager) find(ctx context.Context, what store.Sought, f replica.Reader) (bool, error) {
	if m.lookups.finder == nil || what == (store.Sought{}) {
		return false, nil
	}
	if _, gone := m.tickets.gone.get(what.Ticket); gone {
		return false, nil // the finder may ask a replica that still has the ticket
	}
	st := m.replica.State()
	var found *store.Found
	err := m.store.Wait(ctx, func(ctx context.Context) (err error) {
		found, err = m.lookups.finder.Find(ctx, what, st.Head)
		return err
	})
	if errors.Is(err, store.ErrBusy) {
		return false, err
	}
	if err != nil || found == nil || !st.At(found.Head) {
		return false, nil
	}
	return f(foundRecords{found: found}, st) == nil, nil
}

// foundRecords are the records that a Finder found. Other methods are not
// called.
type foundRecords struct {
	store.Records
	found *store.Found
}

func (r foundRecords) Ticket(store.TicketKey) (store.Ticket, error) { return r.found.Ticket, nil }

func (r foundRecords) User(k store.UserKey) (store.UserRecord, error) {
	u := r.found.User
	if k.Subject != "" {
		u.Subject = strings.Clone(k.Subject) // a copy: the host may reuse its bytes
	}
	return u, nil
}

func (r foundRecords) UserMemberships(uuid.UUID) ([]store.Membership, error) {
	return r.found.Memberships, nil
}
