package main

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// throughput runs f in several goroutines for the time d, at least once in
// each, and returns the time for each run, in nanoseconds. The worker and i
// number the goroutines and the runs of each. The first error ends the
// goroutine and is returned.
func throughput(workers int, d time.Duration, f func(worker, i int) error) (float64, error) {
	var done sync.WaitGroup
	var ran atomic.Int64
	failed := make([]error, workers)
	start := time.Now()
	for worker := range workers {
		done.Go(func() {
			for i := 0; ; i++ {
				if failed[worker] = f(worker, i); failed[worker] != nil {
					return
				}
				ran.Add(1)
				if time.Since(start) >= d {
					return
				}
			}
		})
	}
	done.Wait()
	took := time.Since(start)
	if err := errors.Join(failed...); err != nil {
		return 0, err
	}
	return float64(took) / float64(ran.Load()), nil
}
