package throttle

import (
	"testing"
	"time"
)

var noon = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)

func TestBudget(t *testing.T) {
	const limit = 3
	var b Budget
	place := func(rule string, now time.Time, want place) {
		t.Helper()
		if got := b.place(now, limit); got != want {
			t.Errorf("%s: got %v, want %v", rule, got, want)
		}
	}
	place("no failure", noon, free)
	first, second := b.Reserve(noon), b.Reserve(noon)
	if first == second {
		t.Fatal("two attempts in one microsecond have marks of their own")
	}
	third := b.Reserve(noon)
	place("three under way", noon, taken)
	b.Settle(first, false, noon)
	place("one ended without a failure", noon, free)
	b.Settle(second, true, noon)
	b.Settle(third, true, noon)
	place("two failures", noon, free)
	b.Reserve(noon)
	place("two failures, one under way", noon.Add(maxAttempt-time.Microsecond), taken)
	place("an attempt is under way for a minute", noon.Add(maxAttempt), free)
	place("the clock was set back by a day", noon.Add(-24*time.Hour), free)
	late := b.Reserve(noon)
	b.Settle(late, true, noon.Add(2*maxAttempt))
	place("an attempt that ended late counts", noon, spent)
	place("failures do not age", noon.Add(1000*time.Hour), spent)
	if b.Failures != 3 || len(b.Reserved) != 0 {
		t.Errorf("left over: %+v", b)
	}
}

func TestBudgetIsAValue(t *testing.T) {
	var b Budget
	b.Reserve(noon)
	b.Reserve(noon.Add(time.Second))
	b.place(noon.Add(maxAttempt), 9)
	if len(b.Reserved) != 2 || b.Reserved[0] != noon.UnixMicro() {
		t.Errorf("place changed what it was asked about: %+v", b)
	}
}

func TestNetwork(t *testing.T) {
	const free = 20
	var n network
	for i := range 20 {
		for try := range 5 {
			if isNew := n.fail(uint64(i+1), noon); isNew != (try == 0) {
				t.Fatalf("name %d, failure %d: new %v", i, try+1, isNew)
			}
		}
		if n.Count != i+1 {
			t.Fatalf("a name counts once: %d after %d names", n.Count, i+1)
		}
		if wait := n.wait(noon, free); i < 19 && wait != 0 {
			t.Errorf("%d names are free: wait %v", i+1, wait)
		}
	}
	want := time.Second
	for i := range 15 {
		if got := n.wait(noon, free); got != min(want, 15*time.Minute) {
			t.Errorf("%d names over: wait %v, want %v", i, got, want)
		}
		if got := n.wait(noon.Add(min(want, 15*time.Minute)), free); got != 0 {
			t.Errorf("%d names over, after the delay: %v", i, got)
		}
		n.fail(uint64(100+i), noon)
		want *= 2
	}
	if got := n.wait(noon.Add(-24*time.Hour), free); got != 0 {
		t.Errorf("the clock was set back by a day: wait %v", got)
	}
	if got := n.wait(noon.Add(-time.Second), free); got != 15*time.Minute {
		t.Errorf("another process's clock is a second ahead: wait %v", got)
	}
	if !n.Forgive(100) || n.Forgive(100) || n.Count != 34 {
		t.Errorf("a name is forgiven once: %d", n.Count)
	}
	if n.attempt(noon.Add(time.Hour)); n.Count != 17 || len(n.Names) != 17 || n.Names[16] != 114 {
		t.Errorf("half of the names are forgotten each hour, the oldest first: %d, %v", n.Count, n.Names)
	}
}

func TestNetworkIsBounded(t *testing.T) {
	var n, wide network
	for i := range 10_000 {
		if n.fail(uint64(i+1), noon) {
			wide.fail(0, noon)
		}
	}
	if len(n.Names) > keptNames || n.Count != 10_000 || wide.Count != 10_000 || wide.Names != nil {
		t.Errorf("%d names kept of %d; %d in the wider prefix, %d kept", len(n.Names), n.Count, wide.Count, len(wide.Names))
	}
	if n.wait(noon.Add(14*time.Minute), 20) != time.Minute {
		t.Error("the longest delay is 15 minutes")
	}
}
