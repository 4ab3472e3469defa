package main

import (
	"fmt"
	"runtime"
	"testing"
	"time"
)

// row holds the values of one peer in one world.
type row struct {
	*peer
	values   map[string]float64 // nanoseconds, bytes or ratios by column; a peer may lack some
	verified int                // the number of probes that were verified and timed
	revoke   bool               // a revoke is effective at the next check
	loaded   subject            // kept for sampling; nil if the world is loaded again
}

// comparison holds the values of all peers in one world.
type comparison struct {
	size
	rows []*row
}

// comparePeers measures peers in one world: each alone for load and heap, then
// all in turns.
func comparePeers(s size, budget time.Duration, peers []peer, progress func(string, ...any)) (*comparison, error) {
	w := newWorld(s)
	c := &comparison{size: s}
	for i := range peers {
		c.rows = append(c.rows, &row{peer: &peers[i], values: map[string]float64{}})
	}
	for _, keep := range []bool{false, true} { // kept subjects come last, and take no memory from the others
		for _, r := range c.rows {
			if r.keep != keep {
				continue
			}
			progress("%s: %s alone", s.Name, r.name)
			if err := r.alone(w); err != nil {
				return nil, fmt.Errorf("%s: %w", r.name, err)
			}
		}
	}
	return c, c.sampleAll(w, budget, progress)
}

// alone measures load and heap with only the world on the heap.
func (r *row) alone(w *world) error {
	before := heap()
	s, err := r.loadRepeatedly(w)
	if err != nil {
		return err
	}
	if err := warmed(s, w); err != nil {
		return err
	}
	r.values[heapTotal] = heap() - before
	runtime.KeepAlive(w)
	if a, ok := s.(*authority); ok {
		r.values[loadingUsers] = float64(a.usersTook)
		if err := r.split(a, w, before); err != nil {
			return err
		}
	}
	if r.keep {
		r.loaded = s
		return nil
	}
	return s.close()
}

func warmed(s subject, w *world) error {
	if warm, ok := s.(warmer); ok {
		return warm.warm(w)
	}
	return nil
}

// loadRepeatedly loads a world, three times if a load takes less than a second,
// and records the median time.
func (r *row) loadRepeatedly(w *world) (s subject, err error) {
	var times []float64
	for range 3 {
		if s != nil {
			if err := s.close(); err != nil {
				return nil, err
			}
		}
		runtime.GC()
		start := time.Now()
		if s, err = r.load(w); err != nil {
			return nil, err
		}
		times = append(times, float64(time.Since(start)))
		if time.Since(start) > time.Second {
			break
		}
	}
	r.values[loading] = median(times)
	return s, nil
}

// heap returns the bytes in use after two collections. The second collection
// clears the pools.
func heap() float64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}

// sampleAll loads all peers and measures checks in turns. Changes come last,
// since changes disturb the caches.
func (c *comparison) sampleAll(w *world, budget time.Duration, progress func(string, ...any)) error {
	q := newQuestions(w)
	var checks, changes []*series
	var records []func()
	for _, r := range c.rows {
		progress("%s: %s, verified", c.Name, r.name)
		s, err := r.loadAgain(w)
		if err != nil {
			return fmt.Errorf("%s: %w", r.name, err)
		}
		defer s.close()
		if r.revoke, err = revokeEffective(s, q); err != nil {
			return fmt.Errorf("%s: %w", r.name, err)
		}
		found, err := r.checks(s, w, q, budget/20)
		if err != nil {
			return fmt.Errorf("%s: %w", r.name, err)
		}
		checks = append(checks, found...)
		made := r.changes(s, q)
		changes = append(changes, made...)
		records = append(records, func() { r.record(append(found, made...)) })
	}
	progress("%s: in turns", c.Name)
	if err := interleave(checks, budget*3/4); err != nil {
		return err
	}
	progress("%s: changes", c.Name)
	if err := interleave(changes, budget/4); err != nil {
		return err
	}
	for _, record := range records {
		record()
	}
	return nil
}

// loadAgain returns the kept subject, or loads the world.
func (r *row) loadAgain(w *world) (subject, error) {
	if s := r.loaded; s != nil {
		r.loaded = nil
		return s, nil
	}
	return r.load(w)
}

func (r *row) record(all []*series) {
	for _, s := range all {
		r.values[s.column] = s.value()
	}
}

// checks verifies the answers of a subject and returns a series of each kind of
// answer.
func (r *row) checks(s subject, w *world, q *questions, limit time.Duration) ([]*series, error) {
	if err := warmed(s, w); err != nil {
		return nil, err
	}
	if m, ok := s.(rememberer); ok {
		if err := m.remember(q); err != nil {
			return nil, err
		}
	}
	var all []*series
	for _, a := range answers(s, q) {
		n, err := a.verify(limit)
		if err != nil {
			return nil, err
		}
		c := &cycle{n: n, ask: a.ask}
		all = append(all, &series{column: a.name, cycle: c, take: c.take})
		switch a.name {
		case byStrings:
			r.verified = n
			r.values[allocs] = allocations(c, n)
			all = append(all, &series{column: twoStrings, take: (&cycle{n: n, ask: a.ask}).takeTwo})
		case readyRandom:
			all = append(all, &series{column: twoReady, take: (&cycle{n: n, ask: a.ask}).takeTwo})
			again := &cycle{n: 1 << 20, ask: oneEach(s.(readier).ready(q.probes[:16]), q)}
			all = append(all, &series{column: readyAgain, take: again.take})
		}
	}
	if a, ok := s.(*authority); ok {
		more, err := r.rbacSeries(a, w, q)
		return append(all, more...), err
	}
	return all, nil
}

// allocations returns the mean number of allocations of a check.
func allocations(c *cycle, n int) float64 {
	return testing.AllocsPerRun(min(n, 1000), func() { c.run(1) })
}

// oneEach returns a function that asks an allowed and a denied question over
// and over, each half of the time.
func oneEach(p prepared, q *questions) func(from, to int) int {
	yes, no := 0, 0
	for i, probe := range q.probes[:16] {
		if probe.want {
			yes = i
		} else {
			no = i
		}
	}
	return func(from, to int) int {
		half := (to - from) / 2
		return p.again(yes, half) + p.again(no, to-from-half)
	}
}

// changes returns series of changes, each timed until the next check shows the
// change.
func (r *row) changes(s subject, q *questions) []*series {
	if !r.revoke {
		return nil // no check would show a revoke
	}
	membership := &alternation{s: s, list: q.assigns,
		do:   func(c change) error { return s.assign(c.user, c.group) },
		undo: func(c change) error { return s.deassign(c.user, c.group) }}
	grant := &alternation{s: s, list: q.grants,
		do:   func(c change) error { return s.grant(c.group, c.permission) },
		undo: func(c change) error { return s.revoke(c.group, c.permission) }}
	return []*series{{column: assignChange, take: membership.take}, {column: grantChange, take: grant.take}}
}

// alternation makes changes and undoes them.
type alternation struct {
	s        subject
	list     []change
	at       int
	do, undo func(change) error
}

// take returns the time of one change with the check that shows the change.
func (a *alternation) take(d time.Duration) (float64, error) {
	start := time.Now()
	for n := 1; ; n++ {
		c := a.list[a.at]
		a.at = (a.at + 1) % len(a.list)
		if err := a.once(c); err != nil {
			return 0, err
		}
		if took := time.Since(start); took >= d {
			return float64(took) / float64(2*n), nil
		}
	}
}

func (a *alternation) once(c change) error {
	if err := a.do(c); err != nil {
		return err
	}
	if !a.s.check(c.user, c.permission) {
		return fmt.Errorf("%s is not allowed %s after the change", c.user, c.permission)
	}
	if err := a.undo(c); err != nil {
		return err
	}
	if a.s.check(c.user, c.permission) {
		return fmt.Errorf("%s is still allowed %s after the change", c.user, c.permission)
	}
	return nil
}
