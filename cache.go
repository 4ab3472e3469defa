package rbac

import (
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/maypok86/otter/v2"
	"github.com/rbac-go/rbac/store"
)

// caches keep what was read of users and tickets, bounded. An entry is valid
// only as long as users holds its user under their id: so dropping a user there drops
// their names, subjects and tickets everywhere. Only what exists is kept.
type caches struct {
	users    *otter.Cache[uuid.UUID, *cachedUser]
	names    *userCache
	subjects *userCache
	tickets  *otter.Cache[store.TokenHash, *cachedTicket]
	ended    *otter.Cache[store.TokenHash, time.Time] // tickets found past a limit: dead unless used after that time
	gone     *otter.Cache[store.TokenHash, struct{}]  // tickets whose rows were found to be gone, which a replica that lags may still show
}

// userCache finds users by a text.
type userCache = otter.Cache[string, *cachedUser]

func newCaches(cfg Config) caches {
	return caches{
		users: otter.Must(&otter.Options[uuid.UUID, *cachedUser]{MaximumSize: cfg.CachedUsers,
			OnAtomicDeletion: func(e otter.DeletionEvent[uuid.UUID, *cachedUser]) { e.Value.drop() }}),
		names:    newCache[string, *cachedUser](cfg.CachedUsers),
		subjects: newCache[string, *cachedUser](cfg.CachedUsers),
		tickets:  newCache[store.TokenHash, *cachedTicket](cfg.CachedTickets),
		ended:    newCache[store.TokenHash, time.Time](cfg.CachedTickets),
		gone:     newCache[store.TokenHash, struct{}](cfg.CachedTickets),
	}
}

func newCache[K comparable, V any](size int) *otter.Cache[K, V] {
	return otter.Must(&otter.Options[K, V]{MaximumSize: size})
}

// cachedUser is an enabled user with their memberships, which are those of a policy and of those that changes make of it.
type cachedUser struct {
	standing atomic.Pointer[standing]
	dropped  atomic.Bool // the cache of users does not hold it any more: it may not be so any more
	id       uuid.UUID
	name     string
	groups   heldGroups
}

// add puts a user into the caches, under a text in one of them. It returns the user who is there already, if
// one is: their tickets know them, too.
func (c *caches) add(u *cachedUser, cache *userCache, text string) *cachedUser {
	if kept, ok := c.users.GetIfPresent(u.id); ok {
		u = kept
	} else {
		c.users.Set(u.id, u)
	}
	if text == u.name {
		text = u.name // one text, and no bytes of the host, who may use them again, as fasthttp does
	} else {
		text = strings.Clone(text)
	}
	cache.Set(text, u)
	return u
}

// drop is for users whom the cache does not hold any more. Others may, for a while: so they keep no policy.
func (u *cachedUser) drop() {
	u.dropped.Store(true)
	u.standing.Store(nil)
}

// fresh reports whether what was found in a cache, after st was read, is what the store holds at the head of st.
func (a *Authority) fresh(u *cachedUser, st *state) bool {
	return !u.dropped.Load() && a.state.Load() == st // only what st allows was put in while that was the state
}

// keep runs fill, which puts into the caches what was read at st, unless the state has
// moved meanwhile: what was read then may be no longer true.
func (a *Authority) keep(st *state, fill func(*caches)) {
	a.moving.Lock()
	defer a.moving.Unlock()
	if a.state.Load() == st {
		fill(&a.caches)
	}
}

// forgetOld drops what stands on a policy that is not the last one, and what belongs to users who were dropped. None
// of it is ever used again, but each could be what keeps a whole policy in memory, for as long as nobody asks.
func (a *Authority) forgetOld() {
	p := a.state.Load().policy
	for _, u := range a.caches.users.All() {
		forgetStanding(&u.standing, p)
	}
	for _, found := range []*userCache{a.caches.names, a.caches.subjects} {
		for key, u := range found.All() {
			if u.dropped.Load() {
				found.Invalidate(key)
			}
		}
	}
	for hash, t := range a.caches.tickets.All() {
		if forgetStanding(&t.standing, p); t.user.dropped.Load() {
			a.caches.tickets.Invalidate(hash)
		}
	}
}

func forgetStanding(place *atomic.Pointer[standing], p *policy) {
	if s := place.Load(); s != nil && s.policy != p {
		place.CompareAndSwap(s, nil)
	}
}
