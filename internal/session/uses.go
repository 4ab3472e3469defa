package session

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/internal/clock"
	"github.com/rbac-go/rbac/store"
)

// UseDue reports whether a use at a time is to be noted: the last use was noted
// a minute ago.
func (t *Ticket) UseDue(now time.Time) bool {
	return now.UnixMicro()-t.seen.at.Load() >= Lag.Microseconds()
}

// NoteUse notes that a ticket was used.
func (m *Manager) NoteUse(t *Ticket, now time.Time) { m.tickets.uses.note(t, now) }

// LastSeen returns when a ticket from the store was last used, in any process.
func (m *Manager) LastSeen(t store.Ticket) time.Time { return m.tickets.uses.seen(t) }

// lastSeen is the last use of a ticket, as far as this Authority knows, in
// microseconds since 1970.
type lastSeen struct{ at atomic.Int64 }

func (s *lastSeen) load() time.Time { return microseconds(s.at.Load()) }

func microseconds(us int64) time.Time { return time.UnixMicro(us).UTC() }

// raise moves the last use to a later time.
func (s *lastSeen) raise(t time.Time) {
	for {
		at, later := s.at.Load(), t.UnixMicro()
		if later <= at || s.at.CompareAndSwap(at, later) {
			return
		}
	}
}

// lastUses are the last uses of tickets, until written. Uses are written in
// batches, and at most once a minute for a ticket: reading a page is no write.
type lastUses struct {
	mu      sync.Mutex
	pending map[uuid.UUID]ticketUse
	wake    chan struct{}
}

type ticketUse struct {
	hash store.TokenHash
	at   time.Time
}

// note notes that a ticket was used, unless a use within the last minute was
// noted.
func (u *lastUses) note(t *Ticket, now time.Time) {
	before, at := t.seen.at.Load(), now.UnixMicro()
	if at-before < Lag.Microseconds() || !t.seen.at.CompareAndSwap(before, at) {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.add(t.ID, ticketUse{t.Hash, microseconds(at)})
}

// lookUp notes that the row of a ticket is to be looked up with the next writes
// of uses. Until the row was seen, lookUp does so once a second.
func (u *lastUses) lookUp(t *Ticket, now clock.Reading) {
	before := t.asked.Load()
	if before != nil && now.SinceMonotonic(*before) < gatherUses ||
		!t.asked.CompareAndSwap(before, &now) {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	use, ok := u.pending[t.ID]
	if !ok {
		use = ticketUse{t.Hash, t.seen.load()} // no later use
	}
	u.add(t.ID, use) // which wakes the writer, even if an earlier write has failed
}

// add adds a use to the pending writes. u.mu is held.
func (u *lastUses) add(ticket uuid.UUID, use ticketUse) {
	if u.pending == nil {
		u.pending = map[uuid.UUID]ticketUse{}
	}
	u.pending[ticket] = use
	select {
	case u.wake <- struct{}{}:
	default:
	}
}

// seen returns when a ticket from the store was last used, in any process.
func (u *lastUses) seen(t store.Ticket) time.Time {
	u.mu.Lock()
	defer u.mu.Unlock()
	if p, ok := u.pending[t.ID]; ok && p.at.After(t.LastSeen) {
		return p.at
	}
	return t.LastSeen
}

// some returns at most that many of the pending uses.
func (u *lastUses) some(most int) map[uuid.UUID]ticketUse {
	u.mu.Lock()
	defer u.mu.Unlock()
	batch := make(map[uuid.UUID]ticketUse, min(most, len(u.pending)))
	for id, p := range u.pending {
		if len(batch) == most {
			break
		}
		batch[id] = p
	}
	return batch
}

// written forgets uses, unless there was a later use meanwhile.
func (u *lastUses) written(batch map[uuid.UUID]ticketUse) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for id, p := range batch {
		if u.pending[id] == p {
			delete(u.pending, id)
		}
	}
}

// flush writes the pending uses. After an error the rest stays pending.
func (c *ticketCache) flush(ctx context.Context, s store.Store, now func() clock.Reading) error {
	for {
		batch := c.uses.some(rowsPerUpdate)
		if len(batch) == 0 {
			return nil
		}
		if err := c.touch(ctx, s, now, batch); err != nil {
			return err
		}
		c.uses.written(batch)
	}
}

// touch writes uses. A ticket without a row is evicted; every other row counts
// as seen.
func (c *ticketCache) touch(
	ctx context.Context, s store.Store, now func() clock.Reading, batch map[uuid.UUID]ticketUse,
) error {
	var there, gone []store.TokenHash
	var began clock.Reading
	err := s.Update(ctx, func(r store.Records) error {
		there, gone, began = nil, nil, now()
		for id, u := range batch {
			_, err := r.Ticket(store.TicketKey{ID: id})
			if errors.Is(err, store.ErrNotFound) {
				gone = append(gone, u.hash)
				continue
			}
			if err := errors.Join(err, r.TouchTicket(id, u.at)); err != nil {
				return err
			}
			there = append(there, u.hash)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, hash := range gone {
		c.gone.set(hash, never)
		c.evict(hash)
	}
	for _, hash := range there {
		if t := c.byHash.Get(hash); t != nil {
			t.rowSeen.Store(&began)
		}
	}
	return nil
}
