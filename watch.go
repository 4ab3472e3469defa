package rbac

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/rbac-go/rbac/internal/replica"
	"github.com/rbac-go/rbac/internal/session"
	"github.com/rbac-go/rbac/internal/waitlimit"
)

// Watch yields the Identity of a token, as Identify returns it, now and each
// time the Identity may have changed: after a change of the user, the
// memberships or the policy, in whatever process, and when a membership ends.
// Two Identities in a row can have the same answers. Watch is for streams and
// other long connections, which end with the ticket and show changes at once:
//
//	for id, err := range authority.Watch(ctx, token) {
//
// Watch ends with ErrNoTicket when the ticket ends, by whatever limit or call,
// and with ErrUnavailable when ctx ends or the Authority is closed. While the
// Identity is unknown, because the store cannot be asked, Watch yields
// ErrUnavailable or ErrBusy, once, and goes on: send nothing until the next
// Identity.
//
// A change is yielded as soon as it takes effect for Identify; see the package
// doc. A message can slip out between the change and the moment at which the
// reader has seen the next Identity. If no message may slip out, judge each
// message by [Authority.Judge] under [WithoutUse] before sending, as
// examples/chat does.
//
// Without [CountAsUse], a watch does not count as a use of the ticket, and a
// user who does nothing else is idle.
func (a *Authority) Watch(ctx context.Context, t Token) iter.Seq2[*Identity, error] {
	return func(yield func(*Identity, error) bool) {
		w := &watch{a: a, token: t, uses: countsAsUse(ctx)}
		defer a.replica.Watch()()
		under := ctx
		for {
			moved := a.replica.NextMove()
			goOn, wait := w.yieldNews(under, yield)
			if !goOn {
				return
			}
			if w.last != nil {
				// The revision was seen. If the store is restored to an earlier
				// revision, the reader must not keep the Identity until the
				// revision comes again.
				under = context.WithValue(ctx, awaitedKey{}, Revision(0))
			}
			timer := time.NewTimer(wait)
			select {
			case <-moved:
			case <-timer.C:
			case <-a.background.ended:
			case <-ctx.Done():
			}
			timer.Stop()
		}
	}
}

// watch is the state of one Watch, with the last value yielded.
type watch struct {
	a       *Authority
	token   Token
	uses    bool
	last    *Identity
	failing bool
}

// yieldNews yields the Identity, or the error, unless equal to the last value
// yielded. It reports whether to go on, and after what time at the latest.
func (w *watch) yieldNews(
	ctx context.Context, yield func(*Identity, error) bool,
) (goOn bool, wait time.Duration) {
	id, ticket, now, err := w.a.identify(ctx, w.token)
	unknown := errors.Is(err, ErrUnavailable) || errors.Is(err, ErrBusy)
	switch {
	case ctx.Err() != nil:
		yield(nil, waitlimit.ContextEnded(context.Cause(ctx)))
		return false, 0
	case unknown && !w.a.background.closed.Load():
		again := w.failing
		w.last, w.failing = nil, true
		return again || yield(nil, err), w.a.cfg.MaxStaleness / replica.PollsPerLease
	case err != nil:
		yield(nil, err)
		return false, 0
	}
	if w.uses {
		w.a.noteUse(ctx, ticket, now)
	}
	w.failing = false
	if id != w.last {
		w.last = id
		if !yield(id, nil) {
			return false, 0
		}
	}
	return true, w.a.untilNext(ticket) // the reader may have taken its time
}

// untilNext returns the time until a ticket, or a membership of its user, ends;
// at most until the lease ends: then the watch has to know whether the store
// can be asked at all.
func (a *Authority) untilNext(t *session.Ticket) time.Duration {
	now := a.clock.Now()
	wait := a.replica.LeaseLeft(now)
	if t != nil {
		wait = t.UntilEnd(now.Time, wait)
	}
	return max(wait, time.Millisecond) // a timer may come early
}
