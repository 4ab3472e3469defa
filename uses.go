package rbac

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
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

// uses are the last uses of tickets that are not written yet. They are written in
// batches and at most once a minute for a ticket, so that reading a page is no write.
type uses struct {
	mu      sync.Mutex
	pending map[uuid.UUID]time.Time
	wake    chan struct{}
}

// use notes that a ticket was used.
func (a *Authority) use(c *cachedTicket, now time.Time) {
	before := c.seen.at.Load()
	if now.UnixMicro()-before < lag.Microseconds() || !c.seen.at.CompareAndSwap(before, now.UnixMicro()) {
		return
	}
	a.uses.mu.Lock()
	defer a.uses.mu.Unlock()
	if a.uses.pending == nil {
		a.uses.pending = map[uuid.UUID]time.Time{}
	}
	a.uses.pending[c.ID] = now
	select {
	case a.uses.wake <- struct{}{}:
	default:
	}
}

func (u *uses) take() map[uuid.UUID]time.Time {
	u.mu.Lock()
	defer u.mu.Unlock()
	taken := u.pending
	u.pending = nil
	return taken
}

// flush writes the uses noted so far. What cannot be written is dropped: the ticket's next minute notes it again.
func (a *Authority) flush(ctx context.Context) error {
	taken := a.uses.take()
	if len(taken) == 0 {
		return nil
	}
	return a.store.Update(ctx, func(r Records) error {
		for id, seen := range taken {
			if err := r.TouchTicket(id, seen); err != nil {
				return err
			}
		}
		return nil
	})
}

const (
	gatherUses = time.Second // how long uses are gathered before they are written
	sweepEvery = time.Minute
	sweepBatch = 200
)

// keepHouse writes uses and sweeps until the context ends.
func (a *Authority) keepHouse(ctx context.Context) {
	sweeps := time.NewTicker(sweepEvery)
	defer sweeps.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-sweeps.C:
			a.complain(ctx, "sweeping", a.sweep(ctx))
		case <-a.uses.wake:
			select {
			case <-ctx.Done():
				return
			case <-time.After(gatherUses):
			}
			a.complain(ctx, "writing last uses of tickets", a.flush(ctx))
		}
	}
}

func (a *Authority) complain(ctx context.Context, doing string, err error) {
	if err != nil && ctx.Err() == nil {
		a.log.Error("rbac: "+doing+" failed", "error", err)
	}
}

// sweep deletes, in small transactions, tickets past their limits and throttles that count nothing
// any more. Nothing depends on when it runs: both are decided at each use by comparing times.
func (a *Authority) sweep(ctx context.Context) error {
	now := a.now()
	return errors.Join(
		a.sweepBatches(ctx, func(r Records) (int, error) {
			return r.DeleteDeadTickets(now, now.Add(-a.cfg.IdleLimit-lag), sweepBatch)
		}),
		a.sweepBatches(ctx, func(r Records) (int, error) {
			return r.DeleteIdleThrottles(now.Add(-forgetFailures), now.Add(-forgetSuccess), sweepBatch)
		}))
}

func (a *Authority) sweepBatches(ctx context.Context, batch func(Records) (int, error)) error {
	for {
		deleted := 0
		err := a.store.Update(ctx, func(r Records) (err error) {
			deleted, err = batch(r)
			return err
		})
		if err != nil || deleted < sweepBatch {
			return err
		}
	}
}
