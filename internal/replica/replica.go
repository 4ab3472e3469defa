package replica

import (
	"context"
	"errors"
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

// Replica is an Authority's copy of the policy at a head of the store. It is
// safe for concurrent use.
type Replica struct {
	// Trust is how long a lease lasts. It may be changed before the first call
	// of Ready.
	Trust time.Duration

	store    *waitlimit.Store
	cache    Cache // filled under mu
	clock    clock.Clock
	log      *slog.Logger
	failover *failover     // nil: no other server can take the place of the store's
	timeout  time.Duration // of a question to the store
	interval time.Duration // of the follower

	state   atomic.Pointer[State]
	lease   atomic.Pointer[lease]
	epoch   atomic.Uint64    // counts how often the lease was given up
	polling chan struct{}    // holds one value while somebody polls
	loading chan struct{}    // holds one value while somebody reads news from the store
	wake    chan struct{}    // holds one value to make the follower poll at once
	stopped chan struct{}    // closed when the follower has stopped
	waiting atomic.Int64     // callers between Watch and its end
	logged  *store.Guarantee // the last; in turn to poll

	followed func(error)   // see Config
	failures atomic.Uint64 // of the follower

	mu    sync.Mutex
	moved chan struct{}  // closed and replaced when the State moves
	made  store.Revision // of the last change of this Authority in this history
}

// Config sets a Replica up.
type Config struct {
	Store        *waitlimit.Store
	Cache        Cache
	Clock        clock.Clock
	Log          *slog.Logger
	MaxStaleness time.Duration

	// Followed is called by the follower with an error when the store can no
	// longer be followed, and with nil when the store can be followed again.
	Followed func(error)
}

// Cache is a cache of users and of records that depend on users. Its records
// are true at the head of the State.
type Cache interface {
	Evict(user uuid.UUID)
	EvictAll()
}

// Reader reads a transaction of the store, together with the State at the head
// that the transaction sees.
type Reader = func(store.Records, *State) error

// viewFunc is [store.Store.View], or a call with the same promises.
type viewFunc = func(context.Context, func(store.Records) error) error

// State is the policy at a head of the store. A State does not change.
type State struct {
	Head   store.Head
	Policy *policy.Policy // nil: nothing was read yet
}

// At reports whether st is the state at a head.
func (st *State) At(head store.Head) bool { return st.Policy != nil && st.Head == head }

// PolicyAt returns the policy if the State is at head, and nil otherwise.
func (st *State) PolicyAt(head store.Head) *policy.Policy {
	if !st.At(head) {
		return nil
	}
	return st.Policy
}

// CountGroups returns how many groups there are, 0 if nothing was read yet.
func (st *State) CountGroups() int {
	if st.Policy == nil {
		return 0
	}
	return st.Policy.CountGroups()
}

// New returns a Replica without a policy. The first call of Current loads the
// policy, and the first poll begins a lease.
func New(cfg Config) *Replica {
	r := &Replica{
		Trust:    cfg.MaxStaleness,
		store:    cfg.Store,
		cache:    cfg.Cache,
		clock:    cfg.Clock,
		log:      cfg.Log,
		timeout:  cfg.MaxStaleness,
		interval: cfg.MaxStaleness / PollsPerLease,
		polling:  make(chan struct{}, 1),
		loading:  make(chan struct{}, 1),
		wake:     make(chan struct{}, 1),
		stopped:  make(chan struct{}),
		moved:    make(chan struct{}),
		followed: cfg.Followed,
	}
	if c, ok := cfg.Store.Store.(store.Confirmer); ok {
		r.failover = &failover{confirmer: c}
	}
	r.state.Store(&State{})
	return r
}

// State returns the State, whether there is a lease or not.
func (r *Replica) State() *State { return r.state.Load() }

// Is reports whether the State is st. Records that were cached while it is are
// true at the head of st.
func (r *Replica) Is(st *State) bool { return r.state.Load() == st }

// errMoved: the state moved past the transaction while the transaction ran.
var errMoved = errors.New("rbac: state moved on")

// Current runs f in a View, together with the state at the head that the View
// sees. f may run more than once.
//
// Every call reads the head, so no answer depends on a state older than the
// View.
func (r *Replica) Current(ctx context.Context, f Reader) error {
	err := r.inState(ctx, r.store.View, r.failover == nil, f)
	if errors.Is(err, errFork) {
		return r.afterFork(ctx, err, f)
	}
	return err
}

// inState runs f in a View, together with the state at its head. Authoritative
// means that the View shows the history that counts, whatever the history of
// the state.
func (r *Replica) inState(ctx context.Context, view viewFunc, authoritative bool, f Reader) error {
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
func (r *Replica) stateOf(
	ctx context.Context, rec store.Records, before *State, authoritative bool,
) (*State, error) {
	head, err := rec.Head(store.NoLock)
	if err != nil {
		return nil, err
	}
	if st := r.state.Load(); st.At(head) {
		return st, nil
	}
	if before.At(head) {
		return before, nil // the state has moved since, but the transaction has not
	}
	return r.follow(ctx, rec, head, before, authoritative)
}

// follow moves the state to the head of a transaction. One goroutine at a time
// reads from the store; the others wait, each until its context ends.
func (r *Replica) follow(
	ctx context.Context, rec store.Records, head store.Head, before *State, authoritative bool,
) (*State, error) {
	if waitlimit.Acquire(ctx, r.loading) != nil {
		return nil, waitlimit.ContextEnded(ctx.Err())
	}
	defer waitlimit.Release(r.loading)
	st := r.state.Load()
	switch {
	case st.At(head):
		return st, nil
	case st.Policy == nil: // nothing was read yet
		return r.reload(rec, st, head)
	case head.Revision > st.Head.Revision:
		most := max(maxReplayed, st.Policy.CountPermissions())
		changes, ok, err := changesSince(rec, st.Head, head, most, func() bool { return !r.Is(st) })
		if err != nil {
			return nil, err
		}
		if ok {
			return r.replay(rec, st, head, changes)
		}
	case head.Revision > before.Head.Revision:
		return nil, errMoved // the transaction is older than the state; a new one is not
	}
	// The history is a different one: the store was restored or replaced, or
	// the server is not the server that counts.
	if !authoritative {
		return nil, errFork
	}
	return r.reload(rec, st, head)
}

// replay moves the state by changes.
func (r *Replica) replay(
	rec store.Records, st *State, head store.Head, changes []store.Change,
) (*State, error) {
	p, ok := st.Policy.After(changes)
	if !ok {
		return r.reload(rec, st, head)
	}
	return r.moveFrom(st, &State{head, p}, func() {
		for _, c := range changes {
			if policy.AboutUser(c.Action) {
				r.cache.Evict(c.SubjectID)
			}
		}
	})
}

// reload reads the policy, and evicts every cached user, and so every ticket.
func (r *Replica) reload(rec store.Records, st *State, head store.Head) (*State, error) {
	p, err := Load(rec)
	if err != nil {
		return nil, err
	}
	return r.moveFrom(st, &State{head, p}, func() {
		r.cache.EvictAll()
		r.made = 0 // the history may be another one
	})
}

// moveFrom makes next the state after st, unless an Update of this Authority
// has moved the state meanwhile: next may have been read before that Update.
// Nothing is cached between evict and the move.
func (r *Replica) moveFrom(st, next *State, evict func()) (*State, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.Is(st) {
		return nil, errMoved
	}
	evict()
	r.move(next)
	return next, nil
}

// move makes next the state. r.mu is held.
func (r *Replica) move(next *State) {
	r.state.Store(next)
	close(r.moved)
	r.moved = make(chan struct{})
}

// Keep runs fill, which caches records that were read at st, unless the state
// has moved meanwhile: the records may be stale by now.
func (r *Replica) Keep(st *State, fill func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.Is(st) {
		fill()
	}
}
