package rbac

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
)

func isActive(p *hashPlace) bool {
	select {
	case <-p.turn:
		return true
	default:
		return false
	}
}

// client is one of many addresses with a prefix of its own.
func client(i int) netip.Addr { return netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}) }

func TestHashQueueServesInOrder(t *testing.T) {
	q := newHashQueue(2)
	var places []*hashPlace
	for i := range 6 {
		places = append(places, q.enter(addrPrefix(client(i))))
	}
	active := func(want ...int) {
		t.Helper()
		for i, p := range places {
			is, should := isActive(p), false
			for _, w := range want {
				should = should || w == i
			}
			if is != should {
				t.Errorf("place %d: active %v, want %v", i, is, should)
			}
		}
	}
	active(0, 1)
	q.leave(places[1])
	active(0, 1, 2)
	q.leave(places[3]) // gives up while waiting
	active(0, 1, 2)
	q.leave(places[0])
	active(0, 1, 2, 4)
	q.leave(places[4])
	active(0, 1, 2, 4, 5)
	q.leave(places[2])
	q.leave(places[5])
	if q.active != 0 || len(q.waiting) != 0 || len(q.held) != 0 {
		t.Errorf("the empty queue still holds %d, %d and %v", q.active, len(q.waiting), q.held)
	}
}

func TestHashQueueIsBounded(t *testing.T) {
	for _, running := range []int{1, 2, 8} {
		q := newHashQueue(running)
		places := running * 17
		var last *hashPlace
		for i := range places {
			if last = q.enter(addrPrefix(client(i))); last == nil {
				t.Fatalf("%d at once: place %d of %d was refused", running, i+1, places)
			}
		}
		if q.enter(addrPrefix(client(places))) != nil {
			t.Fatalf("%d at once: got place %d of %d", running, places+1, places)
		}
		if _, err := q.acquire(t.Context(), client(places)); err != ErrBusy {
			t.Errorf("%d at once: full, and got %v", running, err)
		}
		q.leave(last)
		if q.enter(addrPrefix(client(places))) == nil {
			t.Errorf("%d at once: a place was free and refused", running)
		}
	}
}

func TestHashQueueOnePrefixHasHalf(t *testing.T) {
	v6 := netip.MustParsePrefix("2001:db8:1:2::/64").Addr()
	tests := []struct {
		rule  string
		addr  func(i int) netip.Addr
		other netip.Addr
	}{
		{"an IPv4 address", func(int) netip.Addr { return client(1) }, client(2)},
		{"a /64 of IPv6", func(i int) netip.Addr {
			b := v6.As16()
			b[15], b[8] = byte(i), byte(i)
			return netip.AddrFrom16(b)
		}, netip.MustParseAddr("2001:db8:1:3::")},
		{"everybody without an address", func(int) netip.Addr { return netip.Addr{} }, client(1)},
	}
	for _, tt := range tests {
		q := newHashQueue(1) // 17 places
		var last *hashPlace
		for i := range 8 {
			if last = q.enter(addrPrefix(tt.addr(i))); last == nil {
				t.Fatalf("%s: refused place %d of 8", tt.rule, i+1)
			}
		}
		if q.enter(addrPrefix(tt.addr(8))) != nil {
			t.Fatalf("%s: got more than half of all places", tt.rule)
		}
		if _, err := q.acquire(t.Context(), tt.addr(8)); err != ErrBusy {
			t.Errorf("%s: has half of all places: got %v", tt.rule, err)
		}
		if q.enter(addrPrefix(tt.other)) == nil {
			t.Errorf("%s: keeps others out", tt.rule)
		}
		q.leave(last)
		if q.enter(addrPrefix(tt.addr(8))) == nil {
			t.Errorf("%s: gave a place back and cannot have it again", tt.rule)
		}
	}
}

// waited tells when somebody starts to wait for the end of a context.
type waited struct {
	context.Context
	once  sync.Once
	waits chan struct{}
}

func (w *waited) Done() <-chan struct{} {
	w.once.Do(func() { close(w.waits) })
	return w.Context.Done()
}

func TestHashQueueContextEndsWaiting(t *testing.T) {
	q := newHashQueue(1)
	release, err := q.acquire(t.Context(), client(1))
	if err != nil {
		t.Fatal(err)
	}
	inner, cancel := context.WithCancel(t.Context())
	ctx := &waited{Context: inner, waits: make(chan struct{})}
	got := make(chan error)
	go func() {
		r, err := q.acquire(ctx, client(2))
		if r != nil {
			err = errors.New("got a release that nobody may call")
		}
		got <- err
	}()
	<-ctx.waits
	cancel()
	if err := <-got; err != context.Canceled {
		t.Errorf("got %v, want the error of the context", err)
	}
	if len(q.waiting) != 0 || len(q.held) != 1 {
		t.Errorf("its place is still held: %d waiting, %v", len(q.waiting), q.held)
	}
	release()
	for range 20 { // with a place free, so that chance might decide
		if _, err := q.acquire(inner, client(3)); err != context.Canceled {
			t.Fatalf("under an ended context: got %v", err)
		}
	}
	if len(q.held) != 0 || q.active != 0 {
		t.Error("an ended context took a place")
	}
}

func TestHashQueueReleaseIsIdempotent(t *testing.T) {
	q := newHashQueue(1)
	release, err := q.acquire(t.Context(), client(1))
	if err != nil {
		t.Fatal(err)
	}
	second, third := q.enter(addrPrefix(client(1))), q.enter(addrPrefix(client(1)))
	release()
	release()
	if !isActive(second) || isActive(third) || q.active != 1 || q.held[addrPrefix(client(1))] != 2 {
		t.Errorf("released twice: second %v, third %v, %d active, %v", isActive(second), isActive(third), q.active, q.held)
	}
}

func TestHashQueueDefault(t *testing.T) {
	want := max(1, runtime.GOMAXPROCS(0)/2)
	for _, running := range []int{0, -1} {
		if q := newHashQueue(running); q.running != want {
			t.Errorf("%d: %d at once, want %d", running, q.running, want)
		}
	}
}

func TestHashQueueUnderLoad(t *testing.T) {
	q := newHashQueue(2)
	var running, served, busy atomic.Int32
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			release, err := q.acquire(t.Context(), client(i%50))
			if err != nil {
				busy.Add(1)
				return
			}
			defer release()
			if n := running.Add(1); n > 2 {
				t.Errorf("%d at once, want at most 2", n)
			}
			runtime.Gosched()
			running.Add(-1)
			served.Add(1)
		})
	}
	wg.Wait()
	if served.Load()+busy.Load() != 200 || served.Load() < 34 {
		t.Errorf("%d served and %d turned away of 200", served.Load(), busy.Load())
	}
	if q.active != 0 || len(q.waiting) != 0 || len(q.held) != 0 {
		t.Errorf("afterwards: %d active, %d waiting, %v", q.active, len(q.waiting), q.held)
	}
}

func TestAddrPrefix(t *testing.T) {
	tests := []struct{ addr, want string }{
		{"192.0.2.7", "192.0.2.7/32"},
		{"::ffff:192.0.2.7", "192.0.2.7/32"},
		{"::ffff:192.0.2.7%eth0", "192.0.2.7/32"},
		{"2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"},
		{"fe80::1%eth0", "fe80::/64"},
		{"::1", "::/64"},
	}
	for _, tt := range tests {
		if got := fmt.Sprint(addrPrefix(netip.MustParseAddr(tt.addr))); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.addr, got, tt.want)
		}
	}
	if got := addrPrefix(netip.Addr{}); got != (netip.Prefix{}) {
		t.Errorf("no address: %v, want the zero prefix", got)
	}
}
