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

func isActive(p *hashPlace) bool { return isClosed(p.turn) }

func isClosed(c chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// clientAddr is one of many addresses with a network of its own, /24 included.
func clientAddr(i int) netip.Addr { return netip.AddrFrom4([4]byte{10, byte(i >> 8), byte(i), 7}) }

// waiting returns how many wait in both lines.
func (q *hashQueue) waiting() int { return len(q.lines[0]) + len(q.lines[1]) }

func TestHashQueueServesInOrder(t *testing.T) {
	q := newHashQueue(2)
	var places []*hashPlace
	for i := range 6 {
		places = append(places, q.enter(clientAddr(i), false))
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
	if q.active != 0 || q.waiting() != 0 {
		t.Errorf("the empty queue still has %d who run and %d who wait", q.active, q.waiting())
	}
}

func TestHashQueueIsBounded(t *testing.T) {
	for _, running := range []int{1, 2, 8} {
		q := newHashQueue(running)
		for _, known := range []bool{false, true} {
			var last *hashPlace
			places := running * 16
			if !known {
				places += running // those who run
			}
			for i := range places {
				if last = q.enter(clientAddr(i), known); last == nil {
					t.Fatalf("%d at once, known %v: place %d of %d was refused", running, known, i+1, places)
				}
			}
			if q.enter(clientAddr(places), known) != nil {
				t.Fatalf("%d at once, known %v: got place %d of %d", running, known, places+1, places)
			}
			if _, err := q.acquire(t.Context(), clientAddr(places), known); err != ErrBusy {
				t.Errorf("%d at once, known %v: full, and got %v", running, known, err)
			}
			q.leave(last)
			if q.enter(clientAddr(places), known) == nil {
				t.Errorf("%d at once, known %v: a place was free and refused", running, known)
			}
		}
	}
}

// The two lines take turns, whatever waits in the other one.
func TestHashQueueServesKnownAndUnknownInTurn(t *testing.T) {
	q := newHashQueue(1)
	runs := q.enter(clientAddr(99), false)
	var unknown, known []*hashPlace
	for i := range 16 {
		unknown = append(unknown, q.enter(clientAddr(i), false))
	}
	for i := range 3 {
		known = append(known, q.enter(clientAddr(i), true))
	}
	var order string
	for range 10 {
		q.leave(runs)
		switch {
		case len(known) > 0 && isActive(known[0]):
			runs, known, order = known[0], known[1:], order+"k"
		case isActive(unknown[0]):
			runs, unknown, order = unknown[0], unknown[1:], order+"u"
		}
	}
	if order != "kukukuuuuu" {
		t.Errorf("served in the order %s", order)
	}
}

func v6(site, customer, net, host int) netip.Addr {
	return netip.AddrFrom16([16]byte{0x20, 0x01, 0x0d, 0xb8, byte(site >> 8), byte(site), byte(customer), byte(net), 15: byte(host)})
}

// Who finds a full line takes the place of the network that has the most.
func TestHashQueueSharesAmongNetworks(t *testing.T) {
	tests := []struct {
		rule     string
		waiting  func(i int) netip.Addr // 16 who wait
		newcomer netip.Addr
		loser    int // -1: the newcomer is refused
	}{
		{"one IPv4 address has all", func(int) netip.Addr { return clientAddr(1) }, clientAddr(2), 15},
		{"the same address", func(int) netip.Addr { return clientAddr(1) }, clientAddr(1), -1},
		{"addresses of one /24", func(i int) netip.Addr { return netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}) }, clientAddr(2), 15},
		{"another address of that /24", func(i int) netip.Addr { return netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}) }, netip.AddrFrom4([4]byte{10, 0, 0, 99}), -1},
		{"an address that crowds its /24", func(i int) netip.Addr { return netip.AddrFrom4([4]byte{10, 0, 0, byte(i / 12)}) }, netip.AddrFrom4([4]byte{10, 0, 0, 99}), 11},
		{"one /64", func(i int) netip.Addr { return v6(1, 1, 1, i) }, v6(2, 1, 1, 1), 15},
		{"/64s of one /56", func(i int) netip.Addr { return v6(1, 1, i, 1) }, v6(1, 2, 1, 1), 15},
		{"/56s of one /48", func(i int) netip.Addr { return v6(1, i, 1, 1) }, v6(2, 1, 1, 1), 15},
		{"the biggest of three /48s", func(i int) netip.Addr { return v6(min(i/5, 2), i, 1, 1) }, v6(9, 1, 1, 1), 15},
		{"the biggest /64 of that", func(i int) netip.Addr { return v6(0, 0, max(0, i-12), 1) }, v6(9, 1, 1, 1), 12},
		{"as many networks as places", func(i int) netip.Addr { return v6(i, 1, 1, 1) }, v6(99, 1, 1, 1), -1},
		{"everybody without an address", func(int) netip.Addr { return netip.Addr{} }, clientAddr(1), 15},
		{"nobody has two more", func(i int) netip.Addr { return v6(i/2, i, 1, 1) }, v6(3, 99, 1, 1), -1},
	}
	for _, tt := range tests {
		for _, known := range []bool{false, true} {
			q := newHashQueue(1)
			q.enter(clientAddr(999), known) // runs
			var places []*hashPlace
			for i := range 16 {
				places = append(places, q.enter(tt.waiting(i), known))
			}
			p := q.enter(tt.newcomer, known)
			for i, place := range places {
				if isClosed(place.lost) != (i == tt.loser) {
					t.Errorf("%s: place %d lost %v, want %d to lose", tt.rule, i, isClosed(place.lost), tt.loser)
				}
			}
			if (p == nil) != (tt.loser < 0) || q.waiting() != 16 {
				t.Errorf("%s: got in %v, and %d wait", tt.rule, p != nil, q.waiting())
			}
		}
	}
}

// A flood from eight sites keeps neither a known client out nor a stranger.
func TestHashQueueUnderFlood(t *testing.T) {
	q := newHashQueue(1)
	var attackers sync.WaitGroup
	ctx, stop := context.WithCancel(t.Context())
	for prefix := range 64 {
		for range 12 {
			attackers.Go(func() {
				for ctx.Err() == nil {
					if release, err := q.acquire(ctx, v6(prefix/8, prefix%8, prefix, 1), false); err == nil {
						runtime.Gosched()
						release()
					} else {
						runtime.Gosched() // so that those who have a turn get on
					}
				}
			})
		}
	}
	in := [2]int{}
	for range 100 {
		for line, known := range []bool{false, true} {
			if release, err := q.acquire(ctx, clientAddr(1), known); err == nil {
				in[line]++
				release()
			}
		}
	}
	stop()
	attackers.Wait()
	if in[1] != 100 || in[0] <= 50 {
		t.Errorf("of 100 tries a known client got in %d times and an unknown one %d times", in[1], in[0])
	}
}

// waited reports when somebody starts to wait for the end of a context.
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
	release, err := q.acquire(t.Context(), clientAddr(1), false)
	if err != nil {
		t.Fatal(err)
	}
	inner, cancel := context.WithCancel(t.Context())
	ctx := &waited{Context: inner, waits: make(chan struct{})}
	got := make(chan error)
	go func() {
		r, err := q.acquire(ctx, clientAddr(2), true)
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
	if q.waiting() != 0 {
		t.Errorf("its place is still there: %d wait", q.waiting())
	}
	release()
	for range 20 { // with a place free, so that chance might decide
		if _, err := q.acquire(inner, clientAddr(3), false); err != context.Canceled {
			t.Fatalf("under an ended context: got %v", err)
		}
	}
	if q.waiting() != 0 || q.active != 0 {
		t.Error("an ended context took a place")
	}
}

func TestHashQueueReleaseIsIdempotent(t *testing.T) {
	q := newHashQueue(1)
	release, err := q.acquire(t.Context(), clientAddr(1), false)
	if err != nil {
		t.Fatal(err)
	}
	second, third := q.enter(clientAddr(1), false), q.enter(clientAddr(1), false)
	release()
	release()
	if !isActive(second) || isActive(third) || q.active != 1 || q.waiting() != 1 {
		t.Errorf("released twice: second %v, third %v, %d active, %d wait", isActive(second), isActive(third), q.active, q.waiting())
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
			release, err := q.acquire(t.Context(), clientAddr(i%50), i%3 == 0)
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
	if q.active != 0 || q.waiting() != 0 {
		t.Errorf("afterwards: %d active, %d wait", q.active, q.waiting())
	}
}

func TestPlacePrefixes(t *testing.T) {
	tests := []struct{ addr, want string }{
		{"192.0.2.7", "[192.0.2.0/24 192.0.2.7/32 192.0.2.7/32]"},
		{"::ffff:192.0.2.7", "[192.0.2.0/24 192.0.2.7/32 192.0.2.7/32]"},
		{"::ffff:192.0.2.7%eth0", "[192.0.2.0/24 192.0.2.7/32 192.0.2.7/32]"},
		{"2001:db8:1:2345:3:4:5:6", "[2001:db8:1::/48 2001:db8:1:2300::/56 2001:db8:1:2345::/64]"},
		{"fe80::1%eth0", "[fe80::/48 fe80::/56 fe80::/64]"},
		{"::1", "[::/48 ::/56 ::/64]"},
	}
	for _, tt := range tests {
		if got := fmt.Sprint(placePrefixes(netip.MustParseAddr(tt.addr))); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.addr, got, tt.want)
		}
	}
	if got := placePrefixes(netip.Addr{}); got != ([3]netip.Prefix{}) {
		t.Errorf("no address: %v, want zero prefixes", got)
	}
}
