package password

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"sync"

	"golang.org/x/sync/semaphore"
)

// ErrBusy means that the queue is full. Nothing was hashed.
var ErrBusy = errors.New("too many passwords are being hashed")

// waitingPerHash is the number of callers that may wait in each line for each
// running hash. At some 30 ms a hash the last caller waits half a second, or a
// whole second while callers wait in both lines.
const waitingPerHash = 16

// A queue bounds how many passwords are hashed at once and how many callers
// wait. A flood of logins must neither exhaust the machine, nor pile up, nor
// keep everybody else out:
//
//   - Known clients and unknown clients wait in two lines. The lines take turns.
//   - In a full line, a caller from a network with few places displaces the
//     latest caller of the network with the most places. Networks are compared
//     from wide to narrow: IPv6 /48, /56, /64; IPv4 /24, /32.
//
// A caller that finds no place, or is displaced, fails at once. In a line,
// first come is first served.
//
// A [semaphore.Weighted] is first in, first out. Only the first caller of each
// line waits for the semaphore running. So at most two callers wait there, one
// of each line, and the lines alternate.
type queue struct {
	running        *semaphore.Weighted
	unknown, known line
}

// newQueue returns a queue for a number of hashes at once.
func newQueue(running int) *queue {
	newLine := func() line {
		return line{first: semaphore.NewWeighted(1), capacity: running * waitingPerHash}
	}
	return &queue{
		running: semaphore.NewWeighted(int64(running)),
		unknown: newLine(),
		known:   newLine(),
	}
}

// acquire waits until a caller may hash. networks are the client's networks,
// from wide to narrow; known selects the line. The error is ErrBusy, or the
// error of ctx if ctx ends first.
//
// The caller calls release when the hash is done; more calls do nothing.
// release is nil if err is not.
func (q *queue) acquire(ctx context.Context, networks [3]netip.Prefix, known bool) (
	release func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	l := &q.unknown
	if known {
		l = &q.known
	}
	waiting, displace := context.WithCancel(ctx)
	defer displace()
	p := &place{networks: networks, displace: displace}
	if !l.enter(p) {
		return nil, ErrBusy
	}
	defer l.leave(p)
	err = l.first.Acquire(waiting, 1)
	if err == nil {
		defer l.first.Release(1)
		err = q.running.Acquire(waiting, 1)
	}
	switch {
	case err == nil:
		return sync.OnceFunc(func() { q.running.Release(1) }), nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	}
	return nil, ErrBusy // displaced
}

// A line is the waiting callers of one kind.
type line struct {
	first    *semaphore.Weighted // held by the caller that is next to run
	capacity int

	mu     sync.Mutex
	places []*place // in order of arrival
}

// A place is a caller's place in a line.
type place struct {
	networks [3]netip.Prefix
	displace context.CancelFunc // ends the caller's wait
}

// enter adds a place to the line, and displaces another place if the line is
// full. enter reports false if no place can be displaced.
func (l *line) enter(p *place) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.places) >= l.capacity {
		loser := displacedBy(p, l.places)
		if loser == nil {
			return false
		}
		l.remove(loser)
		loser.displace()
	}
	l.places = append(l.places, p)
	return true
}

// waiting returns the number of places in the line.
func (l *line) waiting() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.places)
}

// leave removes a place after the caller's turn, or after the caller gave up or
// was displaced.
func (l *line) leave(p *place) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.remove(p)
}

func (l *line) remove(p *place) {
	if i := slices.Index(l.places, p); i >= 0 {
		l.places = slices.Delete(l.places, i, i+1)
	}
}

// displacedBy returns the place that a newcomer takes in a full line: the
// latest place of the network with the most places. The result is nil if that
// network would then have fewer places than the newcomer's.
func displacedBy(newcomer *place, places []*place) *place {
	apart := false // the places are of another network than the newcomer's
	for level, own := range newcomer.networks {
		count := map[netip.Prefix]int{}
		for _, p := range places {
			count[p.networks[level]]++
		}
		largest := own
		for _, p := range slices.Backward(places) {
			network := p.networks[level]
			if n := count[network]; n > count[largest] || largest == own && n == count[own] {
				largest = network // in a tie, another network than the newcomer's
			}
		}
		if !apart && largest != own {
			if count[largest] < count[own]+2 {
				return nil
			}
			apart = true
		}
		places = slices.DeleteFunc(slices.Clone(places), func(p *place) bool {
			return p.networks[level] != largest
		})
	}
	if !apart {
		return nil
	}
	return places[len(places)-1]
}
