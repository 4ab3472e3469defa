package main

import (
	"runtime"
	"slices"
	"sync"
	"time"
)

// series is one cell of the table, sampled in turns with the others.
type series struct {
	column string
	// take makes one sample in about the time given: nanoseconds for one operation, or a ratio.
	take   func(time.Duration) (float64, error)
	course *course // of the samples, if each is of the next questions
	values []float64
	spent  time.Duration
}

const (
	mostRounds  = 21
	leastRounds = 5
)

// interleave samples all series in rounds, so that what disturbs the machine for a while disturbs all
// of them, and each only in some of its samples. A series whose single sample takes longer than its share is sampled less often.
func interleave(all []*series, budget time.Duration) error {
	share := budget / time.Duration(max(1, len(all)))
	for round := range mostRounds {
		runtime.GC() // what the setting up or the last round left is nobody's to clear away
		for i := range all {
			s := all[(i+round)%len(all)]
			if s.spent > 2*share && len(s.values) >= leastRounds {
				continue
			}
			start := time.Now()
			v, err := s.take(share / mostRounds)
			if err != nil {
				return err
			}
			s.values = append(s.values, v)
			s.spent += time.Since(start)
		}
	}
	return nil
}

// representative is how many questions it takes for a sample to be like any other.
const representative = 64

// value is the median of the samples, which unlike the mean does not follow outliers. But where a peer gets
// through few questions in a sample, and so some samples have the hard ones and some the easy ones, it is the mean.
func (s *series) value() float64 {
	if s.course == nil || s.course.ops >= representative {
		return median(s.values)
	}
	total := 0.0
	for _, v := range s.values {
		total += v
	}
	return total / float64(len(s.values))
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	if n == 0 {
		return 0
	}
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// course goes round and round through questions.
type course struct {
	n   int // how many there are
	ask func(from, to int) int
	at  int
	ops int // how many make one sample; zero: not known yet
}

// run asks the next questions and tells how long it took. What is asked counts its answers, and it is
// called through a variable: the compiler cannot leave anything out.
func (c *course) run(ops int) time.Duration {
	start := time.Now()
	for ops > 0 {
		to := min(c.n, c.at+ops)
		c.ask(c.at, to)
		ops -= to - c.at
		c.at = to % c.n
	}
	return time.Since(start)
}

// fit finds out how many questions fit into the time of a sample.
func (c *course) fit(d time.Duration) {
	if c.ops > 0 {
		return
	}
	ops := 1
	for {
		took := c.run(ops)
		if took > d/8 {
			c.ops = max(1, int(float64(ops)*float64(d)/float64(took)))
			return
		}
		ops *= 4
	}
}

// take is the time of one question.
func (c *course) take(d time.Duration) (float64, error) {
	c.fit(d)
	return float64(c.run(c.ops)) / float64(c.ops), nil
}

// takeTwo is how many times as much two goroutines get done as one does: the time
// that one takes for all of the next questions over that of two who take half of them each.
func (c *course) takeTwo(d time.Duration) (float64, error) {
	c.fit(d / 2)
	first := *c
	second := course{n: c.n, ask: c.ask, at: (c.at + c.ops) % c.n}
	one := c.run(2 * c.ops)
	return float64(one) / float64(together(&first, &second, c.ops)), nil
}

func together(first, second *course, ops int) time.Duration {
	var done sync.WaitGroup
	start := time.Now()
	for _, c := range []*course{first, second} {
		done.Go(func() { c.run(ops) })
	}
	done.Wait()
	return time.Since(start)
}
