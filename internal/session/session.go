// Package session knows who is logged in: the living tickets and the enabled
// users of a store. A ticket is what the RBAC standard calls a session.
//
// A [Manager] finds tickets and users in a [Cache], and otherwise in the store.
// Cached records are true at the head of the Replica's State, and count only
// while the State has not moved. The Manager also notes the uses of tickets,
// writes the uses in the background, and deletes old records.
//
// Each cached user and ticket keeps the Identity that was last made from the
// record, so a repeated request allocates nothing. An Identity is an opaque
// value that [Maker] makes. The Identity is kept until the policy changes or a
// membership ends.
package session

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/rbac-go/rbac/internal/clock"
	"github.com/rbac-go/rbac/internal/policy"
	"github.com/rbac-go/rbac/internal/replica"
	"github.com/rbac-go/rbac/internal/stats"
	"github.com/rbac-go/rbac/internal/waitlimit"
	"github.com/rbac-go/rbac/store"
)

// Manager finds living tickets and enabled users, and maintains their records.
// It is safe for concurrent use.
type Manager struct {
	store   *waitlimit.Store
	replica *replica.Replica
	clock   clock.Clock
	log     *slog.Logger
	users   *userCache
	tickets *ticketCache
	lookups lookups
	sweeper sweeper
	maker   Maker
	nobody  memo // of requests without a ticket

	hits   atomic.Uint64 // tickets found in the cache; sampled
	misses stats.Timer   // tickets looked up in the store
}

// Config sets a Manager up.
type Config struct {
	Store        *waitlimit.Store
	Replica      *replica.Replica // whose cache is Cache
	Cache        *Cache
	Clock        clock.Clock
	Log          *slog.Logger
	Maker        Maker
	KeepChanges  time.Duration // after which entries of the change log and logins are deleted
	MaxStaleness time.Duration

	// EndOld ends further old records, with a Change for each.
	EndOld func(context.Context) error
}

// Maker makes Identities.
type Maker struct {
	// Anonymous makes the Identity of a request without a ticket.
	Anonymous func(p *policy.Policy) any

	// User makes the Identity of a user with a ticket. A nil ticket stands for
	// no ticket.
	User func(p *policy.Policy, u *User, assigned policy.Assigned, t *store.Ticket) any
}

// New returns a Manager. Call Start before the first question.
func New(cfg Config) *Manager {
	return &Manager{
		store:   cfg.Store,
		replica: cfg.Replica,
		clock:   cfg.Clock,
		log:     cfg.Log,
		users:   cfg.Cache.users,
		tickets: cfg.Cache.tickets,
		lookups: newLookups(cfg.Store.Store, cfg.MaxStaleness),
		sweeper: sweeper{
			store:       cfg.Store,
			keepChanges: cfg.KeepChanges,
			clock:       cfg.Clock,
			log:         cfg.Log,
			endOld:      cfg.EndOld,
		},
		maker: cfg.Maker,
	}
}

// Stats is what a Manager has counted.
type Stats struct {
	FromCache                    uint64 // estimated
	FromStore                    stats.Timing
	CachedTickets, CachedUsers   int
	EvictedTickets, EvictedUsers uint64
}

// Stats returns what was counted so far.
func (m *Manager) Stats() (s Stats) {
	s.FromCache, s.FromStore = m.hits.Load(), m.misses.Load()
	s.CachedTickets, s.EvictedTickets = m.tickets.all.Stats()
	s.CachedUsers, s.EvictedUsers = m.users.all.Stats()
	return s
}

const (
	gatherUses    = time.Second // how long uses are gathered before they are written
	sweepEvery    = time.Minute
	forgetEvery   = time.Second // after a change of the policy
	rowsPerUpdate = 200         // so that no other transaction waits for long
)

// Start loads the policy, begins a lease, and begins to watch the clock.
// Loading the policy takes as long as ctx allows; the lease then begins with a
// short poll.
func (m *Manager) Start(ctx context.Context) error {
	watch := func(r store.Records, _ *replica.State) error { return m.sweeper.start(r) }
	if err := m.replica.Current(ctx, watch); err != nil {
		return err
	}
	if err := m.replica.Poll(ctx); err != nil {
		return err
	}
	m.sweeper.logDoubt()
	return nil
}

// Run writes uses of tickets, sweeps, and drops Identities of old policies,
// until the context ends. Call Flush afterwards.
func (m *Manager) Run(ctx context.Context) {
	sweeps, forgets := time.NewTicker(sweepEvery), time.NewTicker(forgetEvery)
	defer sweeps.Stop()
	defer forgets.Stop()
	known := m.replica.State().Policy
	for {
		select {
		case <-ctx.Done():
			return
		case <-forgets.C:
			if p := m.replica.State().Policy; p != known {
				m.DropOldIdentities()
				known = p
			}
		case <-sweeps.C:
			m.logFailure(ctx, "sweeping", m.Sweep(ctx))
		case <-m.tickets.uses.wake:
			select {
			case <-ctx.Done():
				return
			case <-time.After(gatherUses):
			}
			m.logFailure(ctx, "writing last uses of tickets", m.Flush(ctx))
		}
	}
}

func (m *Manager) logFailure(ctx context.Context, doing string, err error) {
	if err != nil && ctx.Err() == nil {
		m.log.Error("rbac: "+doing+" failed", "error", err)
	}
}

// Flush writes the pending uses of tickets.
func (m *Manager) Flush(ctx context.Context) error {
	return m.tickets.flush(ctx, m.store, m.clock.Now)
}

// DropOldIdentities lets old policies be collected: an unused Identity in a
// cache would keep its policy in memory.
func (m *Manager) DropOldIdentities() {
	p := m.replica.State().Policy
	m.nobody.dropOld(p)
	m.users.dropIdentities(p)
	m.tickets.dropIdentities(p)
}
