package rbac

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/internal/clock"
	"github.com/rbac-go/rbac/internal/policy"
	"github.com/rbac-go/rbac/internal/replica"
	"github.com/rbac-go/rbac/internal/waitlimit"
	"github.com/rbac-go/rbac/store"
)

// lookups are the lookups in the store of records outside the cache. Few run
// at once, so that a flood of made-up tokens does not keep other calls from the
// store. Tickets known to the cache have places of their own.
type lookups struct {
	finder  store.Finder // nil: the store is no Finder
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

func newLookups(s Store) lookups {
	finder, _ := s.(store.Finder)
	return lookups{finder, make(chan struct{}, maxLookups), make(chan struct{}, maxLookups)}
}

// lookupTicket is lookup for a ticket. With a zero Sought, f also reads values
// of the ticket, which no Finder returns.
func (a *Authority) lookupTicket(
	ctx context.Context, hash store.TokenHash, what store.Sought, f replica.Reader,
) error {
	places := a.lookups.unknown
	if a.tickets.byHash.Get(hash) != nil {
		places = a.lookups.known
	}
	return a.lookup(ctx, places, what, f)
}

// lookup runs f on records outside the cache, together with the state at the
// same head: in one query where the store is a Finder and f needs only what is
// sought, and otherwise in a View, as Replica.Current does. f may run more than
// once.
func (a *Authority) lookup(
	ctx context.Context, places chan struct{}, what store.Sought, f replica.Reader,
) error {
	timeout := max(lookupTimeout, a.cfg.MaxStaleness)
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, errSlowLookup)
	defer cancel()
	if err := waitlimit.Acquire(ctx, places); err != nil {
		return err
	}
	defer waitlimit.Release(places)
	if found, err := a.find(ctx, what, f); found || err != nil {
		return err
	}
	return a.current(ctx, f)
}

// find runs f on the records that the Finder finds, and reports whether f
// succeeded. If the Finder sees another head, or f fails, a View has to decide.
// The only error is ErrBusy: a View would wait likewise.
func (a *Authority) find(ctx context.Context, what store.Sought, f replica.Reader) (bool, error) {
	if a.lookups.finder == nil || what == (store.Sought{}) {
		return false, nil
	}
	if _, gone := a.tickets.gone.get(what.Ticket); gone {
		return false, nil // the finder may ask a replica that still has the ticket
	}
	st := a.replica.State()
	var found *store.Found
	err := a.store.Wait(ctx, func(ctx context.Context) (err error) {
		found, err = a.lookups.finder.Find(ctx, what, st.Head)
		return err
	})
	if errors.Is(err, ErrBusy) {
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

// soughtText returns the name or the subject of the sought user.
func soughtText(what store.Sought) string { return cmp.Or(what.User, what.Subject) }

// soughtUser reads the sought user.
func soughtUser(r store.Records, what store.Sought) (store.UserRecord, error) {
	if what.User != "" {
		return r.User(store.UserKey{Name: what.User})
	}
	return r.User(store.UserKey{Subject: what.Subject})
}

// current is Replica.Current, until the Authority is closed.
func (a *Authority) current(ctx context.Context, f replica.Reader) error {
	if err := a.background.err(); err != nil {
		return err
	}
	return a.replica.Current(ctx, f)
}

// cachedTicket returns the living ticket with a hash, if the ticket is cached
// and true at the head of st.
func (a *Authority) cachedTicket(
	st *replica.State, hash store.TokenHash, now clock.Reading,
) *cachedTicket {
	t := a.tickets.byHash.Get(hash)
	if t == nil || !a.fresh(t.user, st) || !a.tickets.usable(t, now) {
		return nil
	}
	return t
}

// fresh reports whether a user that the cache returned, after st was read,
// is as the store holds the user at the head of st.
func (a *Authority) fresh(u *cachedUser, st *replica.State) bool {
	return !u.Removed() && a.replica.Is(st)
}

// ticket finds a living ticket in the cache, or reads and caches the ticket.
func (a *Authority) ticket(
	r store.Records, st *replica.State, hash store.TokenHash, now clock.Reading,
) (*cachedTicket, error) {
	if t := a.cachedTicket(st, hash, now); t != nil {
		return t, nil
	}
	t, err := a.readTicket(r, st, hash, now)
	if errors.Is(err, ErrNoTicket) {
		a.tickets.evict(hash)
	}
	if err != nil {
		return nil, err
	}
	a.replica.Keep(st, func() {
		if t.user.Removed() {
			return
		}
		t.user = a.users.add(t.user)
		t = a.tickets.add(t)
	})
	return t, nil
}

// readTicket reads a living ticket, and its user unless the user is cached.
func (a *Authority) readTicket(
	r store.Records, st *replica.State, hash store.TokenHash, now clock.Reading,
) (*cachedTicket, error) {
	rec, err := r.Ticket(store.TicketKey{Hash: hash})
	if errors.Is(err, ErrNotFound) || err == nil && !a.tickets.living(rec, now.Time) {
		return nil, ErrNoTicket
	}
	if err != nil {
		return nil, err
	}
	// A user of a later state than the ticket does not belong to the ticket:
	// the groups of a narrowed ticket may have been pruned in between.
	u := a.users.byID.Get(rec.User)
	if u == nil || !a.fresh(u, st) {
		read := func() (store.UserRecord, error) { return r.User(store.UserKey{ID: rec.User}) }
		if u, err = readUser(r, st.Policy, read); err != nil {
			return nil, noTicket(err)
		}
	}
	t := &cachedTicket{
		Ticket: rec,
		origin: origin{a, rec.ID},
		user:   u,
		seen:   newLastSeen(a.tickets.uses.seen(rec)),
	}
	t.rowSeen.Store(&now)
	return t, nil
}

// readUser reads an enabled user and the memberships. A disabled user is
// ErrDenied.
func readUser(
	r store.Records, p *policy.Policy, read func() (store.UserRecord, error),
) (*cachedUser, error) {
	u, err := read()
	if err != nil {
		return nil, err
	}
	if u.Disabled {
		return nil, disabled(u.Name)
	}
	memberships, err := r.UserMemberships(u.ID)
	return &cachedUser{
		id:      u.ID,
		name:    u.Name,
		subject: u.Subject,
		groups:  p.Memberships(memberships),
	}, err
}
