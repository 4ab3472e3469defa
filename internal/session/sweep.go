package session

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/rbac-go/rbac/internal/clock"
	"github.com/rbac-go/rbac/store"
)

// Sweep deletes old records. While the clock is in doubt, Sweep deletes only
// surplus throttles, which go by number and not by age. Uses of tickets are
// written first: a use may keep a ticket from being deleted.
func (m *Manager) Sweep(ctx context.Context) error {
	if !m.sweeper.clockSettled() {
		return m.sweeper.sweepThrottles(ctx, time.Time{})
	}
	return m.DeleteOld(ctx)
}

// DeleteOld writes the uses of tickets and deletes old records, even if the
// clock is in doubt.
func (m *Manager) DeleteOld(ctx context.Context) error {
	if err := m.Flush(ctx); err != nil {
		return err
	}
	return m.sweeper.deleteOld(ctx)
}

// sweeper deletes old records. No answer depends on when the sweeper runs: each
// use of a record compares times.
type sweeper struct {
	store       store.Store
	keepChanges time.Duration
	clock       clock.Clock
	monitor     *clock.Monitor // of start, then of sweep
	log         *slog.Logger
	endOld      func(context.Context) error
}

// maxOtherThrottles is the number of records kept for names without a user and
// for prefixes.
const maxOtherThrottles = 100_000

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

// deleteOld deletes tickets past their limits, throttles without a count, and
// old changes and logins.
//
// A ticket is left for two minutes after its end: another process may have a
// use still to write.
func (s *sweeper) deleteOld(ctx context.Context) error {
	now := microseconds(s.clock.Now().Time.UnixMicro())
	return errors.Join(
		s.inBatches(ctx, func(r store.Records) (int, error) {
			return r.DeleteDeadTickets(now.Add(-3*Lag), rowsPerUpdate)
		}),
		s.sweepThrottles(ctx, now),
		s.inBatches(ctx, func(r store.Records) (int, error) {
			return r.DeleteChanges(now.Add(-s.keepChanges), rowsPerUpdate)
		}),
		s.inBatches(ctx, func(r store.Records) (int, error) {
			return r.DeleteLogins(now.Add(-s.keepChanges), rowsPerUpdate)
		}),
		s.endOld(ctx))
}

// sweepThrottles deletes expired counts of failed logins, and surplus counts of
// made-up names.
func (s *sweeper) sweepThrottles(ctx context.Context, now time.Time) error {
	return s.inBatches(ctx, func(r store.Records) (int, error) {
		return r.DeleteIdleThrottles(now, maxOtherThrottles, rowsPerUpdate)
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
