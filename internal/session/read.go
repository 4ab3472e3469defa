package session

import (
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/internal/clock"
	"github.com/rbac-go/rbac/internal/policy"
	"github.com/rbac-go/rbac/internal/replica"
	"github.com/rbac-go/rbac/store"
)

// DisabledError is the error of a user who is disabled.
type DisabledError struct{ Name string }

// Error names the user.
func (e *DisabledError) Error() string { return "the account of " + e.Name + " is disabled" }

// Living reports whether a ticket from the store is within its limits. A ticket
// once found past a limit stays dead, even if the clock is set back.
func (m *Manager) Living(t store.Ticket, now time.Time) bool {
	seen := m.LastSeen(t)
	if end, ok := m.tickets.ended.get(t.Hash); ok && !seen.After(end) {
		return false
	}
	if !withinLimits(&t, seen, now) {
		m.tickets.markEnded(t, seen, now)
		return false
	}
	return true
}

// LivingTicket reads a living ticket, whichever user the ticket belongs to.
// ErrNotFound if there is none.
func (m *Manager) LivingTicket(
	r store.Records, hash store.TokenHash, now time.Time,
) (store.Ticket, error) {
	t, err := r.Ticket(store.TicketKey{Hash: hash})
	if err == nil && !m.Living(t, now) {
		err = store.ErrNotFound
	}
	return t, err
}

// AnyTicket reads a ticket, living or dead. If the store has lost the row,
// AnyTicket returns the ticket as it is cached.
func (m *Manager) AnyTicket(r store.Records, hash store.TokenHash) (store.Ticket, error) {
	rec, err := r.Ticket(store.TicketKey{Hash: hash})
	if !errors.Is(err, store.ErrNotFound) {
		return rec, err
	}
	if t := m.tickets.byHash.Get(hash); t != nil && !t.user.Removed() {
		return t.record(), nil
	}
	return rec, err
}

// TicketByID is AnyTicket for the ticket with an id.
func (m *Manager) TicketByID(r store.Records, id uuid.UUID) (store.Ticket, error) {
	t, err := r.Ticket(store.TicketKey{ID: id})
	if errors.Is(err, store.ErrNotFound) {
		for _, cached := range m.CachedTickets(func(t store.Ticket) bool { return t.ID == id }) {
			t, err = cached, nil
		}
	}
	return t, err
}

// CachedTickets returns the cached tickets that match, as records with their
// last use. The store may have lost their rows.
func (m *Manager) CachedTickets(match func(store.Ticket) bool) (list []store.Ticket) {
	for _, t := range m.tickets.all.All() {
		if !t.user.Removed() && match(t.Ticket) {
			list = append(list, t.record())
		}
	}
	return list
}

// EvictTicket evicts the ticket with a hash.
func (m *Manager) EvictTicket(hash store.TokenHash) { m.tickets.evict(hash) }

// usable reports whether a ticket from the cache, or nil, lives and is as the
// store holds the ticket at the head of st.
func (m *Manager) usable(t *Ticket, st *replica.State, now clock.Reading) bool {
	return t != nil && m.fresh(t.user, st) && m.tickets.usable(t, now)
}

// fresh reports whether a user that the cache returned, after st was read,
// is as the store holds the user at the head of st.
func (m *Manager) fresh(u *User, st *replica.State) bool {
	return !u.Removed() && m.replica.Is(st)
}

// ticket finds a living ticket in the cache, or reads and caches the ticket. A
// ticket whose user is disabled is not found.
func (m *Manager) ticket(
	r store.Records, st *replica.State, hash store.TokenHash, now clock.Reading,
) (*Ticket, error) {
	if t := m.tickets.byHash.Get(hash); m.usable(t, st, now) {
		return t, nil
	}
	t, err := m.readTicket(r, st, hash, now)
	if errors.Is(err, store.ErrNotFound) {
		m.tickets.evict(hash)
	}
	if err != nil {
		return nil, err
	}
	m.replica.Keep(st, func() {
		if t.user.Removed() {
			return
		}
		t.user = m.users.add(t.user)
		t = m.tickets.add(t)
	})
	return t, nil
}

// readTicket reads a living ticket, and its user unless the user is cached.
func (m *Manager) readTicket(
	r store.Records, st *replica.State, hash store.TokenHash, now clock.Reading,
) (*Ticket, error) {
	rec, err := m.LivingTicket(r, hash, now.Time)
	if err != nil {
		return nil, err
	}
	// A user of a later state than the ticket does not belong to the ticket:
	// the groups of a narrowed ticket may have been pruned in between.
	u := m.users.byID.Get(rec.User)
	if u == nil || !m.fresh(u, st) {
		if u, err = readUserOf(st.Policy, r, rec); err != nil {
			return nil, err
		}
	}
	t := &Ticket{Ticket: rec, user: u}
	t.seen.at.Store(m.LastSeen(rec).UnixMicro())
	t.rowSeen.Store(&now)
	return t, nil
}

// readUserOf reads the enabled user of a ticket. A disabled user is
// ErrNotFound.
func readUserOf(p *policy.Policy, r store.Records, t store.Ticket) (*User, error) {
	rec, err := r.User(store.UserKey{ID: t.User})
	if err == nil && rec.Disabled {
		err = store.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	return newUser(p, r, rec)
}

// readUser reads the sought user. A disabled user is a [DisabledError].
func readUser(p *policy.Policy, r store.Records, what store.Sought) (*User, error) {
	rec, err := r.User(store.UserKey{Name: what.User, Subject: what.Subject})
	if err == nil && rec.Disabled {
		err = &DisabledError{rec.Name}
	}
	if err != nil {
		return nil, err
	}
	return newUser(p, r, rec)
}

// newUser reads the memberships of a user.
func newUser(p *policy.Policy, r store.Records, u store.UserRecord) (*User, error) {
	memberships, err := r.UserMemberships(u.ID)
	if err != nil {
		return nil, err
	}
	return &User{
		id:      u.ID,
		name:    u.Name,
		subject: u.Subject,
		groups:  p.Memberships(memberships),
	}, nil
}
