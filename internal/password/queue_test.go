package password

import (
	"context"
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// network returns the networks of one of many clients. No two have a network in
// common.
func network(i int) [3]netip.Prefix { return v4(byte(i>>8), byte(i), 7) }

func v4(a, b, host byte) [3]netip.Prefix {
	return prefixes(netip.AddrFrom4([4]byte{10, a, b, host}), 24, 32, 32)
}

func v6(site, customer, net, host int) [3]netip.Prefix {
	addr := netip.AddrFrom16([16]byte{0x20, 0x01, 0x0d, 0xb8, byte(site >> 8), byte(site), byte(customer), byte(net), 15: byte(host)})
	return prefixes(addr, 48, 56, 64)
}

func prefixes(addr netip.Addr, bits ...int) (p [3]netip.Prefix) {
	for i, n := range bits {
		p[i] = netip.PrefixFrom(addr, n).Masked()
	}
	return p
}

// A caller is a call of acquire that may be waiting.
type caller struct {
	give    context.CancelFunc // gives up
	done    bool               // acquire has returned
	release func()
	err     error
}

func (c *caller) runs() bool { return c.done && c.err == nil }
func (c *caller) lost() bool { return c.done && c.err != nil }

// call starts a caller, and returns when it runs, waits or is turned away. It is
// for tests in a synctest bubble.
func (q *queue) call(t *testing.T, networks [3]netip.Prefix, known bool) *caller {
	ctx, cancel := context.WithCancel(t.Context())
	c := &caller{give: cancel}
	go func() {
		c.release, c.err = q.acquire(ctx, networks, known)
		c.done = true
	}()
	synctest.Wait()
	return c
}

// end ends a caller that runs, or makes one that waits give up.
func (c *caller) end() {
	if c.runs() {
		c.release()
	}
	c.give()
	synctest.Wait()
}

// waiting returns how many wait in both lines.
func (q *queue) waiting() (n int) {
	for _, l := range []*line{&q.unknown, &q.known} {
		l.mu.Lock()
		n += len(l.places)
		l.mu.Unlock()
	}
	return n
}

// idle reports whether so many hashes may run and none does.
func (q *queue) idle(running int64) bool {
	idle := q.running.TryAcquire(running)
	if idle {
		q.running.Release(running)
	}
	return idle && !q.running.TryAcquire(running+1)
}

func TestQueueServesInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(2)
		var callers []*caller
		for i := range 6 {
			callers = append(callers, q.call(t, network(i), false))
		}
		served := func(want ...int) {
			t.Helper()
			for i, c := range callers {
				should := false
				for _, w := range want {
					should = should || w == i
				}
				if c.runs() != should {
					t.Errorf("caller %d: served %v, want %v", i, c.runs(), should)
				}
			}
		}
		served(0, 1)
		callers[1].end()
		served(0, 1, 2)
		callers[3].end() // gives up while waiting
		served(0, 1, 2)
		callers[0].end()
		served(0, 1, 2, 4)
		callers[4].end()
		served(0, 1, 2, 4, 5)
		callers[2].end()
		callers[5].end()
		if !q.idle(2) || q.waiting() != 0 {
			t.Errorf("the empty queue still has callers that run or wait: %d", q.waiting())
		}
	})
}

func TestQueueIsBounded(t *testing.T) {
	for _, running := range []int{1, 2, 8} {
		synctest.Test(t, func(t *testing.T) {
			q := newQueue(running)
			var all []*caller
			for _, known := range []bool{false, true} {
				var last *caller
				places := running * 16
				if !known {
					places += running // those that run
				}
				for i := range places {
					last = q.call(t, network(i), known)
					if all = append(all, last); last.lost() {
						t.Fatalf("%d at once, known %v: place %d of %d was refused", running, known, i+1, places)
					}
				}
				if c := q.call(t, network(places), known); c.err != ErrBusy {
					t.Fatalf("%d at once, known %v: place %d of %d: got %v", running, known, places+1, places, c.err)
				}
				last.end()
				c := q.call(t, network(places), known)
				if all = append(all, c); c.lost() {
					t.Errorf("%d at once, known %v: a place was free and refused", running, known)
				}
			}
			for _, c := range all {
				c.end()
			}
		})
	}
}

// The two lines take turns, whatever waits in the other line.
func TestQueueServesKnownAndUnknownInTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(1)
		runs := q.call(t, network(99), false)
		var unknown, known []*caller
		for i := range 16 {
			unknown = append(unknown, q.call(t, network(i), false))
		}
		for i := range 3 {
			known = append(known, q.call(t, network(i), true))
		}
		order := ""
		for range 10 {
			runs.end()
			switch {
			case len(known) > 0 && known[0].runs():
				runs, known, order = known[0], known[1:], order+"k"
			case unknown[0].runs():
				runs, unknown, order = unknown[0], unknown[1:], order+"u"
			}
		}
		// An unknown client came first, and so is served first.
		if order != "ukukukuuuu" {
			t.Errorf("served in the order %s", order)
		}
		for _, c := range append(unknown, runs) {
			c.end()
		}
	})
}

// A caller that finds a full line takes the place of the network that has the
// most.
func TestQueueSharesAmongNetworks(t *testing.T) {
	type networks = [3]netip.Prefix
	tests := []struct {
		rule     string
		waiting  func(i int) networks // 16 that wait
		newcomer networks
		loser    int // -1: the newcomer is refused
	}{
		{"one IPv4 address has all", func(int) networks { return network(1) }, network(2), 15},
		{"the same address", func(int) networks { return network(1) }, network(1), -1},
		{"addresses of one /24", func(i int) networks { return v4(0, 0, byte(i)) }, network(2), 15},
		{"another address of that /24", func(i int) networks { return v4(0, 0, byte(i)) }, v4(0, 0, 99), -1},
		{"an address that crowds its /24", func(i int) networks { return v4(0, 0, byte(i/12)) }, v4(0, 0, 99), 11},
		{"one /64", func(i int) networks { return v6(1, 1, 1, i) }, v6(2, 1, 1, 1), 15},
		{"/64s of one /56", func(i int) networks { return v6(1, 1, i, 1) }, v6(1, 2, 1, 1), 15},
		{"/56s of one /48", func(i int) networks { return v6(1, i, 1, 1) }, v6(2, 1, 1, 1), 15},
		{"the biggest of three /48s", func(i int) networks { return v6(min(i/5, 2), i, 1, 1) }, v6(9, 1, 1, 1), 15},
		{"the biggest /64 of that", func(i int) networks { return v6(0, 0, max(0, i-12), 1) }, v6(9, 1, 1, 1), 12},
		{"as many networks as places", func(i int) networks { return v6(i, 1, 1, 1) }, v6(99, 1, 1, 1), -1},
		{"everybody without an address", func(int) networks { return networks{} }, network(1), 15},
		{"nobody has two more", func(i int) networks { return v6(i/2, i, 1, 1) }, v6(3, 99, 1, 1), -1},
	}
	for _, tt := range tests {
		for _, known := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				q := newQueue(1)
				all := []*caller{q.call(t, network(999), known)} // runs
				for i := range 16 {
					all = append(all, q.call(t, tt.waiting(i), known))
				}
				newcomer := q.call(t, tt.newcomer, known)
				for i, c := range all[1:] {
					if c.lost() != (i == tt.loser) {
						t.Errorf("%s: caller %d lost %v (%v), want %d to lose", tt.rule, i, c.lost(), c.err, tt.loser)
					}
					if c.lost() && c.err != ErrBusy {
						t.Errorf("%s: the loser got %v", tt.rule, c.err)
					}
				}
				if newcomer.lost() != (tt.loser < 0) || q.waiting() != 16 {
					t.Errorf("%s: turned away %v, and %d wait", tt.rule, newcomer.lost(), q.waiting())
				}
				for _, c := range append(all, newcomer) {
					c.end()
				}
			})
		}
	}
}

// A flood from eight sites keeps neither a known client out nor a stranger.
func TestQueueUnderFlood(t *testing.T) {
	const hash, retry, tries = 30 * time.Millisecond, 50 * time.Millisecond, 10
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(1)
		flood, stop := context.WithCancel(t.Context())
		var attackers sync.WaitGroup
		for prefix := range 64 {
			for range 12 {
				attackers.Go(func() {
					for flood.Err() == nil {
						release, err := q.acquire(flood, v6(prefix/8, prefix%8, prefix, 1), false)
						if err != nil {
							time.Sleep(retry)
							continue
						}
						time.Sleep(hash)
						release()
					}
				})
			}
		}
		time.Sleep(10 * hash)
		in := [2]int{}
		for range tries {
			for line, known := range []bool{false, true} {
				if n := q.waiting(); n < 14 {
					t.Errorf("%d of the flood wait; the test proves nothing", n)
				}
				start := time.Now()
				release, err := q.acquire(t.Context(), network(1), known)
				if err != nil {
					continue
				}
				in[line]++
				if waited := time.Since(start); known && waited > 2*hash {
					t.Errorf("a known client waited %v", waited)
				}
				release()
			}
		}
		stop()
		attackers.Wait()
		if in[1] != tries || in[0] <= tries/2 {
			t.Errorf("of %d tries a known client got in %d times and an unknown one %d times", tries, in[1], in[0])
		}
	})
}

func TestQueueContextEndsWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(1)
		runs := q.call(t, network(1), false)
		waits := q.call(t, network(2), true)
		waits.give()
		synctest.Wait()
		if waits.err != context.Canceled || waits.release != nil {
			t.Errorf("got %v, want the error of the context, and no release", waits.err)
		}
		if q.waiting() != 0 {
			t.Errorf("its place is still there: %d wait", q.waiting())
		}
		runs.end()
		ended, end := context.WithCancel(t.Context())
		end()
		for range 20 { // with a place free, so that chance might decide
			if _, err := q.acquire(ended, network(3), false); err != context.Canceled {
				t.Fatalf("under an ended context: got %v", err)
			}
		}
		if q.waiting() != 0 || !q.idle(1) {
			t.Error("an ended context took a place")
		}
	})
}

// A caller that is displaced at the moment of its turn either runs or is turned
// away, and no turn is lost.
func TestQueueDisplacesAtTheTurn(t *testing.T) {
	for range 200 {
		synctest.Test(t, func(t *testing.T) {
			q := newQueue(1)
			runs := q.call(t, network(1), false)
			waits := q.call(t, network(2), false)
			displace := q.unknown.places[0].displace
			go runs.release()
			go displace()
			synctest.Wait()
			if !waits.done || waits.lost() && waits.err != ErrBusy {
				t.Fatalf("got %v, done %v", waits.err, waits.done)
			}
			waits.end()
			runs.end()
			if !q.idle(1) || q.waiting() != 0 {
				t.Fatal("a turn was lost")
			}
		})
	}
}

func TestQueueReleaseIsIdempotent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(1)
		first := q.call(t, network(1), false)
		second, third := q.call(t, network(1), false), q.call(t, network(1), false)
		first.release()
		first.release()
		synctest.Wait()
		if !second.runs() || third.done || q.waiting() != 1 {
			t.Errorf("released twice: second %v, third %v, %d wait", second.runs(), third.done, q.waiting())
		}
		second.end()
		third.end()
	})
}

// No more hashes run at once than allowed, whenever clients hang up, and no place
// is lost.
func TestQueueUnderLoad(t *testing.T) {
	q := newQueue(2)
	var running, served, busy atomic.Int32
	var all sync.WaitGroup
	for i := range 200 {
		all.Go(func() {
			ctx, hangUp := context.WithCancel(t.Context())
			defer hangUp()
			if i%8 == 0 { // before there is a turn, or while the caller waits
				go hangUp()
			}
			release, err := q.acquire(ctx, network(i%50), i%3 == 0)
			if err != nil {
				busy.Add(1)
				return
			}
			defer release()
			if i%8 == 4 { // while the hash is computed
				hangUp()
			}
			if n := running.Add(1); n > 2 {
				t.Errorf("%d at once, want at most 2", n)
			}
			runtime.Gosched()
			running.Add(-1)
			served.Add(1)
		})
	}
	all.Wait()
	if served.Load()+busy.Load() != 200 || served.Load() < 34 {
		t.Errorf("%d served and %d turned away of 200", served.Load(), busy.Load())
	}
	if !q.idle(2) || q.waiting() != 0 {
		t.Errorf("afterwards callers run or wait: %d", q.waiting())
	}
}
