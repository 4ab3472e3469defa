package rbac

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rbac-go/rbac/store"
)

// moment is a time by the clock of the Authority, and by one that goes on evenly
// whatever is done to the former; both in nanoseconds.
type moment struct {
	time         time.Time
	wall, steady int64
}

// began is the zero of the steady clock.
var began = time.Now()

func (a *Authority) moment() moment {
	now := a.cfg.Clock()
	m := moment{time: now, wall: now.UnixNano()}
	if a.cfg.ownClock {
		now = time.Now()
	}
	m.steady = int64(now.Sub(began))
	return m
}

// since is the time that passed from one moment to another: the longer of what the two clocks
// say. The one stands still while the machine sleeps, the other can be set back.
func (m moment) since(earlier moment) time.Duration {
	return time.Duration(max(m.steady-earlier.steady, m.wall-earlier.wall))
}

// lease says that at a moment the state was, or was newer than, what the store had. Who answers from the
// state compares times, each time: a flag that a goroutine sets would still be believed by
// a process that was paused.
type lease struct{ from moment }

func (a *Authority) leased(now moment, most time.Duration) bool {
	l := a.lease.Load()
	return l != nil && now.since(l.from) < most
}

// giveUpLease makes whoever asks next look at the store first, even where a poll is under way that asked before.
func (a *Authority) giveUpLease() {
	a.moving.Lock()
	defer a.moving.Unlock()
	a.giveUpLeaseLocked()
}

func (a *Authority) giveUpLeaseLocked() {
	a.epoch.Add(1)
	a.lease.Store(nil)
}

// ready returns the state, under a lease, to answer a call that begins now. Where the lease has
// run out it looks at the store. The moment is that of the call.
func (a *Authority) ready(ctx context.Context) (*state, moment, error) {
	if a.closed.Load() {
		return nil, moment{}, errClosed
	}
	now := a.moment()
	if !a.leased(now, a.trust) { // first the lease, then the state: it is at least as new
		if err := a.renew(ctx); err != nil {
			return nil, moment{}, err
		}
	}
	if rev := awaited(ctx); rev > a.state.Load().head.Revision {
		if err := a.await(ctx, rev); err != nil {
			return nil, moment{}, err
		}
		now = a.moment() // that can take long, and what has ended meanwhile has ended
	}
	return a.state.Load(), now, nil
}

// renew polls the store, unless the lease holds by then. One goroutine at a time polls; the others
// wait for it, none longer than MaxStaleness, so that a store that hangs is a store that is down.
func (a *Authority) renew(ctx context.Context) error {
	if a.cfg.MaxStaleness > sayWaiting {
		return a.waiting(ctx, a.renewNow)
	}
	return a.renewNow(ctx) // MaxStaleness ends the wait before there is anything to say
}

func (a *Authority) renewNow(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, a.cfg.MaxStaleness, errSlowStore)
	defer cancel()
	select {
	case a.polling <- struct{}{}:
	case <-ctx.Done():
		return contextEnded(context.Cause(ctx))
	}
	defer func() { <-a.polling }()
	if a.leased(a.moment(), a.trust) {
		return nil
	}
	before := a.moment()
	if err := a.poll(ctx); err != nil {
		return err
	}
	// The lease may be given up again by now. For the caller a look at the store is enough that was
	// begun after the call.
	if a.moment().since(before) >= a.cfg.MaxStaleness {
		return fmt.Errorf("%w: the store answers too late", ErrUnavailable)
	}
	return nil
}

var errSlowStore = errors.New("the store did not answer within Config.MaxStaleness")

// poll follows the store, and so renews the lease from the moment before it asked.
func (a *Authority) poll(ctx context.Context) error {
	epoch, before := a.epoch.Load(), a.moment()
	renews, err := a.look(ctx, before)
	if err != nil || !renews {
		return err
	}
	a.moving.Lock()
	defer a.moving.Unlock()
	if a.epoch.Load() == epoch {
		a.lease.Store(&lease{before})
	}
	return nil
}

// look reads head and follows what is new. It reports whether nothing that was confirmed before now can have been missed.
func (a *Authority) look(ctx context.Context, now moment) (bool, error) {
	if a.confirmer != nil && !a.leased(now, a.cfg.MaxStaleness/confirmations) {
		return true, a.confirm(ctx)
	}
	head, err := a.readHead(ctx)
	if err == nil && !a.state.Load().at(head) {
		err = a.inState(ctx, a.view, false, func(store.Records, *state) error { return nil })
	}
	if errors.Is(err, errFork) {
		return true, a.confirm(ctx)
	}
	return a.confirmer == nil, err
}

func (a *Authority) readHead(ctx context.Context) (head store.Head, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, a.cfg.MaxStaleness, errSlowStore)
	defer cancel()
	if h, ok := a.store.(store.HeadReader); ok {
		return h.ReadHead(ctx)
	}
	err = a.store.View(ctx, func(r store.Records) (err error) {
		head, err = r.Head()
		return err
	})
	return head, err
}

// wakeUp makes the follower ask the store soon.
func (a *Authority) wakeUp() {
	select {
	case a.wake <- struct{}{}:
	default: // it is awake
	}
}

// followStore polls the store until the context ends, and at once after a hint of the store.
func (a *Authority) followStore(ctx context.Context) {
	ticks := time.NewTicker(a.cfg.MaxStaleness / polls)
	defer ticks.Stop()
	hints := a.hints(ctx)
	var failing error
	var last time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		case <-hints:
		case <-a.wake:
			select { // anybody may wake it, with a revision that was made up
			case <-ctx.Done():
				return
			case <-time.After(time.Until(last.Add(min(a.cfg.MaxStaleness/polls, pollGap)))):
			}
		}
		last = time.Now()
		err := a.pollOnce(ctx)
		if ctx.Err() != nil {
			return
		}
		if (err == nil) != (failing == nil) { // once, not ten times a second
			if err != nil {
				a.log.Error("rbac: the store cannot be followed", "error", err)
			} else {
				a.log.Info("rbac: the store can be followed again")
			}
		}
		failing = err
		a.logGuarantee()
	}
}

// followWait is how long reading what is new may take, in case the store hangs.
const followWait = time.Minute

// polls is how often the store is asked in MaxStaleness, so that one answer that is late does no harm.
const polls = 10

// pollGap is how long at least the follower rests when it is woken, so that those who wake it
// cannot keep the store busy.
const pollGap = 10 * time.Millisecond

// pollOnce is what the follower does. It takes its time for what is new, which can be a whole policy:
// meanwhile the lease runs out, and nobody is answered from what was before.
func (a *Authority) pollOnce(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, max(a.cfg.MaxStaleness, followWait), errSlowStore)
	defer cancel()
	select {
	case a.polling <- struct{}{}:
		defer func() { <-a.polling }()
		return a.poll(ctx)
	case <-ctx.Done():
		return contextEnded(context.Cause(ctx))
	}
}

func (a *Authority) hints(ctx context.Context) <-chan struct{} {
	if h, ok := a.store.(store.Hinter); ok {
		return h.Hints(ctx)
	}
	return nil
}
