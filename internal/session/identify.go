package session

import (
	"context"
	"time"

	"github.com/rbac-go/rbac/internal/clock"
	"github.com/rbac-go/rbac/internal/policy"
	"github.com/rbac-go/rbac/internal/replica"
	"github.com/rbac-go/rbac/store"
)

// Identify returns the living ticket with a hash, and the Identity that the
// ticket has at a time. The caller got st and began from Replica.Ready. Identify
// is no use of the ticket.
//
// Errors: ErrNotFound for a ticket that is not living, or whose user is
// disabled; those of the store.
func (m *Manager) Identify(
	ctx context.Context, st *replica.State, hash store.TokenHash, began clock.Reading,
) (id any, t *Ticket, at time.Time, err error) {
	if t := m.tickets.byHash.Get(hash); m.usable(t, st, began) {
		if began.Sampled() {
			m.hits.Add(clock.SampledOneIn)
		}
		return m.ticketIdentity(t, st, began.Time), t, began.Time, nil
	}
	return m.identifyStored(ctx, hash)
}

// identifyStored is Identify for a ticket that is not cached. The function is
// separate because the variables that it shares with the transaction would be
// allocated at every call of Identify.
func (m *Manager) identifyStored(
	ctx context.Context, hash store.TokenHash,
) (id any, t *Ticket, at time.Time, err error) {
	defer m.misses.Since(time.Now())
	what := store.Sought{Ticket: hash}
	err = m.lookupTicket(ctx, hash, what, func(r store.Records, st *replica.State) (err error) {
		read := m.clock.Now()
		at = read.Time
		if t, err = m.ticket(r, st, hash, read); err == nil {
			id = m.ticketIdentity(t, st, at)
		}
		return err
	})
	if err != nil {
		return nil, nil, at, err
	}
	return id, t, at, nil
}

func (m *Manager) ticketIdentity(t *Ticket, st *replica.State, now time.Time) any {
	return m.identity(&t.memo, t.user, &t.Ticket, st.Policy, now)
}

// IdentifyUser returns the Identity of an enabled user without a ticket: the
// user with a name, or with a subject. The caller got st and began from
// Replica.Ready.
//
// Errors: ErrNotFound; a [DisabledError]; those of the store.
func (m *Manager) IdentifyUser(
	ctx context.Context, st *replica.State, what store.Sought, began clock.Reading,
) (any, error) {
	if u := m.users.get(what); u != nil && m.fresh(u, st) {
		u.Use()
		return m.userIdentity(u, st, began.Time), nil
	}
	return m.identifyStoredUser(ctx, what)
}

// identifyStoredUser is IdentifyUser for a user who is not cached.
func (m *Manager) identifyStoredUser(ctx context.Context, what store.Sought) (id any, err error) {
	err = m.lookup(ctx, m.lookups.unknown, what, func(r store.Records, st *replica.State) error {
		u, err := readUser(st.Policy, r, what)
		if err != nil {
			return err
		}
		m.replica.Keep(st, func() { u = m.users.add(u) })
		id = m.userIdentity(u, st, m.clock.Now().Time)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return id, nil
}

func (m *Manager) userIdentity(u *User, st *replica.State, now time.Time) any {
	return m.identity(&u.memo, u, nil, st.Policy, now)
}

// IdentifyIn is Identify in a transaction with a policy of its own. The cache
// is neither asked nor filled.
func (m *Manager) IdentifyIn(
	r store.Records, p *policy.Policy, hash store.TokenHash, now time.Time,
) (any, error) {
	t, err := m.LivingTicket(r, hash, now)
	if err != nil {
		return nil, err
	}
	u, err := readUserOf(p, r, t)
	if err != nil {
		return nil, err
	}
	return m.newIdentity(u, &t, p, now).identity, nil
}

// WithTicket runs f in a View with the living ticket that has a hash. Errors
// are those of Identify and of f.
func (m *Manager) WithTicket(
	ctx context.Context, hash store.TokenHash, f func(r store.Records, t *Ticket, now time.Time) error,
) error {
	return m.lookupTicket(ctx, hash, store.Sought{}, func(r store.Records, st *replica.State) error {
		now := m.clock.Now()
		t, err := m.ticket(r, st, hash, now)
		if err != nil {
			return err
		}
		return f(r, t, now.Time)
	})
}
