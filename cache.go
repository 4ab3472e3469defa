package rbac

import (
	"time"

	"github.com/google/uuid"
	"github.com/maypok86/otter/v2"
)

// caches keep what was read of users and tickets, bounded. An entry is valid
// only as long as users holds it under its id: so dropping a user there drops
// their names, subjects and tickets everywhere. Only what exists is kept.
type caches struct {
	users    *otter.Cache[uuid.UUID, *cachedUser]
	names    *userCache
	subjects *userCache
	tickets  *otter.Cache[TokenHash, *cachedTicket]
}

// userCache finds users by a text.
type userCache = otter.Cache[string, *cachedUser]

func newCaches(cfg Config) caches {
	return caches{
		users:    newCache[uuid.UUID, *cachedUser](cfg.CachedUsers),
		names:    newCache[string, *cachedUser](cfg.CachedUsers),
		subjects: newCache[string, *cachedUser](cfg.CachedUsers),
		tickets:  newCache[TokenHash, *cachedTicket](cfg.CachedTickets),
	}
}

func newCache[K comparable, V any](size int) *otter.Cache[K, V] {
	return otter.Must(&otter.Options[K, V]{MaximumSize: size})
}

// cachedUser is an enabled user with what they are authorized for under one policy.
type cachedUser struct {
	User
	memberships []MembershipRecord
	policy      *policy
	until       time.Time // when the next membership ends; zero: never
	identity    *Identity // without a ticket
}

// cachedTicket is a ticket of a user with the Identity it gives.
type cachedTicket struct {
	TicketRecord
	user     *cachedUser
	identity *Identity
	seen     *lastSeen
}

// valid reports whether u is still what the store holds at the state's head.
func (a *Authority) valid(u *cachedUser, st *state, now time.Time) bool {
	kept, ok := a.caches.users.GetIfPresent(u.ID)
	return ok && kept == u && u.policy == st.policy && (u.until.IsZero() || now.Before(u.until))
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
