// Package stats counts calls and their times. The zero values are ready to use,
// and all are safe for concurrent use.
package stats

import (
	"errors"
	"sync/atomic"
	"time"

	"github.com/rbac-go/rbac/store"
)

// Timing is a number of calls, and the time that they took together.
type Timing struct {
	Count uint64
	Total time.Duration
}

// Timer counts calls and their time.
type Timer struct {
	count atomic.Uint64
	total atomic.Int64
}

// Since counts a call that began at a time and ends now.
func (t *Timer) Since(began time.Time) {
	t.total.Add(int64(time.Since(began)))
	t.count.Add(1)
}

// Load returns what was counted so far. A call that ends meanwhile may be in
// Total and not yet in Count.
func (t *Timer) Load() Timing {
	return Timing{t.count.Load(), time.Duration(t.total.Load())}
}

// Logins counts logins by their outcome.
type Logins struct{ Succeeded, Refused, Throttled, Failed atomic.Uint64 }

// Count counts a login. A login that the store did not answer, or that found no
// place among others, has failed.
func (l *Logins) Count(err error, throttled bool) {
	switch {
	case err == nil:
		l.Succeeded.Add(1)
	case throttled:
		l.Throttled.Add(1)
	case errors.Is(err, store.ErrUnavailable), errors.Is(err, store.ErrBusy):
		l.Failed.Add(1)
	default:
		l.Refused.Add(1)
	}
}
