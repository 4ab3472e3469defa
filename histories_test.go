package rbac_test

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/rbac-go/rbac"
	"pgregory.net/rapid"
)

// Random histories of all functions have the results that a naive model of INCITS 359 has, the kinds of
// errors included, on every store.
//
// The histories are the same each time: those of one seed, 300 of them. The environment variable
// RBAC_HISTORIES sets how many, and -rapid.seed begins with other ones; a failure prints the
// seed that repeats it and the shortest history found that fails. The long run, with its databases in memory:
//
//	TMPDIR=/dev/shm RBAC_HISTORIES=10000 go test -run '^TestHistories$' -timeout 60m .
func TestHistories(t *testing.T) {
	n := 300
	if s := os.Getenv("RBAC_HISTORIES"); s != "" {
		var err error
		n, err = strconv.Atoi(s)
		must(t, err)
	}
	setFlag(t, "rapid.checks", strconv.Itoa(n))
	setFlag(t, "rapid.steps", "40")
	setFlag(t, "rapid.nofailfile", "true")
	if flag.Lookup("rapid.seed").Value.String() == "0" {
		setFlag(t, "rapid.seed", "359")
	}
	run, tally := 0, map[string]int{}
	rapid.Check(t, func(rt *rapid.T) {
		run++
		h := histories.Draw(rt, "history")
		h.run(t, rt, tally)
	})
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

// randomHistory is an Authority's configuration and what happens.
type randomHistory struct {
	limited, protected bool
	entries            []entry
}

// entry is a step, or an Update of several, of which it commits what was accepted, or nothing.
type entry struct {
	steps     []step
	update    bool
	abandoned bool
}

var histories = rapid.Custom(func(t *rapid.T) randomHistory {
	h := randomHistory{limited: rapid.IntRange(0, 3).Draw(t, "limited") == 3, protected: rapid.IntRange(0, 2).Draw(t, "protected") == 2}
	t.Repeat(map[string]func(*rapid.T){"step": func(t *rapid.T) { h.entries = append(h.entries, drawEntry(t)) }})
	return h
})

// drawEntry draws one step, and an Update one time in six.
func drawEntry(t *rapid.T) entry {
	if rapid.IntRange(0, 5).Draw(t, "update") < 5 {
		return entry{steps: []step{drawStep(t)}}
	}
	inside := rapid.Custom(drawStep).Filter(func(s step) bool { return s.tx != nil })
	return entry{update: true, steps: rapid.SliceOfN(inside, 1, 5).Draw(t, "steps"), abandoned: rapid.IntRange(0, 3).Draw(t, "abandoned") == 3}
}

// GoString prints a line for each step.
func (h randomHistory) GoString() string {
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
	if e.update {
		text = "Update: " + text
	}
	if e.abandoned {
		text += "; rolled back"
	}
	return text
}

func (h randomHistory) config() rbac.Config {
	const long = 1000 * time.Hour
	cfg := rbac.Config{LimitedHierarchy: h.limited, IdleLimit: long, AbsoluteLimit: long, MaxTickets: 1000}
	if h.protected {
		cfg.Protected = []string{"ring"}
	}
	return cfg
}

// office is a store with two Authorities, which take turns, and the tokens that they gave.
type office struct {
	name   string
	store  rbac.Store
	both   [2]*rbac.Authority
	clock  *clock
	tokens []rbac.Token
	turn   int
	ids    int
}

func openOffice(rt *rapid.T, name string, s rbac.Store, cfg rbac.Config) *office {
	w := &office{name: name, store: s, clock: newClock()}
	cfg.Clock, cfg.Argon2id, cfg.Logger = w.clock.Now, cheap, slog.New(slog.NewTextHandler(io.Discard, nil))
	for i := range w.both {
		a, err := rbac.Open(ctx, s, cfg)
		if err != nil {
			rt.Fatal(err)
		}
		rt.Cleanup(func() { a.Close() })
		w.both[i] = a
	}
	return w
}

func (w *office) authority() *rbac.Authority { return w.both[w.turn%2] }

// id is the same for the same step in every store, also where the step is run again.
func (w *office) id() uuid.UUID {
	w.ids++
	return uuid.NewSHA1(uuid.Nil, []byte(fmt.Sprint(w.turn, w.ids)))
}

// token is one that nobody was given where there are not so many.
func (w *office) token(n int) rbac.Token {
	if n < len(w.tokens) {
		return w.tokens[n]
	}
	return must1(rbac.ParseToken(strings.Repeat("A", 43)))
}

// update runs steps in one Update and returns the result of each, and that of the Update.
func (w *office) update(e entry) (results []string, errs []error, err error) {
	run := w.authority().Update
	if !e.update && e.steps[0].reads {
		run = w.authority().View
	}
	err = run(ctx, func(tx *rbac.Tx) error {
		w.ids, results, errs = 0, nil, nil
		for _, s := range e.steps {
			result, err := s.tx(w, tx)
			results, errs = append(results, result), append(errs, err)
		}
		switch {
		case e.abandoned:
			return errTest
		case !e.update:
			return errs[0]
		}
		return nil
	})
	return results, errs, err
}

func (w *office) revision() (rev rbac.Revision) {
	head := rbac.Head{}
	if err := w.store.View(ctx, func(r rbac.Records) (err error) { head, err = r.Head(); return err }); err != nil {
		panic(err)
	}
	return head.Revision
}

// course is a history while it runs: the model and the stores.
type course struct {
	t       *rapid.T
	model   *standard
	offices []*office
	tally   map[string]int // how often which function came to which end
	at      string         // the entry that runs
}

func (h randomHistory) run(t *testing.T, rt *rapid.T, tally map[string]int) {
	c := &course{t: rt, model: newStandard(newClock().Now()), tally: tally}
	c.model.limited, c.model.protected = h.limited, h.config().Protected
	for _, s := range stores {
		store := s.open(t)
		rt.Cleanup(func() { store.Close() })
		c.offices = append(c.offices, openOffice(rt, s.name, store, h.config()))
	}
	c.begin()
	for i, e := range h.entries {
		for _, w := range c.offices {
			w.turn = i + 1
		}
		c.at = fmt.Sprintf("%d. %v", i+1, e)
		c.entry(e, h.protected)
	}
	c.compareAll()
}

// begin adds what a history begins with: all but one of the groups.
func (c *course) begin() {
	e := entry{update: true}
	for _, user := range allUsers {
		e.steps = append(e.steps, adding(func(m *standard) faults { return m.AddUser(user) },
			func(tx *rbac.Tx, id uuid.UUID) error { return addUser(rbac.User{ID: id, Name: user})(tx) }))
	}
	for _, group := range allGroups[:len(allGroups)-1] {
		e.steps = append(e.steps, adding(func(m *standard) faults { return m.AddGroup(group) },
			func(tx *rbac.Tx, id uuid.UUID) error { return addGroup(rbac.Group{ID: id, Name: group})(tx) }))
	}
	for _, p := range allPermissions {
		e.steps = append(e.steps, admin(func(m *standard) faults { return m.AddPermission(p, "", "") }, addPermission(rbac.Permission{Name: p})))
	}
	c.at = "at the beginning"
	c.inUpdate(e)
}

// entry runs an entry. With protected permissions the steps of an Update are run one by one: what
// an Update may take away is asked at its end.
func (c *course) entry(e entry, protected bool) {
	switch {
	case e.steps[0].call != nil:
		want, f := e.steps[0].model(c.model)
		for _, w := range c.offices {
			got, err := e.steps[0].call(w)
			c.compare(w, e.steps[0], want, f, got, err)
		}
	case protected && e.update:
		for _, s := range e.steps {
			c.entry(entry{steps: []step{s}}, protected)
		}
	default:
		c.inUpdate(e)
	}
}

func (c *course) inUpdate(e entry) {
	before := c.model.clone()
	var want []string
	var expected []faults
	refused := true
	for _, s := range e.steps {
		result, f := s.model(c.model)
		want, expected = append(want, result), append(expected, f)
		refused = refused && (len(f) > 0 || s.reads)
	}
	lost := c.model.loses(before)
	if lost || e.abandoned {
		c.model, refused = before, true
	}
	for _, w := range c.offices {
		revision := w.revision()
		got, errs, err := w.update(e)
		for i, s := range e.steps {
			c.compare(w, s, want[i], expected[i], got[i], errs[i])
		}
		c.compareUpdate(w, e, err, lost, expected)
		if after := w.revision(); refused && after != revision {
			c.t.Fatalf("%s\non %s: everything was refused, and the store went from revision %d to %d", c.at, w.name, revision, after)
		}
	}
}

// loses: somebody held a protected permission before, and nobody does any more.
func (m *standard) loses(before *standard) bool {
	for _, p := range m.protected {
		if before.held(p) && !m.held(p) {
			return true
		}
	}
	return false
}

func (c *course) compareUpdate(w *office, e entry, err error, lost bool, expected []faults) {
	c.t.Helper()
	var want error
	switch {
	case e.abandoned:
		want = errTest
	case lost:
		want = rbac.ErrProtected
	case !e.update && len(expected[0]) > 0:
		return // compared already
	}
	if !errors.Is(err, want) {
		c.t.Fatalf("%s\non %s the transaction ended with %v; want %v", c.at, w.name, err, want)
	}
}

// compare asks for a refusal with the kind of one of the faults, and for the same result where there is none.
func (c *course) compare(w *office, s step, want string, f faults, got string, err error) {
	c.t.Helper()
	if len(f) > 0 {
		for _, kind := range f {
			if errors.Is(err, kind) {
				c.tally[tallied(s)+" "+kind.Error()]++
				return
			}
		}
		c.t.Fatalf("%s\n%s on %s: %q, %v\nwant one of %v", c.at, s.text, w.name, got, err, f)
	}
	c.tally[tallied(s)]++
	if err != nil || got != want {
		c.t.Fatalf("%s\n%s on %s:\n %s, %v\nwant\n %s", c.at, s.text, w.name, got, err, want)
	}
}

func tallied(s step) string { name, _, _ := strings.Cut(s.text, "("); return name }

// compareAll asks everything there is to ask, at the end.
func (c *course) compareAll() {
	c.at = "at the end"
	for n := range c.model.tickets {
		for _, s := range []step{ofTicket(n, (*standard).Ticket, (*office).ticket), ofTicket(n, (*standard).Identify, (*office).identify)} {
			s.text = fmt.Sprint("ticket ", n)
			c.entry(entry{steps: []step{s}}, false)
		}
	}
	s := review((*standard).Everything, everything)
	s.text = "everything"
	c.inUpdate(entry{steps: []step{s}})
}
