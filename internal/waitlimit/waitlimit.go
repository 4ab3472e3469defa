// Package waitlimit limits how long the transactions of a store wait for
// others.
package waitlimit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/rbac-go/rbac/internal/stats"
	"github.com/rbac-go/rbac/store"
)

// LogAfter is how long a call waits before the log says so.
const LogAfter = time.Second

const useTx = "a call of the Authority inside View or Update waits for itself: use the Tx"

// Store is a store whose transactions wait for others no longer than a limit:
// for their turn or a connection, and for a lock. Then they fail with ErrBusy.
// After [LogAfter] the log says that a transaction waits, also for its commit.
// Neither the work of a transaction nor its commit is cut off.
type Store struct {
	store.Store
	Views, Updates stats.Timer   // from the call to its end, whatever the outcome
	Failures       atomic.Uint64 // of transactions, by the store or by a limit of the waits

	limit time.Duration
	log   *slog.Logger
}

// New returns s with a limit.
func New(s store.Store, limit time.Duration, log *slog.Logger) *Store {
	return &Store{Store: s, limit: limit, log: log}
}

// View is View of the store, with the limit.
func (s *Store) View(ctx context.Context, f func(store.Records) error) error {
	defer s.Views.Since(time.Now())
	return s.run(ctx, s.Store.View, f)
}

// Update is Update of the store, with the limit.
func (s *Store) Update(ctx context.Context, f func(store.Records) error) error {
	defer s.Updates.Since(time.Now())
	return s.run(ctx, s.Store.Update, f)
}

func (s *Store) run(
	ctx context.Context,
	transaction func(context.Context, func(store.Records) error) error,
	f func(store.Records) error,
) error {
	ctx, w := s.newWait(ctx)
	defer w.stop()
	failed := false // f has, and its error is returned as it is
	w.begin(w.lock)
	err := transaction(ctx, func(r store.Records) error {
		err := w.end()
		if err == nil {
			err = f(records{r, w})
		}
		failed = err != nil
		w.begin(endless) // for the commit, or for another attempt
		return err
	})
	cut := w.end()
	if err != nil && cut != nil || errors.Is(err, store.ErrUnavailable) || !failed && errors.Is(err, store.ErrBusy) {
		s.Failures.Add(1)
	}
	switch {
	case err == nil || failed:
		return err
	case cut != nil:
		return fmt.Errorf("%w (%v)", cut, err)
	case errors.Is(err, store.ErrBusy), w.logged && ctx.Err() != nil:
		// a limit of the store, or of the caller
		return fmt.Errorf("%w; %s", err, useTx)
	}
	return err
}

// Wait runs a call that does nothing but wait for the store, under the same
// limit.
func (s *Store) Wait(ctx context.Context, call func(context.Context) error) error {
	ctx, w := s.newWait(ctx)
	defer w.stop()
	w.begin(w.lock)
	err := call(ctx)
	if cut := w.end(); cut != nil && err != nil {
		return fmt.Errorf("%w (%v)", cut, err)
	}
	return err
}

// wait limits the waits of one call. The waits follow each other.
type wait struct {
	lock   time.Duration           // the limit for a lock, and for the transaction to begin
	log    func()                  // logs that the call waits
	cancel context.CancelCauseFunc // of the context under which it waits

	mu     sync.Mutex
	timer  *time.Timer
	since  time.Time     // when the wait began; zero: the call does not wait
	limit  time.Duration // of the wait
	logged bool
	cut    error // the wait was cut off: what the call returns
}

const endless = time.Duration(math.MaxInt64)

// newWait returns a context for a call that may wait, and the limit of its
// waits.
func (s *Store) newWait(ctx context.Context) (context.Context, *wait) {
	w := &wait{lock: s.limit, log: func() {
		s.log.WarnContext(ctx, "rbac: waiting for another transaction, or for a commit; "+useTx,
			"waited", min(LogAfter, s.limit))
	}}
	ctx, w.cancel = context.WithCancelCause(ctx)
	return ctx, w
}

func (w *wait) begin(limit time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.since, w.limit = time.Now(), limit
	if w.timer == nil {
		w.timer = time.AfterFunc(w.first(), w.expire)
	} else {
		w.timer.Reset(w.first())
	}
}

// end ends a wait, and returns an error if the wait was cut off.
func (w *wait) end() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.since = time.Time{}
	w.timer.Stop()
	return w.cut
}

func (w *wait) stop() {
	_ = w.end()
	w.cancel(nil)
}

// first is how long a wait lasts until it is logged or cut off.
func (w *wait) first() time.Duration { return min(LogAfter, w.limit) }

// expire is called by the timer.
func (w *wait) expire() {
	w.mu.Lock()
	defer w.mu.Unlock()
	waited := time.Since(w.since)
	if w.since.IsZero() || waited < w.first() {
		return // the timer was that of an earlier wait
	}
	if !w.logged {
		w.logged = true
		w.log()
	}
	if left := w.limit - waited; left > 0 {
		w.timer.Reset(left)
		return
	}
	w.cut = fmt.Errorf("%w: waited %v for another transaction; %s", store.ErrBusy, w.limit, useTx)
	w.cancel(w.cut)
}

// records limit the calls that wait for a lock.
type records struct {
	store.Records
	w *wait
}

func (r records) Head(lock store.Lock) (store.Head, error) {
	if lock == store.NoLock {
		return r.Records.Head(lock)
	}
	return locking(r.w, func() (store.Head, error) { return r.Records.Head(lock) })
}

func (r records) LockUser(id uuid.UUID) (store.UserRecord, error) {
	return locking(r.w, func() (store.UserRecord, error) { return r.Records.LockUser(id) })
}

func (r records) Throttle(key [32]byte) (store.Throttle, error) {
	return locking(r.w, func() (store.Throttle, error) { return r.Records.Throttle(key) })
}

func locking[R any](w *wait, lock func() (R, error)) (R, error) {
	w.begin(w.lock)
	record, err := lock()
	if cut := w.end(); cut != nil {
		var none R
		return none, cut
	}
	return record, err
}

// Unwrap unwraps the Records of the store, if they have an Unwrap.
func (r records) Unwrap() any {
	if u, ok := r.Records.(interface{ Unwrap() any }); ok {
		return u.Unwrap()
	}
	return nil
}
