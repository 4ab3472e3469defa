package rbac

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/rbac-go/rbac/store"
)

// sayWaiting is how long a call waits before the log says so.
const sayWaiting = time.Second

const useTx = "a call of the Authority inside View or Update waits for itself: use the Tx"

// transact runs a transaction of the store by View or Update, and watches over its
// waits for others: for its turn or a connection, for a lock, for its commit. The
// log says so after a second. After Config.LockTimeout a wait for the transaction
// to begin, or for a lock, ends in ErrBusy. What f does meanwhile, and the commit,
// are never cut off.
func (a *Authority) transact(ctx context.Context, run func(context.Context, func(store.Records) error) error, f func(store.Records) error) error {
	ctx, w := a.newWait(ctx)
	defer w.stop()
	failed := false // f has, and its error is returned as it is
	w.begin(w.lockTimeout)
	err := run(ctx, func(r store.Records) error {
		err := w.end()
		if err == nil {
			err = f(waitingRecords{r, w})
		}
		failed = err != nil
		w.begin(endless) // for the commit, or for another attempt
		return err
	})
	cut := w.end()
	switch {
	case err == nil || failed:
		return err
	case cut != nil:
		return fmt.Errorf("%w (%v)", cut, err)
	case errors.Is(err, ErrBusy), w.said && ctx.Err() != nil: // a limit of the store's, or of the caller's
		return fmt.Errorf("%w; %s", err, useTx)
	}
	return err
}

// waiting runs a call that does nothing but wait for the store, with the limit of
// transact.
func (a *Authority) waiting(ctx context.Context, call func(context.Context) error) error {
	ctx, w := a.newWait(ctx)
	defer w.stop()
	w.begin(w.lockTimeout)
	err := call(ctx)
	if cut := w.end(); cut != nil && err != nil {
		return fmt.Errorf("%w (%v)", cut, err)
	}
	return err
}

// wait watches over the waits of one call, which follow one another.
type wait struct {
	lockTimeout time.Duration
	say         func()                  // logs that the call waits
	cancel      context.CancelCauseFunc // of the context under which it waits

	mu    sync.Mutex
	timer *time.Timer
	since time.Time     // when the wait began; zero: the call does not wait
	limit time.Duration // of the wait
	said  bool
	cut   error // the wait was cut off: what the call returns
}

const endless = time.Duration(math.MaxInt64)

// newWait returns a context for what may wait, and the watch over it.
func (a *Authority) newWait(ctx context.Context) (context.Context, *wait) {
	w := &wait{lockTimeout: a.cfg.LockTimeout, say: func() {
		a.log.WarnContext(ctx, "rbac: waiting for another transaction, or for a commit; "+useTx, "waited", min(sayWaiting, a.cfg.LockTimeout))
	}}
	ctx, w.cancel = context.WithCancelCause(ctx)
	return ctx, w
}

func (w *wait) begin(limit time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.since, w.limit = time.Now(), limit
	if w.timer == nil {
		w.timer = time.AfterFunc(w.first(), w.look)
	} else {
		w.timer.Reset(w.first())
	}
}

// end ends a wait. It returns an error if the wait was cut off.
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

// first is how long a wait lasts until there is something to say or to do.
func (w *wait) first() time.Duration { return min(sayWaiting, w.limit) }

// look is called by the timer.
func (w *wait) look() {
	w.mu.Lock()
	defer w.mu.Unlock()
	waited := time.Since(w.since)
	if w.since.IsZero() || waited < w.first() {
		return // the timer was that of an earlier wait
	}
	if !w.said {
		w.said = true
		w.say()
	}
	if left := w.limit - waited; left > 0 {
		w.timer.Reset(left)
		return
	}
	w.cut = fmt.Errorf("%w: waited %v for another transaction; %s", ErrBusy, w.limit, useTx)
	w.cancel(w.cut)
}

// waitingRecords watch over the calls that wait for a lock.
type waitingRecords struct {
	store.Records
	w *wait
}

func (r waitingRecords) LockHead() (store.Head, error) { return locking(r.w, r.Records.LockHead) }

func (r waitingRecords) ShareHead() (store.Head, error) { return locking(r.w, r.Records.ShareHead) }

func (r waitingRecords) LockUser(id uuid.UUID) (store.UserRecord, error) {
	return locking(r.w, func() (store.UserRecord, error) { return r.Records.LockUser(id) })
}

func (r waitingRecords) Throttle(key [32]byte) (store.Throttle, error) {
	return locking(r.w, func() (store.Throttle, error) { return r.Records.Throttle(key) })
}

func locking[R any](w *wait, lock func() (R, error)) (R, error) {
	w.begin(w.lockTimeout)
	record, err := lock()
	if cut := w.end(); cut != nil {
		var none R
		return none, cut
	}
	return record, err
}

// Unwrap is that of the store's Records, if they have one.
func (r waitingRecords) Unwrap() any {
	if u, ok := r.Records.(interface{ Unwrap() any }); ok {
		return u.Unwrap()
	}
	return nil
}
