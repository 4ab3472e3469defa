package session

import (
	"encoding/binary"
	"hash/maphash"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/internal/cache"
	"github.com/rbac-go/rbac/internal/policy"
	"github.com/rbac-go/rbac/store"
)

// Cache keeps living tickets and enabled users. A ticket counts only while its
// user is cached: evicting a user evicts the user's tickets.
type Cache struct {
	users   *userCache
	tickets *ticketCache
}

// NewCache returns a Cache of at most that many users and tickets.
func NewCache(users, tickets int) *Cache {
	return &Cache{newUserCache(users), newTicketCache(tickets)}
}

// Evict evicts a user.
func (c *Cache) Evict(user uuid.UUID) { c.users.all.Remove(c.users.byID.Get(user)) }

// EvictAll evicts every user.
func (c *Cache) EvictAll() { c.users.all.Clear() }

// userCache keeps enabled users, each with the memberships. The absence of a
// user is not cached.
type userCache struct {
	all       *cache.Cache[User]
	byID      *cache.Index[uuid.UUID, User]
	byName    *cache.Index[string, User]
	bySubject *cache.Index[string, User]
}

// User is an enabled user. The memberships are by numbers of groups, which
// changes of a policy keep.
type User struct {
	cache.Mark
	memo    memo // without a ticket
	id      uuid.UUID
	name    string
	subject string // empty: none, or the store did not say
	groups  policy.Memberships
}

// ID returns the user's id.
func (u *User) ID() uuid.UUID { return u.id }

// Name returns the user's canonical name.
func (u *User) Name() string { return u.name }

func newUserCache(most int) *userCache {
	all := cache.New(most, func(u *User) *cache.Mark { return &u.Mark }, (*User).evicted)
	return &userCache{
		all:       all,
		byID:      cache.AddIndex(all, func(u *User) uuid.UUID { return u.id }, hashUser),
		byName:    cache.AddIndex(all, func(u *User) string { return u.name }, hashName),
		bySubject: cache.AddIndex(all, func(u *User) string { return u.subject }, hashName),
	}
}

var userSeed = maphash.MakeSeed()

func hashUser(id uuid.UUID) uint64 { return maphash.Bytes(userSeed, id[:]) }

func hashName(name string) uint64 { return maphash.String(userSeed, name) }

func hashToken(h store.TokenHash) uint64 { return binary.LittleEndian.Uint64(h[:]) }

// get returns the sought user, if the user is cached.
func (c *userCache) get(what store.Sought) *User {
	if what.User != "" {
		return c.byName.Get(what.User)
	}
	return c.bySubject.Get(what.Subject)
}

// add caches a user who was read at the head of the state, and returns the
// cached record.
func (c *userCache) add(u *User) *User {
	if kept := c.byID.Get(u.id); kept != nil && (kept.subject == u.subject || u.subject == "") {
		return kept // the tickets of the user refer to that record
	}
	c.all.Add(u)
	return u
}

// evicted is called when the user leaves the cache. Tickets may refer to the
// user for a while, and must not keep a policy in memory.
func (u *User) evicted() { u.memo.last.Store(nil) }

// dropIdentities drops the Identities of policies other than p. An unused
// Identity would keep its whole policy in memory.
func (c *userCache) dropIdentities(p *policy.Policy) {
	for _, u := range c.all.All() {
		u.memo.dropOld(p)
	}
}
