package rbac

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rbac-go/rbac/internal/replica"
)

// background is the work that no call waits for: the follower
// of the replica, and maintain.
type background struct {
	closed  atomic.Bool
	stop    context.CancelFunc
	ended   <-chan struct{} // closed by Close
	running sync.WaitGroup
}

const (
	gatherUses    = time.Second // how long uses are gathered before they are written
	sweepEvery    = time.Minute
	forgetEvery   = time.Second // after a change of the policy
	rowsPerUpdate = 200         // so that no other transaction waits for long

	// closeTimeout bounds the last writes of Close, in case the store hangs.
	closeTimeout = 10 * time.Second
)

// err returns ErrStopped once the Authority is closed.
func (b *background) err() error {
	if b.closed.Load() {
		return replica.ErrStopped
	}
	return nil
}

func (a *Authority) startBackground() {
	b := &a.background
	ctx, stop := context.WithCancel(context.Background())
	b.stop, b.ended = stop, ctx.Done()
	b.running.Go(func() { a.maintain(ctx) })
	b.running.Go(func() { a.replica.Run(ctx) })
}

// Close writes the pending uses of tickets and ends the background work. Close
// does not close the Store. Later calls fail with ErrUnavailable.
func (a *Authority) Close() error {
	if a.background.closed.Swap(true) {
		return nil
	}
	a.background.stop()
	a.background.running.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	return a.flush(ctx)
}

// maintain writes uses of tickets, sweeps, and drops Identities of old
// policies, until the context ends.
func (a *Authority) maintain(ctx context.Context) {
	sweeps, forgets := time.NewTicker(sweepEvery), time.NewTicker(forgetEvery)
	defer sweeps.Stop()
	defer forgets.Stop()
	known := a.replica.State().Policy
	for {
		select {
		case <-ctx.Done():
			return
		case <-forgets.C:
			if p := a.replica.State().Policy; p != known {
				a.dropOldIdentities()
				known = p
			}
		case <-sweeps.C:
			a.logFailure(ctx, "sweeping", a.sweep(ctx))
		case <-a.tickets.uses.wake:
			select {
			case <-ctx.Done():
				return
			case <-time.After(gatherUses):
			}
			a.logFailure(ctx, "writing last uses of tickets", a.flush(ctx))
		}
	}
}

func (a *Authority) logFailure(ctx context.Context, doing string, err error) {
	if err != nil && ctx.Err() == nil {
		a.log.Error("rbac: "+doing+" failed", "error", err)
	}
}

// flush writes the last uses of tickets.
func (a *Authority) flush(ctx context.Context) error {
	return a.tickets.flush(ctx, a.store, a.clock.Now)
}

// sweep deletes old records. While the clock is in doubt it deletes only surplus
// throttles, which go by number and not by age. Uses of tickets are written
// first: a use may keep a ticket from being deleted.
func (a *Authority) sweep(ctx context.Context) error {
	if !a.sweeper.clockSettled() {
		return a.sweeper.sweepThrottles(ctx, time.Time{})
	}
	if err := a.flush(ctx); err != nil {
		return err
	}
	return a.sweeper.sweepOld(ctx)
}

// dropOldIdentities lets old policies be collected: an unused Identity in a
// cache would keep its policy in memory.
func (a *Authority) dropOldIdentities() {
	p := a.replica.State().Policy
	a.users.dropIdentities(p)
	a.tickets.dropIdentities(p)
}
