package clock

import (
	"fmt"
	"time"
)

// Monitor decides whether a clock can be trusted to say that records are old
// enough to be deleted: a clock that is months ahead for a minute must not cost
// the change log and all tickets. After a doubt nothing old is deleted until
// the clock has run evenly with the monotonic clock for a while. A store that
// nobody used for months is therefore swept, too, only later.
type Monitor struct {
	last  Reading // that was observed
	since Reading // of the last doubt
	doubt string  // the reason; empty: none
}

const (
	maxLead = time.Hour       // the clock may be ahead of the newest change
	maxLeap = 5 * time.Minute // the clock may gain on the monotonic clock, or lose

	// Settles is how long the clock has to run evenly after a doubt before old
	// records are deleted again.
	Settles = time.Hour
)

// NewMonitor returns a Monitor. Newest is the newest time in the store, from
// before this process wrote any time; zero: none.
func NewMonitor(now Reading, newest time.Time) *Monitor {
	m := &Monitor{last: now}
	if lead := now.Time.Sub(newest); !newest.IsZero() && lead > maxLead {
		m.since = now
		m.doubt = fmt.Sprintf("the clock is %v ahead of the newest change", lead.Round(time.Second))
	}
	return m
}

// Doubt returns why the clock is doubted; empty: it is not.
func (m *Monitor) Doubt() string { return m.doubt }

// Observe compares a reading with the last one, and reports whether a doubt
// began or ended.
func (m *Monitor) Observe(now Reading) (began, ended bool) {
	leap := time.Duration(now.wall-m.last.wall) - now.SinceMonotonic(m.last)
	m.last = now
	if leap.Abs() > maxLeap {
		m.since = now
		m.doubt = fmt.Sprintf("the clock was moved by %v against the monotonic clock",
			leap.Round(time.Second))
		return true, false
	}
	if m.doubt != "" && now.SinceMonotonic(m.since) >= Settles {
		m.doubt = ""
		return false, true
	}
	return false, false
}
