package replica

import (
	"context"
	"fmt"
	"time"

	"github.com/rbac-go/rbac/internal/waitlimit"
	"github.com/rbac-go/rbac/store"
)

const (
	// PollsPerLease is how often the follower polls while a lease lasts. A
	// single late answer does no harm.
	PollsPerLease = 10

	// followTimeout bounds the reading of news, in case the store hangs.
	followTimeout = time.Minute

	// pollGap is the least time between two polls of a follower that is woken:
	// callers cannot keep the store busy.
	pollGap = 10 * time.Millisecond
)

// Run is the follower: it polls the store until the context ends, and at once
// after a hint of the store.
func (r *Replica) Run(ctx context.Context) {
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
		err := r.Poll(ctx)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			r.failures.Add(1)
		}
		if (err == nil) != (failing == nil) && r.followed != nil { // once, and not ten times a second
			r.followed(err)
		}
		failing = err
	}
}

// Poll is one poll of the follower. Reading news, which can be a whole policy,
// may take longer than a lease lasts. Then the lease runs out, and no call is
// answered from the old State. Poll logs the guarantee if it has changed.
func (r *Replica) Poll(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, max(r.timeout, followTimeout), errSlowStore)
	defer cancel()
	if err := waitlimit.Acquire(ctx, r.polling); err != nil {
		return err
	}
	defer waitlimit.Release(r.polling)
	err := r.poll(ctx)
	r.logGuarantee()
	return err
}

func (r *Replica) hints(ctx context.Context) <-chan struct{} {
	if h, ok := r.store.Store.(store.Hinter); ok {
		return h.Hints(ctx)
	}
	return nil
}

// wakeUp makes the follower poll soon.
func (r *Replica) wakeUp() {
	select {
	case r.wake <- struct{}{}:
	default: // the follower is awake
	}
}

// ErrStopped is the error of calls after the follower has stopped.
var ErrStopped = fmt.Errorf("%w: the authority is closed", store.ErrUnavailable)

// Watch registers a caller that will wait for the State to move, until the
// caller calls done. While a caller is registered, the follower is woken when
// the lease is given up.
func (r *Replica) Watch() (done func()) {
	r.waiting.Add(1)
	return func() { r.waiting.Add(-1) }
}

// NextMove returns a channel that is closed at the next move of the State, or
// at a later move.
func (r *Replica) NextMove() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.moved
}

// await wakes the follower, and waits until the state has a revision. However
// many callers wait, the follower asks the store once for all of them.
func (r *Replica) await(ctx context.Context, rev store.Revision) error {
	for {
		moved := r.NextMove()
		if r.state.Load().Head.Revision >= rev {
			return nil
		}
		r.wakeUp()
		select {
		case <-moved:
		case <-r.stopped:
			return ErrStopped
		case <-ctx.Done():
			return waitlimit.ContextEnded(context.Cause(ctx))
		}
	}
}
