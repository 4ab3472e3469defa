package rbac

import (
	"errors"
	"slices"
	"sync/atomic"
	"time"

	"github.com/rbac-go/rbac/store"
)

// cachedTicket is a ticket of a user.
type cachedTicket struct {
	store.Ticket
	origin   origin // of its Identities
	user     *cachedUser
	seen     *lastSeen
	shown    atomic.Pointer[moment] // when the store last had the ticket
	asked    atomic.Int64           // when it was last noted to be looked for, by the steady clock
	standing atomic.Pointer[standing]
}

// lag is by how much LastSeen may be behind the last use.
const lag = time.Minute

// A ticket that a call ends is a Change, which evicts it at once. A row that goes otherwise, by an operator's DELETE or the
// sweep of a process whose clock is ahead, is no Change. So the row of a cached ticket that is asked about is looked for in
// the background once a minute, together with the uses that are to be written; and where that does not succeed
// for a while the ticket is not trusted any more, and is read again.
const (
	lookAgain = lag
	trusted   = 10 * lag
)

// cachedTicket returns the living ticket with a hash, if it is in the cache and right under st.
func (a *Authority) cachedTicket(st *state, hash store.TokenHash, now moment) *cachedTicket {
	c, ok := a.caches.tickets.GetIfPresent(hash)
	if !ok || !a.fresh(c.user, st) {
		return nil
	}
	switch age := now.since(*c.shown.Load()); {
	case age >= trusted:
		return nil
	case age >= lookAgain:
		a.lookFor(c, now)
	}
	if seen := c.seen.load(); !withinLimits(c.Ticket, seen, now.time) {
		a.rememberEnd(c.Ticket, seen, now.time)
		return nil
	}
	return c
}

// getTicket finds a living ticket in the cache, or in the store, and then keeps it.
func (a *Authority) getTicket(r store.Records, st *state, hash store.TokenHash, now moment) (*cachedTicket, error) {
	if c := a.cachedTicket(st, hash, now); c != nil {
		return c, nil
	}
	c, err := a.readTicket(r, st, hash, now)
	if errors.Is(err, ErrNoTicket) {
		a.caches.tickets.Invalidate(hash)
	}
	if err != nil {
		return nil, err
	}
	a.keep(st, func(in *caches) {
		if !c.user.dropped.Load() {
			in.users.SetIfAbsent(c.user.id, c.user)
		}
		if kept, ok := in.users.GetIfPresent(c.user.id); !ok || kept != c.user {
			return
		}
		if old, ok := in.tickets.GetIfPresent(hash); ok && old.renew(c) {
			c = old
			return
		}
		in.tickets.Set(hash, c)
	})
	return c, nil
}

// renew takes over what was read anew of a ticket, and reports false if that is not the same ticket any more.
func (c *cachedTicket) renew(read *cachedTicket) bool {
	if c.user != read.user || c.ID != read.ID || c.Key != read.Key || c.Narrowed != read.Narrowed || c.Idle != read.Idle ||
		!c.Created.Equal(read.Created) || !c.Expires.Equal(read.Expires) || !slices.Equal(c.Groups, read.Groups) {
		return false
	}
	c.seen.raise(read.seen.load())
	c.shown.Store(read.shown.Load())
	return true
}

// readTicket reads a living ticket, its user and what they may do.
func (a *Authority) readTicket(r store.Records, st *state, hash store.TokenHash, now moment) (*cachedTicket, error) {
	t, err := r.TicketByHash(hash)
	if errors.Is(err, ErrNotFound) || err == nil && !a.living(t, now.time) {
		return nil, ErrNoTicket
	}
	if err != nil {
		return nil, err
	}
	// A user read at a later state than r's does not belong to this ticket: what it
	// was narrowed to may have been pruned in between.
	u, ok := a.caches.users.GetIfPresent(t.User)
	if !ok || !a.fresh(u, st) {
		if u, err = readUser(r, st.policy, func() (store.UserRecord, error) { return r.User(t.User) }); err != nil {
			return nil, noTicket(err)
		}
	}
	c := &cachedTicket{Ticket: t, origin: origin{a, t.ID}, user: u, seen: newLastSeen(a.uses.seen(t))}
	c.shown.Store(&now)
	return c, nil
}

// withinLimits reports whether a ticket is within its limits. Both are compared at each use, and both are the ticket's
// own: all processes agree on them, whatever their Configs. Nothing depends on the sweeper.
func withinLimits(t store.Ticket, seen, now time.Time) bool {
	return now.Before(t.Expires) && (t.Key || now.Before(seen.Add(t.Idle+lag)))
}

// living reports whether a ticket that was read from the store is within its limits. One that was found past them before
// stays dead, even if the clock is set back.
func (a *Authority) living(t store.Ticket, now time.Time) bool {
	seen := a.uses.seen(t)
	if end, ok := a.caches.ended.GetIfPresent(t.Hash); ok && !seen.After(end) {
		return false
	}
	if !withinLimits(t, seen, now) {
		a.rememberEnd(t, seen, now)
		return false
	}
	return true
}

// never is later than every use of a ticket, and than every end that a clock sets.
var never = time.Date(10000, time.January, 1, 0, 0, 0, 0, time.UTC)

// rememberEnd remembers that a ticket was found past a limit. An idle ticket lives on only if another process
// proves, by a later use, that it was not idle.
func (a *Authority) rememberEnd(t store.Ticket, seen, now time.Time) {
	if !now.Before(t.Expires) {
		seen = never
	}
	a.caches.ended.Set(t.Hash, seen)
	a.caches.tickets.Invalidate(t.Hash)
}

// cachedTickets returns the cached tickets that match, as records with their last use. The store may have lost them by now.
func (a *Authority) cachedTickets(match func(store.Ticket) bool) (list []store.Ticket) {
	for _, c := range a.caches.tickets.All() {
		if !c.user.dropped.Load() && match(c.Ticket) {
			list = append(list, c.lastRecord())
		}
	}
	return list
}

// cachedRecord is cachedTickets for a hash.
func (a *Authority) cachedRecord(hash store.TokenHash) (store.Ticket, error) {
	c, ok := a.caches.tickets.GetIfPresent(hash)
	if !ok || c.user.dropped.Load() {
		return store.Ticket{}, ErrNotFound
	}
	return c.lastRecord(), nil
}

func (c *cachedTicket) lastRecord() store.Ticket {
	t := c.Ticket
	t.LastSeen = c.seen.load()
	return t
}
