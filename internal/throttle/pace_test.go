package throttle

import (
	"testing"
	"time"
)

// 150 choices are possible at once, and then one in 12 seconds; logins are
// refused later than choices.
func TestPace(t *testing.T) {
	var until time.Time
	count := func(limit time.Duration) (n int) {
		for PaceWait(until, noon, limit) == 0 {
			until = Pace(until, noon)
			n++
		}
		return n
	}
	if n := count(PaceChoices); n != 150 {
		t.Errorf("%d choices at once", n)
	}
	if wait := PaceWait(until, noon, PaceChoices); wait != 12*time.Second {
		t.Errorf("the next choice waits for %v", wait)
	}
	if n := count(PaceLogins); n != 150 {
		t.Errorf("%d logins after 150 choices", n)
	}
	if next := Pace(until, noon); next.After(noon.Add(PaceLogins)) {
		t.Errorf("a change that is never refused moves the pace to %v", next)
	}
	if wait := PaceWait(noon.Add(48*time.Hour), noon, PaceChoices); wait != 0 {
		t.Errorf("after the clock was set back, a choice waits for %v", wait)
	}
}
