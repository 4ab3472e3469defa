package rbac

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/internal/clock"
	"github.com/rbac-go/rbac/internal/policy"
	"github.com/rbac-go/rbac/internal/waitlimit"
	"github.com/rbac-go/rbac/store"
)

// replica is the Authority's copy of the policy at a head of the store. A lease
// bounds how long the copy is used without asking the store; a follower renews
// the lease and replays changes.
//
// Lock order: polling, a transaction of the store, loading, mu, the locks of
// the caches. Nobody asks the store while mu is held.
type replica struct {
	store    *waitlimit.Store
	load     func(store.Records) (*policy.Policy, error) // reads the policy
	cache    evictor                                     // filled under mu
	clock    clock.Clock
	log      *slog.Logger
	failover *failover // nil: no other server can take the place of the store's

	trust    time.Duration // how long a lease lasts
	timeout  time.Duration // of a question to the store
	interval time.Duration // of the follower

	state   atomic.Pointer[state]
	lease   atomic.Pointer[lease]
	epoch   atomic.Uint64 // counts how often the lease was given up: a poll from before does not renew the lease
	polling chan struct{} // holds one value while somebody polls
	loading chan struct{} // holds one value while somebody reads news from the store
	wake    chan struct{} // holds one value to make the follower poll at once
	stopped chan struct{} // closed when the follower has stopped

	watchers atomic.Int64 // callers that wait for the state to move

	mu    sync.Mutex    // held to move the state, and to fill the caches
	moved chan struct{} // closed and replaced when the state moves
	made  Revision      // of the last change made through this Authority, unless the history was replaced
}

// evictor is a cache of users, whose records are true at the head of the state.
type evictor interface {
	evict(user uuid.UUID)
	evictAll()
}

// state is the policy at a head of the store. All cached users and tickets are
// true at that head, too.
type state struct {
	head   store.Head
	policy *policy.Policy // nil: nothing was read yet
}

// groups returns how many groups there are, 0 if nothing was read yet.
func (st *state) groups() int {
	if st.policy == nil {
		return 0
	}
	return st.policy.CountGroups()
}

func (st *state) at(head store.Head) bool { return st.policy != nil && st.head == head }

// newReplica returns a replica without a policy. The first call of current loads
// the policy.
func newReplica(cfg Config, s *waitlimit.Store, c clock.Clock, cache evictor) *replica {
	r := &replica{store: s, load: loadPolicy, cache: cache, clock: c, log: cfg.Logger,
		trust: cfg.MaxStaleness, timeout: cfg.MaxStaleness, interval: cfg.MaxStaleness / pollsPerLease,
		polling: make(chan struct{}, 1), loading: make(chan struct{}, 1), wake: make(chan struct{}, 1),
		stopped: make(chan struct{}), moved: make(chan struct{})}
	if c, ok := s.Store.(store.Confirmer); ok {
		r.failover = &failover{confirmer: c}
	}
	r.state.Store(&state{})
	return r
}

// errMoved: the state moved past the transaction while the transaction ran.
var errMoved = errors.New("rbac: state moved on")

// current runs f in a View, together with the state at the head that the View
// sees. f may run more than once.
//
// Every call reads the head, so no answer depends on a cached state that is
// older than the View.
func (r *replica) current(ctx context.Context, f func(store.Records, *state) error) error {
	err := r.inState(ctx, r.store.View, r.failover == nil, f)
	if errors.Is(err, errFork) {
		return r.afterFork(ctx, err, f)
	}
	return err
}

// inState runs f in a View, together with the state at its head. Authoritative
// means that the View shows the history that counts, even if that is another
// history than the state's.
func (r *replica) inState(ctx context.Context, view func(context.Context, func(store.Records) error) error, authoritative bool, f func(store.Records, *state) error) error {
	for {
		before := r.state.Load()
		err := view(ctx, func(rec store.Records) error {
			st, err := r.stateOf(ctx, rec, before, authoritative)
			if err != nil {
				return err
			}
			return f(rec, st)
		})
		if !errors.Is(err, errMoved) {
			return err
		}
	}
}

// stateOf returns the state at the head of a transaction, which began when the
// state was before.
func (r *replica) stateOf(ctx context.Context, rec store.Records, before *state, authoritative bool) (*state, error) {
	head, err := rec.Head()
	if err != nil {
		return nil, err
	}
	if st := r.state.Load(); st.at(head) {
		return st, nil
	}
	if before.at(head) {
		return before, nil // the state has moved since, but the transaction has not
	}
	return r.follow(ctx, rec, head, before, authoritative)
}

// follow moves the state to the head of a transaction. One goroutine at a time
// reads what that needs; the others wait, each until its context ends.
func (r *replica) follow(ctx context.Context, rec store.Records, head store.Head, before *state, authoritative bool) (*state, error) {
	select {
	case r.loading <- struct{}{}:
	case <-ctx.Done():
		return nil, contextEnded(ctx.Err())
	}
	defer func() { <-r.loading }()
	st := r.state.Load()
	switch {
	case st.at(head):
		return st, nil
	case st.policy == nil: // nothing was read yet
		return r.reload(rec, st, head)
	case head.Revision > st.head.Revision:
		most := max(maxReplayed, st.policy.CountPermissions())
		changes, ok, err := changesSince(rec, st.head, head, most, func() bool { return !r.is(st) })
		if err != nil {
			return nil, err
		}
		if ok {
			return r.replay(rec, st, head, changes)
		}
	case head.Revision > before.head.Revision:
		return nil, errMoved // the transaction is older than the state; a new one is not
	}
	// The history is another one: the store was restored or replaced, or this
	// is not the server that counts.
	if !authoritative {
		return nil, errFork
	}
	return r.reload(rec, st, head)
}

// contextEnded says that a question was not answered because its context ended.
func contextEnded(err error) error { return fmt.Errorf("%w: %w", ErrUnavailable, err) }

// replay moves the state by changes.
func (r *replica) replay(rec store.Records, st *state, head store.Head, changes []store.Change) (*state, error) {
	p, ok := st.policy.After(changes)
	if !ok {
		return r.reload(rec, st, head)
	}
	return r.moveFrom(st, &state{head: head, policy: p}, func() {
		for _, c := range changes {
			if policy.AboutUser(c.Action) {
				r.cache.evict(c.SubjectID)
			}
		}
	})
}

// reload reads the policy, and evicts every cached user, and so every ticket.
func (r *replica) reload(rec store.Records, st *state, head store.Head) (*state, error) {
	p, err := r.load(rec)
	if err != nil {
		return nil, err
	}
	return r.moveFrom(st, &state{head: head, policy: p}, func() {
		r.cache.evictAll()
		r.made = 0 // the history may be another one
	})
}

// moveFrom makes next the state after st, unless an Update of this Authority has
// moved the state meanwhile: next may have been read before that Update.
// Nothing is cached between evict and the move.
func (r *replica) moveFrom(st, next *state, evict func()) (*state, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.is(st) {
		return nil, errMoved
	}
	evict()
	r.move(next)
	return next, nil
}

// move makes next the state. r.mu is held.
func (r *replica) move(next *state) {
	r.state.Store(next)
	close(r.moved)
	r.moved = make(chan struct{})
}

// is reports whether the state is st. Records that were cached while it is are
// true at the head of st.
func (r *replica) is(st *state) bool { return r.state.Load() == st }

// keep runs fill, which caches records that were read at st, unless the state
// has moved meanwhile: the records may be stale by now.
func (r *replica) keep(st *state, fill func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.is(st) {
		fill()
	}
}

// commit is what an Update does to the store.
type commit struct {
	from, to store.Head
	policy   []store.Change // changes of the policy; of more than maxReplayed, the first
	users    []uuid.UUID    // the subjects of all other changes
}

// after returns the policy after an Update, and reports whether the changes
// determine that policy.
func (st *state) after(c commit) (*policy.Policy, bool) {
	if !st.at(c.from) || len(c.policy) > maxReplayed {
		return nil, false
	}
	return st.policy.After(c.policy)
}

// advance moves the state to where an Update of this Authority has led, so that
// every call that begins after the Update has returned sees the Update. The
// store, which could fail, is not asked: where the changes do not determine the
// next state, advance gives up the lease. Asked is from before the Update began.
func (r *replica) advance(asked clock.Reading, c commit) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.made = max(r.made, c.to.Revision)
	st := r.state.Load()
	switch p, ok := st.after(c); {
	case st.at(c.to): // somebody has followed the Update already
	case !ok:
		r.giveUp()
	default:
		for _, user := range c.users {
			r.cache.evict(user)
		}
		r.move(&state{head: c.to, policy: p})
		if r.failover == nil { // otherwise the server may have confirmed nothing
			r.lease.Store(&lease{asked})
		}
	}
	if r.watchers.Load() > 0 && r.lease.Load() == nil {
		r.wakeUp() // it may be long before anybody asks
	}
}
