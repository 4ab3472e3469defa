// Package clock measures elapsed time by two clocks, and notices when the wall
// clock cannot be right.
package clock

import "time"

// Clock is a wall clock together with the monotonic clock of the process.
type Clock struct {
	now func() time.Time
	own bool // now is not time.Now
}

// System is the clock of the operating system.
var System = Clock{now: time.Now}

// New returns a clock whose wall clock is now.
func New(now func() time.Time) Clock { return Clock{now: now, own: true} }

// Reading is what both clocks showed at one moment.
type Reading struct {
	Time            time.Time // by the wall clock
	wall, monotonic int64     // nanoseconds
}

// start is the zero of the monotonic clock.
var start = time.Now()

// Now reads both clocks.
func (c Clock) Now() Reading {
	now := c.now()
	r := Reading{Time: now, wall: now.UnixNano()}
	if c.own {
		now = time.Now()
	}
	r.monotonic = int64(now.Sub(start))
	return r
}

// Since returns the time from an earlier reading to r: the larger of what the
// two clocks measured. The monotonic clock stands still while the machine
// sleeps, and the wall clock can be set back.
func (r Reading) Since(earlier Reading) time.Duration {
	return max(r.SinceMonotonic(earlier), time.Duration(r.wall-earlier.wall))
}

// Sampled reports true for one in SampledOneIn readings, picked by a hash of the
// monotonic clock. For events that are counted on a path of nanoseconds: an
// atomic addition costs ten times as much.
func (r Reading) Sampled() bool {
	const golden = 0x9E3779B97F4A7C15 // 2^64 divided by the golden ratio: spreads a coarse clock, too
	return uint64(r.monotonic)*golden < 1<<64/SampledOneIn
}

// SampledOneIn is how rarely a Reading is sampled.
const SampledOneIn = 16

// SinceMonotonic returns the time from an earlier reading by the monotonic
// clock alone.
func (r Reading) SinceMonotonic(earlier Reading) time.Duration {
	return time.Duration(r.monotonic - earlier.monotonic)
}
