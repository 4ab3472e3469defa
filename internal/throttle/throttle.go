// Package throttle counts failed logins, and paces the changes that users cause
// alone. An [Attempt] reads and writes the rows of a store that count one try
// to log in. The states in the rows are plain values.
//
// A [Budget] counts the failures in a row of one [Client], or of all unknown
// clients of one name (NIST SP 800-63B-4 section 3.2.2 allows 100). A network
// counts the names that fail from one address prefix, so password spraying
// costs time although each name fails once. A [Source] has the keys of the
// records that count an attempt.
package throttle

import (
	"slices"
	"time"
)

// A Budget counts the failures in a row of one client. The zero Budget has
// none.
type Budget struct {
	Failures int     `json:"failures,omitempty"`
	Reserved []int64 `json:"reserved,omitempty"` // when each attempt under way began, in microseconds since 1970
}

// A place is the answer to whether a Budget has room for one more attempt.
type place int

// The places.
const (
	spent place = iota // the failures alone exhaust the limit
	taken              // with the attempts under way, which may yet end without a failure
	free               // the attempt may be made
)

// maxAttempt is how long an attempt can be under way. An older reservation, for
// example of a killed process, no longer counts.
const maxAttempt = time.Minute

// place returns whether there is room for one more attempt under a limit of
// failures in a row.
func (b Budget) place(now time.Time, limit int) place {
	b.lapse(now)
	switch {
	case b.Failures >= limit:
		return spent
	case b.Failures+len(b.Reserved) >= limit:
		return taken
	}
	return free
}

// Reserve takes a place for an attempt and returns a mark for [Budget.Settle].
func (b *Budget) Reserve(now time.Time) (mark int64) {
	b.lapse(now)
	for mark = now.UnixMicro(); slices.Contains(b.Reserved, mark); {
		mark++
	}
	b.Reserved = append(b.Reserved, mark)
	return mark
}

// Settle ends the attempt with a mark. The place of the attempt becomes a
// failure, or is given back.
func (b *Budget) Settle(mark int64, failed bool, now time.Time) {
	b.lapse(now)
	b.Reserved = slices.DeleteFunc(b.Reserved, func(m int64) bool { return m == mark })
	if failed {
		b.Failures++
	}
}

// lapse forgets reservations that are too old, or in the future because the
// clock was set back.
func (b *Budget) lapse(now time.Time) {
	b.Reserved = slices.DeleteFunc(slices.Clone(b.Reserved), func(mark int64) bool {
		return now.Sub(time.UnixMicro(mark)).Abs() >= maxAttempt
	})
}

const (
	firstDelay = time.Second
	maxDelay   = 15 * time.Minute
	halveEvery = time.Hour
	keptNames  = 64 // a name that fell off the list counts again
	clockSkew  = time.Minute
)

// forgetAfter is the time after the last failure until a network has nothing
// left to remember.
const forgetAfter = 24 * time.Hour

// A network counts the different names that failed from one address prefix. The
// zero network has none.
type network struct {
	Count  int      `json:"count,omitempty"`
	Names  []uint64 `json:"names,omitempty"`  // hashes of the latest names, the last one last
	Last   int64    `json:"last,omitempty"`   // when an attempt was last counted, in microseconds since 1970
	Halved int64    `json:"halved,omitempty"` // when Count was started or last halved
}

// wait returns how long the next attempt from the prefix has to wait, or zero.
// The first free names cost nothing; each further name doubles the delay, up to
// 15 minutes. Half of the names are forgotten each hour.
func (n network) wait(now time.Time, free int) time.Duration {
	n.halve(now)
	over := n.Count - free
	if over < 0 {
		return 0
	}
	delay := maxDelay
	if over < 10 {
		delay = min(maxDelay, firstDelay<<over)
	}
	last := time.UnixMicro(n.Last)
	if last.After(now.Add(clockSkew)) {
		return 0 // a clock was set back: Last is of no use until the next failure
	}
	return max(0, min(delay, last.Add(delay).Sub(now)))
}

// attempt notes that an attempt of an unknown client is under way, so no other
// attempt starts during the delay.
func (n *network) attempt(now time.Time) {
	n.halve(now)
	n.Last = now.UnixMicro()
}

// fail counts a failed name, and reports whether the name is new. A zero name
// is not remembered, and always new.
func (n *network) fail(name uint64, now time.Time) (isNew bool) {
	n.attempt(now)
	if name != 0 {
		if slices.Contains(n.Names, name) {
			return false
		}
		n.Names = append(n.Names, name)
		n.Names = n.Names[max(0, len(n.Names)-keptNames):]
	}
	if n.Count == 0 {
		n.Halved = now.UnixMicro()
	}
	n.Count++
	return true
}

// Forgive takes back a name, after its user has logged in after all, and
// reports whether the name was counted.
func (n *network) Forgive(name uint64) bool {
	i := slices.Index(n.Names, name)
	if i < 0 {
		return false
	}
	n.Names = slices.Delete(n.Names, i, i+1)
	n.Count = max(0, n.Count-1)
	return true
}

// halve forgets half of the names for each hour that has passed. A time in the
// future counts as now.
func (n *network) halve(now time.Time) {
	since := now.Sub(time.UnixMicro(n.Halved))
	if since < 0 {
		n.Halved = now.UnixMicro()
	}
	hours := since / halveEvery
	if hours <= 0 {
		return
	}
	n.Count >>= min(hours, 62)
	n.Halved += (hours * halveEvery).Microseconds()
	if len(n.Names) > n.Count {
		n.Names = slices.Clone(n.Names[len(n.Names)-n.Count:])
	}
}

const freeNear, freeWide = 20, 100 // names that may fail from one prefix without a delay

// networks are the two prefixes of an address that count spraying; see
// [Source.NetworkKeys]. Only the near prefix remembers names.
type networks struct{ Near, Wide network }

// Wait returns how long the next attempt of an unknown client has to wait.
func (n networks) Wait(now time.Time) time.Duration {
	return max(n.Near.wait(now, freeNear), n.Wide.wait(now, freeWide))
}

// Attempt notes an attempt of an unknown client if attempts are delayed, and
// reports whether they are.
func (n *networks) Attempt(now time.Time) (delayed bool) {
	if n.Near.Count < freeNear && n.Wide.Count < freeWide {
		return false
	}
	n.Near.attempt(now)
	n.Wide.attempt(now)
	return true
}

// Fail counts a failure of an unknown client for a name.
func (n *networks) Fail(name uint64, now time.Time) {
	if n.Near.fail(name, now) {
		n.Wide.fail(0, now)
	}
}
