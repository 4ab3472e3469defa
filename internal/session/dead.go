package session

import (
	"time"

	"github.com/rbac-go/rbac/internal/cache"
	"github.com/rbac-go/rbac/store"
)

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
