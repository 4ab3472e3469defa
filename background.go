package rbac

import (
	"context"
	"time"
)

const (
	gatherUses = time.Second // how long uses are gathered before they are written
	sweepEvery = time.Minute
	houseBatch = 200 // records in one transaction, so that nobody waits for long

	forgetEvery = time.Second // after a change of the policy
)

// keepHouse writes uses, sweeps and forgets old policies until the context ends.
func (a *Authority) keepHouse(ctx context.Context) {
	sweeps, forgets := time.NewTicker(sweepEvery), time.NewTicker(forgetEvery)
	defer sweeps.Stop()
	defer forgets.Stop()
	known := a.state.Load().policy
	for {
		select {
		case <-ctx.Done():
			return
		case <-forgets.C:
			if p := a.state.Load().policy; p != known {
				a.forgetOld()
				known = p
			}
		case <-sweeps.C:
			if a.clockSettled() {
				a.complain(ctx, "sweeping", a.sweep(ctx))
			}
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
