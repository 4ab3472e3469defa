package clock

import (
	"testing"
	"time"
)

// The clock is trusted while it runs as the monotonic clock does. After a doubt
// it is trusted again when it has run evenly for an hour.
func TestMonitor(t *testing.T) {
	start := time.Date(2031, time.March, 3, 9, 0, 0, 0, time.UTC)
	at := func(wall, steady time.Duration) Reading {
		now := start.Add(wall)
		return Reading{Time: now, wall: now.UnixNano(), monotonic: int64(steady)}
	}
	const day = 24 * time.Hour
	type look struct {
		wall, steady time.Duration // since the start
		doubted      bool
	}
	for rule, c := range map[string]struct {
		newest time.Duration // before the start; 0: the store is empty
		looks  []look
	}{
		"a new store":                            {0, []look{{time.Minute, time.Minute, false}, {2 * time.Minute, 2 * time.Minute, false}}},
		"a store in use":                         {50 * time.Minute, []look{{time.Minute, time.Minute, false}}},
		"a store whose newest change is ahead":   {-day, []look{{time.Minute, time.Minute, false}}},
		"a store that was idle for months":       {91 * day, []look{{time.Minute, time.Minute, true}, {59 * time.Minute, 59 * time.Minute, true}, {time.Hour, time.Hour, false}, {2 * time.Hour, 2 * time.Hour, false}}},
		"a clock that is corrected by a second":  {time.Minute, []look{{time.Minute + time.Second, time.Minute, false}, {2 * time.Minute, 2 * time.Minute, false}}},
		"a clock that is ahead for a minute":     {time.Minute, []look{{time.Minute, time.Minute, false}, {91*day + 2*time.Minute, 2 * time.Minute, true}, {3 * time.Minute, 3 * time.Minute, true}, {62 * time.Minute, 62 * time.Minute, true}, {63 * time.Minute, 63 * time.Minute, false}}},
		"a clock that is set back":               {time.Minute, []look{{time.Minute - day, time.Minute, true}}},
		"a clock that was ahead at the start":    {91 * day, []look{{time.Minute, time.Minute, true}, {2*time.Minute - 91*day, 2 * time.Minute, true}, {61*time.Minute - 91*day, 61 * time.Minute, true}, {62*time.Minute - 91*day, 62 * time.Minute, false}}},
		"a machine that slept":                   {time.Minute, []look{{8 * time.Hour, time.Minute, true}, {9 * time.Hour, 61 * time.Minute, false}}},
		"a doubt while there is one begins anew": {time.Minute, []look{{day, time.Minute, true}, {2 * day, 50 * time.Minute, true}, {2*day + 50*time.Minute, 100 * time.Minute, true}, {2*day + time.Hour, 110 * time.Minute, false}}},
	} {
		t.Run(rule, func(t *testing.T) {
			newest := time.Time{}
			if c.newest != 0 {
				newest = start.Add(-c.newest)
			}
			m := NewMonitor(at(0, 0), newest)
			for _, l := range c.looks {
				before := m.doubt
				began, ended := m.Observe(at(l.wall, l.steady))
				if doubted := m.doubt != ""; doubted != l.doubted {
					t.Errorf("after %v by the clock and %v by the other it is doubted: %t (%s)", l.wall, l.steady, doubted, m.doubt)
				}
				if ended != (before != "" && m.doubt == "") || began && m.doubt == "" || before == "" && m.doubt != "" && !began {
					t.Errorf("after %v: began %t, ended %t, from %q to %q", l.wall, began, ended, before, m.doubt)
				}
			}
		})
	}
}
