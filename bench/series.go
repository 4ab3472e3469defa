package main

import (
	"runtime"
	"slices"
	"time"
)

// series is one cell of the table, sampled in turns with the others.
type series struct {
	column string
	// take makes one sample in about the given time: nanoseconds for one
	// operation, or a ratio.
	take   func(time.Duration) (float64, error)
	cycle  *cycle // of the samples, if each sample is of the next questions
	values []float64
	spent  time.Duration
}

const (
	mostRounds  = 21
	leastRounds = 5
)

// interleave samples all series in rounds. Lasting noise of the machine then
// disturbs all series alike, and each series in some samples only. A series
// that takes longer than its share gets fewer rounds.
func interleave(all []*series, budget time.Duration) error {
	share := budget / time.Duration(max(1, len(all)))
	for round := range mostRounds {
		runtime.GC() // garbage of the setup and of the last round costs no sample
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

// enough is the number of questions that make samples alike.
const enough = 64

// value returns the median of the samples, which outliers do not move. The mean
// is returned if a sample has few questions: then some samples have the hard
// questions and others the easy ones.
func (s *series) value() float64 {
	if s.cycle == nil || s.cycle.ops >= enough {
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
