package rbac

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/rbac-go/rbac/store"
)

// lastSeen is when a ticket was last used, as far as this Authority knows: in
// microseconds since 1970.
type lastSeen struct{ at atomic.Int64 }

func newLastSeen(t time.Time) *lastSeen {
	s := &lastSeen{}
	s.at.Store(t.UnixMicro())
	return s
}

func (s *lastSeen) load() time.Time { return time.UnixMicro(s.at.Load()).UTC() }

// raise moves it on to a later time.
func (s *lastSeen) raise(t time.Time) {
	for at := s.at.Load(); t.UnixMicro() > at && !s.at.CompareAndSwap(at, t.UnixMicro()); at = s.at.Load() {
	}
}

// uses are the last uses of tickets that are not written yet. They are written in
// batches and at most once a minute for a ticket, so that reading a page is no write.
type uses struct {
	mu      sync.Mutex
	pending map[uuid.UUID]ticketUse
	wake    chan struct{}
}

type ticketUse struct {
	hash store.TokenHash
	at   time.Time
}

// WithoutUse keeps [Authority.Identify], [Authority.Judge] and what else is called under the returned context from
// counting as a use of the ticket: for what a service does by itself and nobody has asked for, such as judging each
// message of a stream. Otherwise a busy stream would keep the ticket of somebody who has left alive.
// It makes no difference to limits or answers. Of this and [CountAsUse] the later counts.
func WithoutUse(ctx context.Context) context.Context {
	return context.WithValue(ctx, countAsUseKey{}, false)
}

func withoutUse(ctx context.Context) bool {
	uses, said := ctx.Value(countAsUseKey{}).(bool)
	return said && !uses
}

// use notes that a ticket was used, unless the context says that it was not. It looks there only when there is something to note.
func (a *Authority) use(ctx context.Context, c *cachedTicket, now time.Time) {
	before := c.seen.at.Load()
	if now.UnixMicro()-before < lag.Microseconds() || withoutUse(ctx) || !c.seen.at.CompareAndSwap(before, now.UnixMicro()) {
		return
	}
	a.uses.mu.Lock()
	defer a.uses.mu.Unlock()
	a.uses.note(c.ID, ticketUse{c.Hash, instant(now)})
	a.uses.wakeUp()
}

// lookFor notes that the row of a ticket is to be looked for, with the uses that are to be written. Until that
// has happened it does so once a second.
func (a *Authority) lookFor(c *cachedTicket, now moment) {
	before := c.asked.Load()
	if before != 0 && now.steady-before < int64(gatherUses) || !c.asked.CompareAndSwap(before, now.steady) {
		return
	}
	a.uses.mu.Lock()
	defer a.uses.mu.Unlock()
	if _, ok := a.uses.pending[c.ID]; !ok {
		a.uses.note(c.ID, ticketUse{c.Hash, c.seen.load()}) // which moves nothing on
	}
	a.uses.wakeUp()
}

// note notes a use that is to be written; u is locked.
func (u *uses) note(ticket uuid.UUID, use ticketUse) {
	if u.pending == nil {
		u.pending = map[uuid.UUID]ticketUse{}
	}
	u.pending[ticket] = use
}

func (u *uses) wakeUp() {
	select {
	case u.wake <- struct{}{}:
	default:
	}
}

// seen is when a ticket that was read from the store was last seen, by this Authority or another.
func (u *uses) seen(t store.Ticket) time.Time {
	u.mu.Lock()
	defer u.mu.Unlock()
	if p, ok := u.pending[t.ID]; ok && p.at.After(t.LastSeen) {
		return p.at
	}
	return t.LastSeen
}

// some returns up to a number of uses that are not written.
func (u *uses) some(most int) map[uuid.UUID]ticketUse {
	u.mu.Lock()
	defer u.mu.Unlock()
	taken := make(map[uuid.UUID]ticketUse, min(most, len(u.pending)))
	for id, p := range u.pending {
		if len(taken) == most {
			break
		}
		taken[id] = p
	}
	return taken
}

// written forgets uses, unless there was a later one meanwhile.
func (u *uses) written(taken map[uuid.UUID]ticketUse) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for id, p := range taken {
		if u.pending[id] == p {
			delete(u.pending, id)
		}
	}
}

// flush writes the uses noted so far. What could not be written stays noted.
func (a *Authority) flush(ctx context.Context) error {
	for {
		taken := a.uses.some(houseBatch)
		if len(taken) == 0 {
			return nil
		}
		if err := a.touch(ctx, taken); err != nil {
			return err
		}
		a.uses.written(taken)
	}
}

// touch writes uses. A ticket whose row is gone leaves the cache: the row may have gone without a Change,
// by the sweep of a process that does not know of our uses or by an operator's DELETE. Other tickets are known to be there.
func (a *Authority) touch(ctx context.Context, taken map[uuid.UUID]ticketUse) error {
	var there, gone []store.TokenHash
	var began moment
	err := a.transact(ctx, a.store.Update, func(r store.Records) error {
		there, gone, began = nil, nil, a.moment()
		for id, u := range taken {
			_, err := r.Ticket(id)
			if errors.Is(err, ErrNotFound) {
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
		a.caches.gone.Set(hash, struct{}{})
		a.caches.tickets.Invalidate(hash)
	}
	for _, hash := range there {
		if c, ok := a.caches.tickets.GetIfPresent(hash); ok {
			c.shown.Store(&began)
		}
	}
	return nil
}
