package rbac

import (
	"context"
	"net/netip"
	"runtime"
	"slices"
	"sync"
)

// waitingPerHash is how many callers of one kind may wait for each hash that
// runs. At some 30 ms a hash the last of them waits half a second, or a whole one
// while callers of the other kind wait, too.
const waitingPerHash = 16

// A hashQueue bounds how many passwords are hashed at once, and how many callers
// wait for it. A flood of logins must neither exhaust the machine nor pile up, nor
// keep others out:
//
//   - Known clients and unknown ones wait in two lines, which take turns.
//   - In a full line a caller from a network that has few places takes the one
//     that came last from the network that has the most. Networks are compared from
//     wide to narrow: IPv6 /48, /56, /64; IPv4 /24, /32.
//
// Whoever finds no place, or loses it, is turned away at once. In a line first
// come is first served. A hashQueue is safe for concurrent use.
type hashQueue struct {
	mu      sync.Mutex
	running int // how many may run at once
	active  int // how many do
	lines   [2]hashLine
	next    int // the line that is served next
}

// A hashLine is those who wait, in order of arrival.
type hashLine []*hashPlace

// hashPlace is one caller's place in the queue.
type hashPlace struct {
	networks [3]netip.Prefix
	line     int
	turn     chan struct{} // closed when the caller may hash
	lost     chan struct{} // closed when another caller has the place
	active   bool
}

// newHashQueue makes a queue in which so many hashes run at once. Zero or less:
// half of GOMAXPROCS, at least one.
func newHashQueue(running int) *hashQueue {
	if running <= 0 {
		running = max(1, runtime.GOMAXPROCS(0)/2)
	}
	return &hashQueue{running: running}
}

// acquire waits for a turn to hash on behalf of a client, known or not. It
// returns ErrBusy when there is no place, and ctx's error when that ends first.
//
// Call release, once or more often, when the hash is done. It is nil when err is not.
func (q *hashQueue) acquire(ctx context.Context, addr netip.Addr, known bool) (release func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	p := q.enter(addr, known)
	if p == nil {
		return nil, ErrBusy
	}
	release = sync.OnceFunc(func() { q.leave(p) })
	select {
	case <-p.turn:
		return release, nil
	case <-p.lost:
		return nil, ErrBusy
	case <-ctx.Done():
		release()
		return nil, ctx.Err()
	}
}

// enter takes a place, or returns nil when there is none for this address.
func (q *hashQueue) enter(addr netip.Addr, known bool) *hashPlace {
	p := &hashPlace{networks: placePrefixes(addr), turn: make(chan struct{}), lost: make(chan struct{})}
	if known {
		p.line = 1
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	line := &q.lines[p.line]
	if len(*line) >= q.running*waitingPerHash {
		loser := line.loser(p.networks)
		if loser == nil {
			return nil
		}
		line.remove(loser)
		close(loser.lost)
	}
	*line = append(*line, p)
	q.serve()
	return p
}

// loser returns who has to make room for a caller from these networks: the one
// who came last from the network with the most places. It is nil where that
// network would then have fewer places than the caller's.
func (l hashLine) loser(networks [3]netip.Prefix) *hashPlace {
	apart := false // the caller is from another network than those who are left
	for level, own := range networks {
		count := map[netip.Prefix]int{}
		for _, p := range l {
			count[p.networks[level]]++
		}
		most := own
		for _, p := range slices.Backward(l) {
			network := p.networks[level]
			if n := count[network]; n > count[most] || most == own && n == count[own] {
				most = network // another one, where the caller's has no more than that
			}
		}
		if !apart && most != own {
			if count[most] < count[own]+2 {
				return nil
			}
			apart = true
		}
		l = slices.DeleteFunc(slices.Clone(l), func(p *hashPlace) bool { return p.networks[level] != most })
	}
	if !apart {
		return nil
	}
	return l[len(l)-1]
}

func (l *hashLine) remove(p *hashPlace) {
	if i := slices.Index(*l, p); i >= 0 {
		*l = slices.Delete(*l, i, i+1)
	}
}

// leave gives a place back, whether its turn had come or not.
func (q *hashQueue) leave(p *hashPlace) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if p.active {
		q.active--
	} else {
		q.lines[p.line].remove(p)
	}
	q.serve()
}

// serve lets those at the head of the lines run while there is room, from one
// line and the other in turn.
func (q *hashQueue) serve() {
	for q.active < q.running && len(q.lines[0])+len(q.lines[1]) > 0 {
		if len(q.lines[q.next]) == 0 {
			q.next = 1 - q.next
		}
		line := &q.lines[q.next]
		p := (*line)[0]
		*line = slices.Delete(*line, 0, 1)
		p.active = true
		q.active++
		close(p.turn)
		q.next = 1 - q.next
	}
}

// placePrefixes are the networks of an address, from wide to narrow: what a site
// gets, and what a customer gets at least. Clients without an address share the
// zero Prefix.
func placePrefixes(a netip.Addr) [3]netip.Prefix {
	a = a.Unmap().WithZone("")
	bits := [3]int{48, 56, 64}
	if a.Is4() {
		bits = [3]int{24, 32, 32}
	}
	var prefixes [3]netip.Prefix
	for i, n := range bits {
		prefixes[i], _ = a.Prefix(n) // of the zero Addr: the zero Prefix
	}
	return prefixes
}

// addrPrefix is the network that an address stands for: the narrowest one.
func addrPrefix(a netip.Addr) netip.Prefix { return placePrefixes(a)[2] }
