package events_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rbac-go/rbac/internal/events"
)

type key struct{}

// inbox is a receiver that keeps what it gets.
type inbox struct {
	mu  sync.Mutex
	got []int
}

func (b *inbox) receive(_ context.Context, n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.got = append(b.got, n)
}

func newQueue(log *bytes.Buffer, receive func(context.Context, int)) *events.Queue[int] {
	return events.New(receive, slog.New(slog.NewTextHandler(log, nil)), time.Now)
}

// Events arrive in order, and Close waits for the last of them.
func TestEventsArriveInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b inbox
		q := newQueue(&bytes.Buffer{}, b.receive)
		q.Send(t.Context(), 1, false) // before Run
		go q.Run()
		for n := 2; n <= 500; n++ {
			q.Send(t.Context(), n, n%2 == 0)
		}
		q.Close(time.Minute)
		if len(b.got) != 500 || !slices.IsSorted(b.got) || q.Dropped() != 0 {
			t.Errorf("got %d events, dropped %d", len(b.got), q.Dropped())
		}
	})
}

// A receiver that hangs delays no sender. What does not fit is dropped, counted,
// and logged once a minute. Close does not wait for ever.
func TestHangingReceiverDelaysNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		hang := make(chan struct{})
		q := newQueue(&log, func(context.Context, int) { <-hang })
		go q.Run()
		began := time.Now()
		q.Send(t.Context(), 0, false)
		synctest.Wait() // the receiver has got the first, and hangs
		for n := range events.Capacity + 10 {
			q.Send(t.Context(), n, false)
		}
		if d := time.Since(began); d != 0 || q.Dropped() != 10 {
			t.Errorf("sending took %v, dropped %d; want 0 and 10", d, q.Dropped())
		}
		if n := strings.Count(log.String(), "events are dropped"); n != 1 {
			t.Errorf("%d lines for 10 events dropped at once", n)
		}
		time.Sleep(time.Minute)
		q.Send(t.Context(), 0, false)
		if n := strings.Count(log.String(), "events are dropped"); n != 2 {
			t.Errorf("%d lines, want a second a minute later", n)
		}
		q.Close(time.Second)
		close(hang)
		synctest.Wait()
		if got, want := q.Dropped(), uint64(11+events.Capacity); got != want {
			t.Errorf("dropped %d, want %d: Close gave up on those that waited", got, want)
		}
	})
}

// Events that strangers cause leave half of the queue to others.
func TestCommonEventsCrowdNobodyOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b inbox
		q := newQueue(&bytes.Buffer{}, b.receive)
		for range 10 * events.Capacity {
			q.Send(t.Context(), 0, true)
		}
		for range events.Capacity / 2 {
			q.Send(t.Context(), 1, false)
		}
		go q.Run()
		q.Close(time.Minute)
		rare := 0
		for _, n := range b.got {
			rare += n
		}
		if rare != events.Capacity/2 {
			t.Errorf("%d of %d rare events arrived behind a flood", rare, events.Capacity/2)
		}
	})
}

// A receiver that panics or ends its goroutine gets the next event all the same.
func TestReceiverThatPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		var b inbox
		q := newQueue(&log, func(ctx context.Context, n int) {
			switch n {
			case 1:
				panic("no mail server")
			case 2:
				runtime.Goexit()
			}
			b.receive(ctx, n)
		})
		go q.Run()
		for n := range 4 {
			q.Send(t.Context(), n, false)
		}
		q.Close(time.Minute)
		if fmt.Sprint(b.got) != "[0 3]" {
			t.Errorf("got %v, want 0 and 3", b.got)
		}
		if !strings.Contains(log.String(), "OnEvent panicked") || !strings.Contains(log.String(), "no mail server") {
			t.Errorf("the panic is not logged:\n%s", log.String())
		}
	})
}

// The last event may end the goroutine, too.
func TestReceiverThatExitsAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(&bytes.Buffer{}, func(context.Context, int) { runtime.Goexit() })
		q.Send(t.Context(), 0, false)
		go q.Run()
		q.Close(time.Minute)
	})
}

// The receiver gets the values of the sender's context, and not its end.
func TestContextOutlivesTheRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(&bytes.Buffer{}, func(ctx context.Context, _ int) {
			if ctx.Err() != nil || ctx.Value(key{}) != "request 7" {
				t.Errorf("the receiver got %v, %v", ctx.Value(key{}), ctx.Err())
			}
		})
		ctx, cancel := context.WithCancel(context.WithValue(t.Context(), key{}, "request 7"))
		q.Send(ctx, 0, false)
		cancel()
		go q.Run()
		q.Close(time.Minute)
	})
}

// A closed queue drops events. Without a receiver there is no queue, and nothing
// to drop.
func TestClosedQueue(t *testing.T) {
	var none *events.Queue[int] = events.New[int](nil, nil, nil)
	none.Send(t.Context(), 0, false)
	none.Run()
	none.Close(time.Minute)
	if none.Dropped() != 0 {
		t.Error("nothing is counted without a receiver")
	}
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(&bytes.Buffer{}, func(context.Context, int) {})
		go q.Run()
		q.Close(time.Minute)
		q.Close(time.Minute)
		q.Send(t.Context(), 0, false)
		if q.Dropped() != 1 {
			t.Errorf("dropped %d, want 1", q.Dropped())
		}
	})
}
