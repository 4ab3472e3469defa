package events

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// Capacity is how many events wait for the receiver. Further events are
	// dropped.
	Capacity = 1024

	// logDropsEvery is the least time between two lines of the log about dropped
	// events.
	logDropsEvery = time.Minute
)

// Queue holds events for a receiver. A nil Queue drops every event and counts
// none. A Queue is safe for concurrent use.
type Queue[E any] struct {
	receive func(context.Context, E)
	log     *slog.Logger
	now     func() time.Time

	waiting chan item[E]
	mu      sync.RWMutex // held to close waiting; read-held to send
	closed  bool
	ended   chan struct{} // closed when the last event was delivered
	giveUp  atomic.Bool   // Close waits no longer

	dropped    atomic.Uint64
	dropLogged atomic.Int64 // when a drop was logged last, in nanoseconds since 1970
}

type item[E any] struct {
	ctx   context.Context
	event E
}

// New returns a Queue for a receiver, and nil without a receiver. Events wait
// until Run is called.
func New[E any](receive func(context.Context, E), log *slog.Logger, now func() time.Time) *Queue[E] {
	if receive == nil {
		return nil
	}
	return &Queue[E]{
		receive: receive,
		log:     log,
		now:     now,
		waiting: make(chan item[E], Capacity),
		ended:   make(chan struct{}),
	}
}

// Send puts an event into the queue, or drops the event if the queue is full.
// The receiver gets ctx without its end.
//
// A common event is one that strangers can cause as often as they like. Common
// events fill half of the queue at most: a flood of refused logins cannot crowd
// out the one login that succeeds.
func (q *Queue[E]) Send(ctx context.Context, event E, common bool) {
	if q == nil {
		return
	}
	q.mu.RLock()
	defer q.mu.RUnlock()
	if q.closed || common && len(q.waiting) >= Capacity/2 {
		q.drop()
		return
	}
	select {
	case q.waiting <- item[E]{context.WithoutCancel(ctx), event}:
	default:
		q.drop()
	}
}

// drop counts a dropped event, and logs the count once a minute.
func (q *Queue[E]) drop() {
	count, now := q.dropped.Add(1), q.now().UnixNano()
	last := q.dropLogged.Load()
	if last != 0 && now-last < int64(logDropsEvery) || !q.dropLogged.CompareAndSwap(last, now) {
		return
	}
	q.log.Warn("rbac: events are dropped: OnEvent is too slow, or the Authority is closed",
		"dropped", count)
}

// Dropped returns how many events were dropped.
func (q *Queue[E]) Dropped() uint64 {
	if q == nil {
		return 0
	}
	return q.dropped.Load()
}

// Run delivers events, one after another, until the queue is closed and empty.
func (q *Queue[E]) Run() {
	if q == nil {
		return
	}
	defer func() {
		// A receiver may end its goroutine by runtime.Goexit, as t.Fatal does.
		// The next goroutine goes on with the next event.
		if !q.over() {
			go q.Run()
			return
		}
		close(q.ended)
	}()
	for i := range q.waiting {
		if q.giveUp.Load() {
			q.drop()
			continue
		}
		q.deliver(i)
	}
}

// over reports whether every event was delivered or dropped.
func (q *Queue[E]) over() bool {
	q.mu.RLock()
	defer q.mu.RUnlock()
	return q.closed && len(q.waiting) == 0
}

// deliver calls the receiver. A panic is logged, without the event.
func (q *Queue[E]) deliver(i item[E]) {
	defer func() {
		if p := recover(); p != nil {
			q.log.ErrorContext(i.ctx, "rbac: OnEvent panicked",
				"panic", fmt.Sprint(p), "stack", string(debug.Stack()))
		}
	}()
	q.receive(i.ctx, i.event)
}

// Close drops later events, and waits until the receiver has got the earlier
// ones. When the time is over, the rest is dropped, too.
func (q *Queue[E]) Close(most time.Duration) {
	if q == nil {
		return
	}
	q.mu.Lock()
	if !q.closed {
		q.closed = true
		close(q.waiting)
	}
	q.mu.Unlock()
	select {
	case <-q.ended:
	case <-time.After(most):
		q.giveUp.Store(true)
	}
}
