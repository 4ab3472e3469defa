package rbac

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rbac-go/rbac/store"
)

// clockWatch decides whether the clock may be believed when it says that something is old enough to be deleted: a clock that is
// months ahead for a minute must not cost the change log and all tickets. After a doubt nothing is deleted until the clock
// has run evenly with the monotonic clock for a while, so a store that nobody used for months is swept, too.
type clockWatch struct {
	last  moment // of the last look
	since moment // of the last doubt
	doubt string // the reason; empty: none
}

const (
	clockLead    = time.Hour       // so far ahead of the newest change the clock is doubted when an Authority opens
	clockLeap    = 5 * time.Minute // so far against the monotonic clock it is doubted later
	clockSettles = time.Hour       // so long it has to run evenly
)

// begin takes the newest time in the store, from before this Authority writes any; zero: none.
func (w *clockWatch) begin(now moment, newest time.Time) {
	*w = clockWatch{last: now}
	if ahead := now.time.Sub(newest); !newest.IsZero() && ahead > clockLead {
		w.since, w.doubt = now, fmt.Sprintf("the clock is %v ahead of the newest change", ahead.Round(time.Second))
	}
}

// look takes the time, and reports whether it starts a doubt or ends one.
func (w *clockWatch) look(now moment) (started, ended bool) {
	leap := time.Duration((now.wall - w.last.wall) - (now.steady - w.last.steady))
	w.last = now
	if leap.Abs() > clockLeap {
		w.since, w.doubt = now, fmt.Sprintf("the clock was moved by %v against the monotonic clock", leap.Round(time.Second))
		return true, false
	}
	if w.doubt != "" && now.steady-w.since.steady >= int64(clockSettles) {
		w.doubt = ""
		return false, true
	}
	return false, false
}

// watchClock begins to watch the clock, before this Authority has written anything.
func (a *Authority) watchClock(r store.Records) error {
	var newest time.Time
	for c, err := range r.Changes(store.ChangeFilter{Newest: true, Limit: 1}) {
		if err != nil {
			return err
		}
		newest = c.At
	}
	a.clock.begin(a.moment(), newest)
	return nil
}

// clockSettled reports whether what is old may be deleted, and logs when that changes.
func (a *Authority) clockSettled() bool {
	switch started, ended := a.clock.look(a.moment()); {
	case started:
		a.logDoubt()
	case ended:
		a.log.Info("rbac: the clock has run evenly, and what is old is deleted again")
	}
	return a.clock.doubt == ""
}

func (a *Authority) logDoubt() {
	if a.clock.doubt != "" {
		a.log.Warn("rbac: nothing that is old is deleted until the clock has run evenly for a while", "reason", a.clock.doubt, "while", clockSettles)
	}
}

// sweep deletes, in small transactions, tickets past their limits, throttles that count nothing
// any more and old changes. Nothing depends on when it runs: both are decided at each use by comparing times.
//
// A ticket is left for two minutes more than it lives, since another process may
// have seen a use that is not written yet.
func (a *Authority) sweep(ctx context.Context) error {
	if err := a.flush(ctx); err != nil {
		return err
	}
	now := a.now()
	return errors.Join(
		a.sweepBatches(ctx, func(r store.Records) (int, error) {
			return r.DeleteDeadTickets(now.Add(-3*lag), houseBatch)
		}),
		a.sweepThrottles(ctx, now),
		a.sweepBatches(ctx, func(r store.Records) (int, error) {
			return r.DeleteChanges(now.Add(-a.cfg.KeepChanges), houseBatch)
		}))
}

// sweepThrottles deletes the counts of failed logins that have ended by now, and
// those of made-up names that are too many.
func (a *Authority) sweepThrottles(ctx context.Context, now time.Time) error {
	return a.sweepBatches(ctx, func(r store.Records) (int, error) {
		return r.DeleteIdleThrottles(now, otherThrottles, houseBatch)
	})
}

func (a *Authority) sweepBatches(ctx context.Context, batch func(store.Records) (int, error)) error {
	for {
		deleted := 0
		err := a.transact(ctx, a.store.Update, func(r store.Records) (err error) {
			deleted, err = batch(r)
			return err
		})
		if err != nil || deleted < houseBatch {
			return err
		}
	}
}
