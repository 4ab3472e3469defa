package rbac

import (
	"context"
	"time"

	"github.com/rbac-go/rbac/store"
)

const (
	// pollsPerLease is how often the follower polls while a lease lasts. One
	// late answer does no harm.
	pollsPerLease = 10

	// followTimeout bounds the reading of news, in case the store hangs.
	followTimeout = time.Minute

	// pollGap is the least time between two polls of a follower that is woken:
	// callers cannot keep the store busy.
	pollGap = 10 * time.Millisecond
)

// run is the follower: it polls the store until the context ends, and at once
// after a hint of the store.
func (r *replica) run(ctx context.Context) {
	defer close(r.stopped)
	ticks := time.NewTicker(r.interval)
	defer ticks.Stop()
	hints := r.hints(ctx)
	var failing error
	var last time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		case <-hints:
		case <-r.wake:
			select { // anybody may wake the follower, with a revision that was made up
			case <-ctx.Done():
				return
			case <-time.After(time.Until(last.Add(min(r.interval, pollGap)))):
			}
		}
		last = time.Now()
		err := r.pollOnce(ctx)
		if ctx.Err() != nil {
			return
		}
		if (err == nil) != (failing == nil) { // logged once, and not ten times a second
			if err != nil {
				r.log.Error("rbac: the store cannot be followed", "error", err)
			} else {
				r.log.Info("rbac: the store can be followed again")
			}
		}
		failing = err
		if r.failover != nil {
			r.logGuarantee()
		}
	}
}

// pollOnce is one poll of the follower. Reading news, which can be a whole
// policy, may take longer than a lease lasts. Then the lease runs out, and no
// call is answered from the old state.
func (r *replica) pollOnce(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, max(r.timeout, followTimeout), errSlowStore)
	defer cancel()
	if err := acquire(ctx, r.polling); err != nil {
		return err
	}
	defer release(r.polling)
	return r.poll(ctx)
}

func (r *replica) hints(ctx context.Context) <-chan struct{} {
	if h, ok := r.store.Store.(store.Hinter); ok {
		return h.Hints(ctx)
	}
	return nil
}

// wakeUp makes the follower poll soon.
func (r *replica) wakeUp() {
	select {
	case r.wake <- struct{}{}:
	default: // the follower is awake
	}
}

// revision returns the last revision that is known: at least the revision of each
// change made through this Authority.
func (r *replica) revision() Revision {
	r.mu.Lock()
	defer r.mu.Unlock()
	return max(r.made, r.state.Load().head.Revision)
}

// nextMove returns a channel that is closed when the state moves on from what it
// is now, or from a later state.
func (r *replica) nextMove() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.moved
}

// await wakes the follower, and waits until the state has a revision. However
// many callers wait, the follower asks the store once for all of them.
func (r *replica) await(ctx context.Context, rev Revision) error {
	for {
		moved := r.nextMove()
		if r.state.Load().head.Revision >= rev {
			return nil
		}
		r.wakeUp()
		select {
		case <-moved:
		case <-r.stopped:
			return errClosed
		case <-ctx.Done():
			return contextEnded(context.Cause(ctx))
		}
	}
}
