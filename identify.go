package rbac

import (
	"cmp"
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/rbac-go/rbac/internal/names"
	"github.com/rbac-go/rbac/store"
)

// Identify returns the Identity that a token stands for, with one revision of
// policy and memberships. The zero Token is the anonymous Identity. It counts as a
// use of the ticket, unless [WithoutUse] says otherwise.
//
// Errors: ErrNoTicket for a token that has no living ticket; ErrUnavailable. With an
// error the Identity is nil, which meets no predicate.
func (a *Authority) Identify(ctx context.Context, t Token) (*Identity, error) {
	id, c, now, err := a.find(ctx, t)
	if err != nil {
		return nil, err
	}
	if c != nil {
		a.use(ctx, c, now)
	}
	return id, nil
}

// find is Identify without counting as a use. The ticket is nil for the zero Token.
func (a *Authority) find(ctx context.Context, t Token) (id *Identity, c *cachedTicket, now time.Time, err error) {
	st, began, err := a.ready(ctx)
	if err != nil {
		return nil, nil, now, err
	}
	if t.IsZero() {
		return st.policy.anonymous(&a.noTicket), nil, began.time, nil
	}
	hash := t.hash()
	if c := a.cachedTicket(st, hash, began); c != nil {
		return a.identityIn(c, st, began.time), c, began.time, nil
	}
	return a.findStored(ctx, hash)
}

// findStored is find for a ticket that is not in the cache. It is apart since its variables, which a transaction
// shares, cost allocations.
func (a *Authority) findStored(ctx context.Context, hash store.TokenHash) (id *Identity, c *cachedTicket, now time.Time, err error) {
	err = a.lookup(ctx, a.places(hash), store.Sought{Ticket: hash}, func(r store.Records, st *state) (err error) {
		read := a.moment()
		now = read.time
		if c, err = a.getTicket(r, st, hash, read); err == nil {
			id = a.identityIn(c, st, now)
		}
		return err
	})
	if err != nil {
		return nil, nil, now, err
	}
	return id, c, now, nil
}

// maxLookups bounds how many lookups wait for the store at once, so that a flood of
// made-up tokens keeps nothing else from it. Tickets that are known have as many places of their own.
const maxLookups = 32

// places are those where a ticket is looked up.
func (a *Authority) places(hash store.TokenHash) chan struct{} {
	if _, known := a.caches.tickets.GetIfPresent(hash); known {
		return a.rereads
	}
	return a.lookups
}

// lookupWait is how long a lookup may take: one that hangs, on a connection that
// is dead, would keep its place from all that come later.
const lookupWait = 10 * time.Second

// lookup runs f on what is sought, which is in no cache, together with the state at the same head: in one query where the
// store is a Finder and f needs nothing else, and in a View otherwise, as current does. f may be run more than once.
func (a *Authority) lookup(ctx context.Context, places chan struct{}, what store.Sought, f func(store.Records, *state) error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, max(lookupWait, a.cfg.MaxStaleness), errSlowLookup)
	defer cancel()
	select {
	case places <- struct{}{}:
	case <-ctx.Done():
		return contextEnded(context.Cause(ctx))
	}
	defer func() { <-places }()
	if found, err := a.found(ctx, what, f); found || err != nil {
		return err
	}
	return a.current(ctx, f)
}

var errSlowLookup = errors.New("the store did not answer a lookup in time")

// Judge identifies a token and checks a predicate in one call. Its errors are those of Identify and of Check.
func (a *Authority) Judge(ctx context.Context, t Token, p Predicate) error {
	id, err := a.Identify(ctx, t)
	if err != nil {
		return err
	}
	if err := Check(id, p); err != nil {
		a.log.InfoContext(ctx, "rbac: denied", "identity", id, "error", err)
		return err
	}
	return nil
}

// readUser reads an enabled user and their memberships. One that is disabled is ErrDenied.
func readUser(r store.Records, p *policy, find func() (store.UserRecord, error)) (*cachedUser, error) {
	u, err := find()
	if err != nil {
		return nil, err
	}
	if u.Disabled {
		return nil, &Error{Kind: ErrDenied, Record: "user", Name: u.Name, Reason: "the account is disabled"}
	}
	memberships, err := r.UserMemberships(u.ID)
	return &cachedUser{id: u.ID, name: u.Name, groups: p.held(memberships)}, err
}

// identityIn is the Identity of a ticket.
func (a *Authority) identityIn(c *cachedTicket, st *state, now time.Time) *Identity {
	return c.user.stand(&c.standing, st.policy, c.Ticket, now, &c.origin)
}

// stand returns what is in its place if that holds, and makes it otherwise.
func (u *cachedUser) stand(place *atomic.Pointer[standing], p *policy, t store.Ticket, now time.Time, from *origin) *Identity {
	s := place.Load()
	if !s.holds(p, now) {
		s = u.withTicket(p, t, now, from)
		place.Store(s)
		if u.dropped.Load() { // since they were found: nobody looks here again, and it would keep the policy in memory
			place.CompareAndSwap(s, nil)
		}
	}
	return &s.Identity
}

// withTicket returns what a ticket of the user gives; the zero ticket is that of a user without one.
func (u *cachedUser) withTicket(p *policy, t store.Ticket, now time.Time, from *origin) *standing {
	s := p.stand(u.id, u.name, p.heldAt(now, u.groups), t, from)
	s.until = u.groups.nextEnd(now)
	return s
}

// Identity returns the Identity of a user without a ticket: for jobs that act for a
// user, and for hosts that authenticate requests themselves. All the user's groups are
// active, and AuthenticatedAt is zero; see [Identity.WithAuthenticatedAt]. The change
// log marks changes made with it as acted for the user; see [Change.ActedFor].
//
// Errors: ErrInvalid for what cannot be a name; ErrNotFound; ErrDenied for a disabled user; ErrUnavailable.
func (a *Authority) Identity(ctx context.Context, user string) (*Identity, error) {
	name, err := canonicalUser(user)
	if err != nil {
		return nil, err
	}
	return a.identityOf(ctx, a.caches.names, store.Sought{User: name})
}

// IdentityBySubject is Identity for the user with exactly that Subject.
func (a *Authority) IdentityBySubject(ctx context.Context, subject string) (*Identity, error) {
	if reason := names.CheckKey(subject); reason != "" {
		return nil, invalid("user", subject, "Subject", reason)
	}
	return a.identityOf(ctx, a.caches.subjects, store.Sought{Subject: subject})
}

// identityOf finds a user, who is sought by a text, under that text in a cache, else in the store.
func (a *Authority) identityOf(ctx context.Context, cache *userCache, what store.Sought) (*Identity, error) {
	st, now, err := a.ready(ctx)
	if err != nil {
		return nil, err
	}
	if u, ok := cache.GetIfPresent(soughtText(what)); ok && a.fresh(u, st) {
		return u.stand(&u.standing, st.policy, store.Ticket{}, now.time, &a.noTicket), nil
	}
	var id *Identity
	err = a.lookup(ctx, a.lookups, what, func(r store.Records, st *state) error {
		u, err := readUser(r, st.policy, func() (store.UserRecord, error) { return readSought(r, what) })
		if err != nil {
			return named(err, "user", soughtText(what))
		}
		a.keep(st, func(in *caches) { u = in.add(u, cache, soughtText(what)) })
		id = u.stand(&u.standing, st.policy, store.Ticket{}, a.now(), &a.noTicket)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return id, nil
}

// soughtText is the name or subject of a user who is sought.
func soughtText(s store.Sought) string { return cmp.Or(s.User, s.Subject) }

// readSought reads the user who is sought.
func readSought(r store.Records, s store.Sought) (store.UserRecord, error) {
	if s.User != "" {
		return r.UserByName(s.User)
	}
	return r.UserBySubject(s.Subject)
}
