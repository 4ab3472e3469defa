package rbac_test

import (
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/internal/postgrestest"
	"github.com/rbac-go/rbac/internal/processtest"
	"pgregory.net/rapid"
)

// Random histories of all functions have the results of a naive model of INCITS
// 359, and of the documents where rbac goes beyond it, the kinds of errors
// included, on every store. A tenth of the histories
// also run on a server, if available.
//
// The histories are the same each time: the histories of a fixed seed, 30 of
// them and in CI 300. The environment variable RBAC_HISTORIES sets the number,
// and -rapid.seed sets another seed. A failure prints the seed that repeats the
// failure and the shortest failing history found. The long run, with its
// databases in memory:
//
//	TMPDIR=/dev/shm RBAC_HISTORIES=10000 go test -run '^TestModel$' -timeout 60m .
func TestModel(t *testing.T) {
	n := processtest.NumberFrom(t, "RBAC_HISTORIES", 30)
	setFlag(t, "rapid.checks", strconv.Itoa(n))
	setFlag(t, "rapid.steps", "60")
	setFlag(t, "rapid.nofailfile", "true")
	setFlag(t, "rapid.shrinktime", "5s")
	if flag.Lookup("rapid.seed").Value.String() == "0" {
		setFlag(t, "rapid.seed", "359")
	}
	run, tally := 0, map[string]int{}
	var failing *randomHistory
	t.Run("random", func(t *testing.T) {
		rapid.Check(t, func(rt *rapid.T) {
			run++
			h := histories.Draw(rt, "history")
			h.server = postgrestest.Found() && oneIn(rt, 10)
			if err := h.run(t, tally); err != nil {
				failing = &h
				rt.Fatal(err)
			}
		})
	})
	if failing != nil {
		short := failing.shorten(t)
		t.Fatalf("the history, as far as it could be shortened:\n%v\n%v", short, short.run(t, tally))
	}
	if run < n && !testing.Short() {
		t.Errorf("%d of %d histories were run; give the test more time", run, n)
	}
	t.Log(tally)
}

func setFlag(t *testing.T, name, value string) {
	t.Helper()
	before := flag.Lookup(name).Value.String()
	must(t, flag.Set(name, value))
	t.Cleanup(func() { flag.Set(name, before) })
}

// randomHistory is an Authority's configuration and a list of entries.
type randomHistory struct {
	limited, protected bool
	server             bool // also run over the stores on a server
	entries            []entry
}

// entry is a step, or an Update or UpdateAs of several steps, which commits the accepted
// steps or nothing.
type entry struct {
	steps     []step
	update    bool
	as        *acting // of an UpdateAs
	abandoned bool
}

var histories = rapid.Custom(func(t *rapid.T) randomHistory {
	h := randomHistory{limited: oneIn(t, 4), protected: oneIn(t, 3)}
	m := h.begin()
	t.Repeat(map[string]func(*rapid.T){"step": func(t *rapid.T) {
		var e entry
		kinds := allKinds
		if len(h.entries) < 20 {
			kinds = giving
		}
		switch {
		case len(h.entries) >= 20 && oneIn(t, 4):
			e = drawUpdateAs(t, m, h.protected)
		case h.protected || !oneIn(t, 6):
			e.steps = []step{drawStep(t, m, kinds)}
		default:
			e = drawUpdate(t, m)
		}
		h.entries = append(h.entries, e)
		m = m.after(e).model
	}})
	return h
})

// drawUpdate draws an Update of several steps. Histories with protected
// permissions have no such Update: an Authority looks for a lost last holder at
// the end of an Update, and the model after each step.
func drawUpdate(t *rapid.T, m *standard) entry {
	m = m.clone()
	inside := rapid.Custom(func(t *rapid.T) step { return drawStep(t, m, inUpdates) })
	e := entry{update: true, abandoned: oneIn(t, 4)}
	for range rapid.IntRange(1, 5).Draw(t, "steps") {
		s := inside.Draw(t, "step")
		s.model(m)
		e.steps = append(e.steps, s)
	}
	return e
}

// drawUpdateAs draws changes on behalf of a user or of a ticket, most of them
// changes that delegates may make.
func drawUpdateAs(t *rapid.T, m *standard, single bool) entry {
	d := &drawing{t: t, m: m}
	as := acting{ticket: -1}
	if oneIn(t, 3) {
		as.ticket = d.ticket()
	} else {
		as.user = there(d, m.delegates(), anyKey, d.user)
	}
	m = m.clone()
	m.begins(as)
	e, n := entry{update: true, as: &as}, 1
	if !single {
		n = rapid.IntRange(1, 4).Draw(t, "steps")
	}
	for i := range n {
		kinds := delegable
		if i == 0 && oneIn(t, 3) {
			kinds = opening
		}
		if oneIn(t, 6) {
			kinds = inUpdates
		}
		s := drawStep(t, m, kinds)
		s.model(m)
		e.steps = append(e.steps, s)
	}
	return e
}

// shorten removes entries that the failure does not need, many at a time at
// first, and then steps of Updates.
func (h randomHistory) shorten(t *testing.T) randomHistory {
	fails := func(h randomHistory) bool { return h.run(t, map[string]int{}) != nil }
	for size := len(h.entries) / 2; size > 0; size /= 2 {
		for at := len(h.entries) - size; at >= 0; at -= size {
			less := h
			less.entries = slices.Delete(slices.Clone(h.entries), at, at+size)
			if fails(less) {
				h = less
				at = min(at, len(h.entries))
			}
		}
	}
	for i := range h.entries {
		for at := len(h.entries[i].steps) - 1; at >= 0 && len(h.entries[i].steps) > 1; at-- {
			less := h
			less.entries = slices.Clone(h.entries)
			less.entries[i].steps = slices.Delete(slices.Clone(h.entries[i].steps), at, at+1)
			if fails(less) {
				h = less
			}
		}
	}
	return h
}

// GoString is for rapid, before the history is shortened.
func (h randomHistory) GoString() string { return fmt.Sprint(len(h.entries), " entries") }

// String prints a line for each entry.
func (h randomHistory) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "limited hierarchy %v, protected %v", h.limited, h.config().Protected)
	for i, e := range h.entries {
		fmt.Fprintf(&b, "\n%4d. %v", i+1, e)
	}
	return b.String()
}

func (e entry) String() string {
	var calls []string
	for _, s := range e.steps {
		calls = append(calls, s.text)
	}
	text := strings.Join(calls, "; ")
	switch {
	case e.as != nil:
		text = fmt.Sprintf("UpdateAs(%v): %s", e.as, text)
	case e.update:
		text = "Update: " + text
	}
	if e.abandoned {
		text += "; rolled back"
	}
	return text
}

func (h randomHistory) config() rbac.Config {
	cfg := limits(rbac.Config{LimitedHierarchy: h.limited, MaxTickets: 1000})
	if h.protected {
		cfg.Protected = []string{"ring"}
	}
	return cfg
}
