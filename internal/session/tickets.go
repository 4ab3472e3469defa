package session

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
	all    *cache.Cache[Ticket]
	byHash *cache.Index[store.TokenHash, Ticket]
	ended  *deadTickets // found past a limit
	gone   *deadTickets // found without a row, which a lagging server may still show
	uses   lastUses
}

const (
	// Lag is by how much LastSeen may be behind the last use.
	Lag = time.Minute

	lookUpRow = Lag      // after the row was seen
	trustRow  = 10 * Lag // after the row was seen
)

// Ticket is a ticket. It counts only while its user is cached.
type Ticket struct {
	cache.Mark
	store.Ticket
	memo    memo
	user    *User
	seen    lastSeen
	rowSeen atomic.Pointer[clock.Reading] // when the store last had the ticket
	asked   atomic.Pointer[clock.Reading] // when the row was last asked for; nil: never
}

func newTicketCache(most int) *ticketCache {
	all := cache.New(most, func(t *Ticket) *cache.Mark { return &t.Mark }, nil)
	return &ticketCache{
		all:    all,
		byHash: cache.AddIndex(all, (*Ticket).hash, hashToken),
		ended:  newDeadTickets(most),
		gone:   newDeadTickets(most),
		uses:   lastUses{wake: make(chan struct{}, 1)},
	}
}

func (t *Ticket) hash() store.TokenHash { return t.Hash }

// usable reports whether a cached ticket lives, and its row was seen lately.
// The user of the ticket is cached.
func (c *ticketCache) usable(t *Ticket, now clock.Reading) bool {
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
func (c *ticketCache) add(t *Ticket) *Ticket {
	if old := c.byHash.Get(t.Hash); old != nil && old.renew(t) {
		return old
	}
	c.all.Add(t)
	return t
}

// renew updates a ticket that was read again. It reports false if the ticket
// has changed.
func (t *Ticket) renew(read *Ticket) bool {
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
	return now.Before(t.Expires) && (t.Key || now.Before(seen.Add(t.Idle+Lag)))
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

// record returns the ticket with its last use.
func (t *Ticket) record() store.Ticket {
	rec := t.Ticket
	rec.LastSeen = t.seen.load()
	return rec
}

// dropIdentities drops the Identities of policies other than p, since an
// Identity keeps its policy in memory, and the tickets of evicted users.
func (c *ticketCache) dropIdentities(p *policy.Policy) {
	for _, t := range c.all.All() {
		if t.memo.dropOld(p); t.user.Removed() {
			c.all.Remove(t)
		}
	}
}

// UntilEnd returns the time until the ticket, or a membership of its user,
// ends, as far as is known now; at most the given time.
func (t *Ticket) UntilEnd(now time.Time, most time.Duration) time.Duration {
	most = min(most, t.Expires.Sub(now))
	if !t.Key {
		most = min(most, t.seen.load().Add(t.Idle+Lag).Sub(now))
	}
	if end := t.memo.until(); !end.IsZero() {
		most = min(most, end.Sub(now))
	}
	return most
}
