package rbac

import (
	"slices"
	"sync/atomic"
	"time"

	"github.com/rbac-go/rbac/internal/cache"
	"github.com/rbac-go/rbac/internal/clock"
	"github.com/rbac-go/rbac/internal/policy"
	"github.com/rbac-go/rbac/store"
)

// ticketCache keeps living tickets, and when each was used last.
//
// A call that ends a ticket writes a Change. The Change evicts the ticket's
// user, and thereby the ticket. An operator's DELETE, or the sweep of a process
// with a clock that is ahead, deletes the row of a ticket without a Change.
// Therefore the row of a cached ticket in use is looked up in the background
// once a minute, together with the writes of uses. If the row was not seen for
// ten minutes, the ticket is read again.
type ticketCache struct {
	all    *cache.Cache[cachedTicket]
	byHash *cache.Index[store.TokenHash, cachedTicket]
	ended  *deadTickets // found past a limit
	gone   *deadTickets // found without a row, which a lagging server may still show
	uses   lastUses
}

const (
	// lag is by how much LastSeen may be behind the last use.
	lag = time.Minute

	lookUpRow = lag      // after the row was seen
	trustRow  = 10 * lag // after the row was seen
)

// cachedTicket is a ticket. It counts only while its user is cached.
type cachedTicket struct {
	cache.Mark
	store.Ticket
	origin   origin // of its Identities
	user     *cachedUser
	seen     *lastSeen
	rowSeen  atomic.Pointer[clock.Reading]  // when the store last had the ticket
	asked    atomic.Pointer[clock.Reading]  // when the row was last asked for; nil: never
	identity atomic.Pointer[cachedIdentity] // nil: not made yet
}

func newTicketCache(most int) *ticketCache {
	all := cache.New(most, func(t *cachedTicket) *cache.Mark { return &t.Mark }, nil)
	return &ticketCache{
		all:    all,
		byHash: cache.AddIndex(all, (*cachedTicket).hash, hashToken),
		ended:  newDeadTickets(most),
		gone:   newDeadTickets(most),
		uses:   lastUses{wake: make(chan struct{}, 1)},
	}
}

func (t *cachedTicket) hash() store.TokenHash { return t.Hash }

// usable reports whether a cached ticket lives, and its row was seen lately.
// The user of the ticket is cached.
func (c *ticketCache) usable(t *cachedTicket, now clock.Reading) bool {
	switch age := now.Since(*t.rowSeen.Load()); {
	case age >= trustRow:
		return false
	case age >= lookUpRow:
		c.uses.lookUp(t, now)
	}
	if seen := t.seen.load(); !withinLimits(&t.Ticket, seen, now.Time) {
		c.markEnded(t.Ticket, seen, now.Time)
		return false
	}
	t.Use()
	t.user.Use()
	return true
}

// add caches a ticket of a cached user, and returns the cached record.
func (c *ticketCache) add(t *cachedTicket) *cachedTicket {
	if old := c.byHash.Get(t.Hash); old != nil && old.renew(t) {
		return old
	}
	c.all.Add(t)
	return t
}

// renew updates a ticket that was read again. It reports false if the ticket
// has changed.
func (t *cachedTicket) renew(read *cachedTicket) bool {
	same := t.user == read.user && t.ID == read.ID && t.Key == read.Key && t.Narrowed == read.Narrowed &&
		t.Idle == read.Idle && t.Created.Equal(read.Created) && t.Expires.Equal(read.Expires) &&
		slices.Equal(t.Groups, read.Groups)
	if !same {
		return false
	}
	t.seen.raise(read.seen.load())
	t.rowSeen.Store(read.rowSeen.Load())
	return true
}

func (c *ticketCache) evict(hash store.TokenHash) { c.all.Remove(c.byHash.Get(hash)) }

// withinLimits reports whether a ticket is within its limits. Both limits are
// compared at each use, and both are the ticket's own: all processes agree on
// them, whatever their Configs. Nothing depends on the sweeper.
func withinLimits(t *store.Ticket, seen, now time.Time) bool {
	return now.Before(t.Expires) && (t.Key || now.Before(seen.Add(t.Idle+lag)))
}

// living reports whether a ticket from the store is within its limits. A ticket
// once found past a limit stays dead, even if the clock is set back.
func (c *ticketCache) living(t store.Ticket, now time.Time) bool {
	seen := c.uses.seen(t)
	if end, ok := c.ended.get(t.Hash); ok && !seen.After(end) {
		return false
	}
	if !withinLimits(&t, seen, now) {
		c.markEnded(t, seen, now)
		return false
	}
	return true
}

// never is later than every use and every end of a ticket.
var never = time.Date(10000, time.January, 1, 0, 0, 0, 0, time.UTC)

// markEnded notes that a ticket was found past a limit. An idle ticket lives on
// only if another process proves, by a later use, that the ticket was not idle.
func (c *ticketCache) markEnded(t store.Ticket, seen, now time.Time) {
	if !now.Before(t.Expires) {
		seen = never
	}
	c.ended.set(t.Hash, seen)
	c.evict(t.Hash)
}

// matching returns the cached tickets that match, as records with their last
// use. Their rows may be gone by now.
func (c *ticketCache) matching(match func(store.Ticket) bool) (list []store.Ticket) {
	for _, t := range c.all.All() {
		if !t.user.Removed() && match(t.Ticket) {
			list = append(list, t.record())
		}
	}
	return list
}

// record is matching for one hash.
func (c *ticketCache) record(hash store.TokenHash) (store.Ticket, error) {
	t := c.byHash.Get(hash)
	if t == nil || t.user.Removed() {
		return store.Ticket{}, ErrNotFound
	}
	return t.record(), nil
}

// record returns the ticket with its last use.
func (t *cachedTicket) record() store.Ticket {
	rec := t.Ticket
	rec.LastSeen = t.seen.load()
	return rec
}

// dropIdentities drops the Identities of policies other than p, since an
// Identity keeps its policy in memory, and the tickets of evicted users.
func (c *ticketCache) dropIdentities(p *policy.Policy) {
	for _, t := range c.all.All() {
		if dropIdentity(&t.identity, p); t.user.Removed() {
			c.all.Remove(t)
		}
	}
}

// deadTickets remembers tickets by their hashes, each with a time.
type deadTickets struct {
	all    *cache.Cache[deadTicket]
	byHash *cache.Index[store.TokenHash, deadTicket]
}

type deadTicket struct {
	cache.Mark
	hash store.TokenHash
	time time.Time // the ticket is dead unless it was used later
}

func newDeadTickets(most int) *deadTickets {
	all := cache.New(most, func(t *deadTicket) *cache.Mark { return &t.Mark }, nil)
	byHash := cache.AddIndex(all, func(t *deadTicket) store.TokenHash { return t.hash }, hashToken)
	return &deadTickets{all, byHash}
}

func (d *deadTickets) set(hash store.TokenHash, at time.Time) {
	d.all.Add(&deadTicket{hash: hash, time: at})
}

func (d *deadTickets) get(hash store.TokenHash) (time.Time, bool) {
	t := d.byHash.Get(hash)
	if t == nil {
		return time.Time{}, false
	}
	t.Use()
	return t.time, true
}
