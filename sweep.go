package rbac

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/rbac-go/rbac/internal/clock"
	"github.com/rbac-go/rbac/store"
)

// sweeper deletes old records. No answer depends on when the sweeper runs: each
// use of a record compares times.
type sweeper struct {
	store       Store
	keepChanges time.Duration
	clock       clock.Clock
	monitor     *clock.Monitor // of start, then of sweep
	log         *slog.Logger
}

// start begins to watch the clock, before this Authority has written anything.
func (s *sweeper) start(r store.Records) error {
	var newest time.Time
	for c, err := range r.Changes(store.ChangeFilter{Newest: true, Limit: 1}) {
		if err != nil {
			return err
		}
		newest = c.At
	}
	s.monitor = clock.NewMonitor(s.clock.Now(), newest)
	return nil
}

// clockSettled reports whether old records may be deleted, and logs when that
// changes.
func (s *sweeper) clockSettled() bool {
	switch began, ended := s.monitor.Observe(s.clock.Now()); {
	case began:
		s.logDoubt()
	case ended:
		s.log.Info("rbac: the clock has run evenly, and what is old is deleted again")
	}
	return s.monitor.Doubt() == ""
}

func (s *sweeper) logDoubt() {
	if doubt := s.monitor.Doubt(); doubt != "" {
		s.log.Warn("rbac: nothing that is old is deleted until the clock has run evenly for a while",
			"reason", doubt, "while", clock.Settles)
	}
}

// sweepOld deletes tickets past their limits, throttles without a count, and
// old changes.
//
// A ticket is left for two minutes after its end: another process may have a
// use still to write.
func (s *sweeper) sweepOld(ctx context.Context) error {
	now := instant(s.clock.Now().Time)
	return errors.Join(
		s.inBatches(ctx, func(r store.Records) (int, error) {
			return r.DeleteDeadTickets(now.Add(-3*lag), rowsPerUpdate)
		}),
		s.sweepThrottles(ctx, now),
		s.inBatches(ctx, func(r store.Records) (int, error) {
			return r.DeleteChanges(now.Add(-s.keepChanges), rowsPerUpdate)
		}))
}

// sweepThrottles deletes expired counts of failed logins, and surplus counts of
// made-up names.
func (s *sweeper) sweepThrottles(ctx context.Context, now time.Time) error {
	return s.inBatches(ctx, func(r store.Records) (int, error) {
		return r.DeleteIdleThrottles(now, otherThrottles, rowsPerUpdate)
	})
}

// inBatches runs delete in small Updates until no more records are found.
func (s *sweeper) inBatches(ctx context.Context, delete func(store.Records) (int, error)) error {
	for {
		deleted := 0
		err := s.store.Update(ctx, func(r store.Records) (err error) {
			deleted, err = delete(r)
			return err
		})
		if err != nil || deleted < rowsPerUpdate {
			return err
		}
	}
}
