package rbac

import (
	"encoding/binary"
	"hash/maphash"
	"sync/atomic"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/internal/cache"
	"github.com/rbac-go/rbac/internal/policy"
	"github.com/rbac-go/rbac/store"
)

// userCache keeps enabled users, each with the memberships. The absence of a
// user is not cached.
type userCache struct {
	all       *cache.Cache[cachedUser]
	byID      *cache.Index[uuid.UUID, cachedUser]
	byName    *userIndex
	bySubject *userIndex

	nobody atomic.Pointer[Identity] // of a request without a ticket
}

type userIndex = cache.Index[string, cachedUser]

// cachedUser is an enabled user. The memberships are by numbers of groups,
// which changes of a policy keep.
type cachedUser struct {
	cache.Mark
	identity atomic.Pointer[cachedIdentity] // without a ticket; nil: not made yet
	id       uuid.UUID
	name     string
	subject  string // empty: none, or the store did not say
	groups   policy.Memberships
}

func newUserCache(most int) *userCache {
	all := cache.New(most, func(u *cachedUser) *cache.Mark { return &u.Mark }, (*cachedUser).evicted)
	return &userCache{
		all:       all,
		byID:      cache.AddIndex(all, func(u *cachedUser) uuid.UUID { return u.id }, hashUser),
		byName:    cache.AddIndex(all, func(u *cachedUser) string { return u.name }, hashName),
		bySubject: cache.AddIndex(all, func(u *cachedUser) string { return u.subject }, hashName),
	}
}

var userSeed = maphash.MakeSeed()

func hashUser(id uuid.UUID) uint64 { return maphash.Bytes(userSeed, id[:]) }

func hashName(name string) uint64 { return maphash.String(userSeed, name) }

func hashToken(h store.TokenHash) uint64 { return binary.LittleEndian.Uint64(h[:]) }

// add caches a user who was read at the head of the state, and returns the
// cached record.
func (c *userCache) add(u *cachedUser) *cachedUser {
	if kept := c.byID.Get(u.id); kept != nil && (kept.subject == u.subject || u.subject == "") {
		return kept // the tickets of the user refer to that record
	}
	c.all.Add(u)
	return u
}

func (c *userCache) Evict(user uuid.UUID) { c.all.Remove(c.byID.Get(user)) }

func (c *userCache) EvictAll() { c.all.Clear() }

// evicted is called when the user leaves the cache. Tickets may refer to the
// user for a while, and must not keep a policy in memory.
func (u *cachedUser) evicted() { u.identity.Store(nil) }

// anonymous returns the Identity of a request without a ticket.
func (c *userCache) anonymous(p *policy.Policy, from *origin) *Identity {
	id := c.nobody.Load()
	if id == nil || id.policy != p {
		id = newAnonymous(p, from)
		c.nobody.Store(id)
	}
	return id
}

// dropIdentities drops the Identities of policies other than p. An unused
// Identity would keep its whole policy in memory.
func (c *userCache) dropIdentities(p *policy.Policy) {
	if id := c.nobody.Load(); id != nil && id.policy != p {
		c.nobody.CompareAndSwap(id, nil)
	}
	for _, u := range c.all.All() {
		dropIdentity(&u.identity, p)
	}
}

func dropIdentity(place *atomic.Pointer[cachedIdentity], p *policy.Policy) {
	if s := place.Load(); s != nil && s.policy != p {
		place.CompareAndSwap(s, nil)
	}
}
