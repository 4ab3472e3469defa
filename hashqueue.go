package rbac

import (
	"context"
	"net/netip"
	"runtime"
	"slices"
	"sync"
)

// waitingPerHash is how many callers may wait for each hash that runs. At some
// 30 ms a hash the last of them waits half a second.
const waitingPerHash = 16

// hashQueue bounds how many passwords are hashed at once, and how many callers wait
// for it. Whoever finds it full is turned away at once: a flood of logins must
// neither exhaust the machine nor pile up. First come, first served. It is safe for
// concurrent use.
type hashQueue struct {
	mu      sync.Mutex
	running int // how many may run at once
	active  int // how many do
	waiting []*hashPlace
	held    map[netip.Prefix]int // places by who holds them, running or waiting
}

// hashPlace is one caller's place in the queue.
type hashPlace struct {
	prefix netip.Prefix
	turn   chan struct{} // closed when it may hash
	active bool
}

// newHashQueue makes a queue in which so many hashes run at once and 16 times as
// many callers wait. Zero or less: half of GOMAXPROCS, at least one.
func newHashQueue(running int) *hashQueue {
	if running <= 0 {
		running = max(1, runtime.GOMAXPROCS(0)/2)
	}
	return &hashQueue{running: running, held: map[netip.Prefix]int{}}
}

// acquire waits for a turn to hash on behalf of a client. It returns ErrBusy at once when
// the queue is full, or when the client's address prefix holds half of its places
// already; and ctx's error when that ends first.
//
// Call release, once or more often, when the hash is done. It is nil when err is not.
func (q *hashQueue) acquire(ctx context.Context, addr netip.Addr) (release func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	p := q.enter(addrPrefix(addr))
	if p == nil {
		return nil, ErrBusy
	}
	release = sync.OnceFunc(func() { q.leave(p) })
	select {
	case <-p.turn:
		return release, nil
	case <-ctx.Done():
		release()
		return nil, ctx.Err()
	}
}

// enter takes a place, or returns nil when there is none for this prefix.
func (q *hashQueue) enter(prefix netip.Prefix) *hashPlace {
	q.mu.Lock()
	defer q.mu.Unlock()
	places := q.running * (1 + waitingPerHash)
	if q.active+len(q.waiting) >= places || q.held[prefix] >= max(1, places/2) {
		return nil
	}
	p := &hashPlace{prefix: prefix, turn: make(chan struct{})}
	q.held[prefix]++
	q.waiting = append(q.waiting, p)
	q.next()
	return p
}

// leave gives a place back, whether its turn had come or not.
func (q *hashQueue) leave(p *hashPlace) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.held[p.prefix]--; q.held[p.prefix] == 0 {
		delete(q.held, p.prefix)
	}
	if p.active {
		q.active--
	} else if i := slices.Index(q.waiting, p); i >= 0 {
		q.waiting = slices.Delete(q.waiting, i, i+1)
	}
	q.next()
}

// next lets those at the head of the queue run while there is room.
func (q *hashQueue) next() {
	for q.active < q.running && len(q.waiting) > 0 {
		p := q.waiting[0]
		q.waiting = slices.Delete(q.waiting, 0, 1)
		p.active = true
		q.active++
		close(p.turn)
	}
}

// addrPrefix is whom an address stands for: an IPv4 address alone, and the /64 of an
// IPv6 address, which is what one customer gets at least. IPv4 inside IPv6 counts as IPv4, and
// a zone does not count. Clients without an address share the zero Prefix.
func addrPrefix(a netip.Addr) netip.Prefix {
	a = a.Unmap()
	bits := 64
	if a.Is4() {
		bits = 32
	}
	p, _ := a.Prefix(bits) // of the zero Addr: the zero Prefix
	return p
}
