package main

import (
	"fmt"
	"sync"
	"time"
)

// cycle asks n questions in turn, and begins again after the last.
type cycle struct {
	n       int
	ask     func(from, to int) int // returns the number of answers that are yes
	every   bool                   // every answer must be yes
	at      int
	ops     int // the questions of one sample; zero: not known yet
	refused int // the answers that are not yes
}

// run asks the next questions and returns the time. The compiler cannot leave
// anything out: ask counts its answers and is called through a variable.
func (c *cycle) run(ops int) time.Duration {
	start := time.Now()
	for ops > 0 {
		to := min(c.n, c.at+ops)
		c.refused += to - c.at - c.ask(c.at, to)
		ops -= to - c.at
		c.at = to % c.n
	}
	return time.Since(start)
}

// fit finds out how many questions fit into the time of a sample.
func (c *cycle) fit(d time.Duration) {
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

// take returns the time of one question.
func (c *cycle) take(d time.Duration) (float64, error) {
	c.fit(d)
	took := c.run(c.ops)
	if c.every && c.refused > 0 {
		return 0, fmt.Errorf("%d answers are not the one that is timed", c.refused)
	}
	return float64(took) / float64(c.ops), nil
}

// takeTwo returns how many times as much two goroutines get done as one: the
// time of one goroutine for all of the next questions over the time of two
// goroutines for half of the questions each.
func (c *cycle) takeTwo(d time.Duration) (float64, error) {
	c.fit(d / 2)
	first := *c
	second := cycle{n: c.n, ask: c.ask, at: (c.at + c.ops) % c.n}
	one := c.run(2 * c.ops)
	return float64(one) / float64(together(&first, &second, c.ops)), nil
}

func together(first, second *cycle, ops int) time.Duration {
	var done sync.WaitGroup
	start := time.Now()
	for _, c := range []*cycle{first, second} {
		done.Go(func() { c.run(ops) })
	}
	done.Wait()
	return time.Since(start)
}
