package replica

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rbac-go/rbac/internal/clock"
	"github.com/rbac-go/rbac/internal/waitlimit"
	"github.com/rbac-go/rbac/store"
)

// lease records that the store was asked at the time asked, and that the state
// is at least as new as the answer. Every call compares times: a flag that a
// goroutine sets would still be trusted by a process that was paused.
type lease struct{ asked clock.Reading }

// leased reports whether the store was asked less than a duration ago.
func (r *Replica) leased(now clock.Reading, most time.Duration) bool {
	l := r.lease.Load()
	return l != nil && now.Since(l.asked) < most
}

// LeaseLeft returns the time until the lease ends, or without a lease the time
// until a new lease would end.
func (r *Replica) LeaseLeft(now clock.Reading) time.Duration {
	if l := r.lease.Load(); l != nil {
		return r.timeout - now.Since(l.asked)
	}
	return r.timeout
}

// LeaseAge returns how long ago the store was asked the question that the lease
// records, and MaxStaleness if there is no lease.
func (r *Replica) LeaseAge() time.Duration {
	if l := r.lease.Load(); l != nil {
		return r.clock.Now().Since(l.asked)
	}
	return r.timeout
}

// Failures returns how many polls of the follower have failed.
func (r *Replica) Failures() uint64 { return r.failures.Load() }

// GiveUpLease makes the next call ask the store first, even if a poll is under
// way: that poll asked before.
func (r *Replica) GiveUpLease() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.giveUp()
}

// giveUp is GiveUpLease while r.mu is held.
func (r *Replica) giveUp() {
	r.epoch.Add(1)
	r.lease.Store(nil)
}

// Ready returns the state, under a lease, for a call that begins now, and the
// time of the call. Where the lease has run out the store is asked. A state
// before the revision that the call awaits is not returned.
func (r *Replica) Ready(ctx context.Context, awaited store.Revision) (*State, clock.Reading, error) {
	now := r.clock.Now()
	if !r.leased(now, r.Trust) { // the lease before the state, which is then at least as new
		if err := r.renew(ctx); err != nil {
			return nil, now, err
		}
	}
	if awaited > r.state.Load().Head.Revision {
		if err := r.await(ctx, awaited); err != nil {
			return nil, now, err
		}
		now = r.clock.Now() // the wait may have been long, and tickets have ended meanwhile
	}
	return r.state.Load(), now, nil
}

// renew polls the store, unless somebody else has renewed the lease by then.
// One goroutine at a time polls. The others wait, none longer than
// MaxStaleness: a store that hangs is a store that is down.
func (r *Replica) renew(ctx context.Context) error {
	if r.timeout > waitlimit.LogAfter {
		return r.store.Wait(ctx, r.renewNow)
	}
	return r.renewNow(ctx) // the timeout ends the wait before it would be logged
}

func (r *Replica) renewNow(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, r.timeout, errSlowStore)
	defer cancel()
	if err := waitlimit.Acquire(ctx, r.polling); err != nil {
		return err
	}
	defer waitlimit.Release(r.polling)
	asked := r.clock.Now()
	if r.leased(asked, r.Trust) {
		return nil
	}
	if err := r.poll(ctx); err != nil {
		return err
	}
	// The lease may have been given up again by now. For this call a poll that
	// began after the call is enough.
	if r.clock.Now().Since(asked) >= r.timeout {
		return fmt.Errorf("%w: the store answers too late", store.ErrUnavailable)
	}
	return nil
}

var errSlowStore = errors.New("the store did not answer within Config.MaxStaleness")

// poll follows the store, and renews the lease from before the store was asked.
func (r *Replica) poll(ctx context.Context) error {
	epoch, asked := r.epoch.Load(), r.clock.Now()
	if r.failover != nil {
		if renews, err := r.askServers(ctx, asked); err != nil || !renews {
			return err
		}
	} else if err := r.catchUp(ctx); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.epoch.Load() == epoch {
		r.lease.Store(&lease{asked})
	}
	return nil
}

// catchUp reads the head, and follows the store where the head is not the
// state's.
func (r *Replica) catchUp(ctx context.Context) error {
	head, err := r.readHead(ctx)
	if err == nil && !r.state.Load().At(head) {
		err = r.inState(ctx, r.store.View, r.failover == nil, onlyFollow)
	}
	return err
}

// onlyFollow is a Reader for callers that only want the State moved.
func onlyFollow(store.Records, *State) error { return nil }

func (r *Replica) readHead(ctx context.Context) (head store.Head, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, r.timeout, errSlowStore)
	defer cancel()
	if h, ok := r.store.Store.(store.HeadReader); ok {
		return h.ReadHead(ctx)
	}
	err = r.store.Store.View(ctx, func(rec store.Records) (err error) {
		head, err = rec.Head(store.NoLock)
		return err
	})
	return head, err
}
