package rbac_test

import (
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"slices"
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
//	TMPDIR=/dev/shm RBAC_HISTORIES=10000 go test -run '^TestModel$' -timeout 60m .
func TestModel(t *testing.T) {
	n := 300
	if s := os.Getenv("RBAC_HISTORIES"); s != "" {
		var err error
		n, err = strconv.Atoi(s)
		must(t, err)
	}
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
	h := randomHistory{limited: oneIn(t, 4), protected: oneIn(t, 3)}
	m := h.begin()
	t.Repeat(map[string]func(*rapid.T){"step": func(t *rapid.T) {
		var e entry
		kinds := allKinds
		if len(h.entries) < 15 {
			kinds = first
		}
		if h.protected || !oneIn(t, 6) {
			e.steps = []step{drawStep(t, m, kinds)}
		} else {
			e = drawUpdate(t, m)
		}
		h.entries = append(h.entries, e)
		m = m.after(e).model
	}})
	return h
})

// drawUpdate draws an Update of several steps. There is none where permissions are protected: whether
// one lost its last holder is asked at the end of an Update, and the model asks after each step.
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

// shorten leaves out what the failure does not need.
func (h randomHistory) shorten(t *testing.T) randomHistory {
	for size := len(h.entries) / 2; size > 0; size /= 2 {
		for at := len(h.entries) - size; at >= 0; at -= size {
			less := h
			less.entries = slices.Delete(slices.Clone(h.entries), at, at+size)
			if less.run(t, map[string]int{}) != nil {
				h = less
			}
			at = min(at, len(h.entries))
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

// site is a store with two Authorities, which take turns, and the tokens that they gave.
type site struct {
	name   string
	store  rbac.Store
	both   [2]*rbac.Authority
	clock  *clock
	tokens []rbac.Token
	turn   int
	ids    int
}

// openSite opens the i-th of stores, in a folder that is deleted by close.
func openSite(t *testing.T, i int, cfg rbac.Config) (w *site, closeAll func(), err error) {
	dir, err := os.MkdirTemp("", "rbac")
	if err != nil {
		return nil, nil, err
	}
	w = &site{name: stores[i].name, store: stores[i].open(inFolder{t, dir}), clock: newClock()}
	closeAll = func() {
		for _, a := range w.both {
			if a != nil {
				a.Close()
			}
		}
		w.store.Close()
		os.RemoveAll(dir)
	}
	cfg.Clock, cfg.Argon2id, cfg.Logger = w.clock.Now, cheap, slog.New(slog.DiscardHandler)
	for i := range w.both {
		if w.both[i], err = rbac.Open(ctx, w.store, cfg); err != nil {
			closeAll()
			return nil, nil, err
		}
	}
	return w, closeAll, nil
}

type inFolder struct {
	testing.TB
	dir string
}

func (f inFolder) TempDir() string { return f.dir }

func (w *site) authority() *rbac.Authority { return w.both[w.turn%2] }

// id is the same for the same step in every store, also where the step is run again.
func (w *site) id() uuid.UUID {
	w.ids++
	return uuid.NewSHA1(uuid.Nil, []byte(fmt.Sprint(w.turn, w.ids)))
}

// token is one that nobody was given where there are not so many.
func (w *site) token(n int) rbac.Token {
	if n < len(w.tokens) {
		return w.tokens[n]
	}
	return must1(rbac.ParseToken(strings.Repeat("A", 43)))
}

// update runs steps in one Update and returns the result of each, and that of the Update.
func (w *site) update(e entry) (results []string, errs []error, err error) {
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

func (w *site) revision() (rev rbac.Revision) {
	head := rbac.Head{}
	if err := w.store.View(ctx, func(r rbac.Records) (err error) { head, err = r.Head(); return err }); err != nil {
		panic(err)
	}
	return head.Revision
}

// outcome is what the model says of an entry.
type outcome struct {
	model   *standard // afterwards
	results []string  // of each step
	faults  []faults
	refused bool // nothing was changed
	lost    bool // a protected permission would lose its last holder
}

func (m *standard) after(e entry) outcome {
	o := outcome{model: m.clone(), refused: true}
	for _, s := range e.steps {
		result, f := s.model(o.model)
		o.results, o.faults = append(o.results, result), append(o.faults, f)
		o.refused = o.refused && (len(f) > 0 || s.reads)
	}
	if o.lost = o.model.loses(m); o.lost || e.abandoned {
		o.model, o.refused = m, true
	}
	return o
}

// course is a history while it runs: the model and the stores.
type course struct {
	model *standard
	sites []*site
	tally map[string]int // how often which function came to which end
	at    string         // the entry that runs
}

// run returns the first difference between the model and a store.
func (h randomHistory) run(t *testing.T, tally map[string]int) error {
	c := &course{model: h.empty(), tally: tally}
	for i := range stores {
		w, closeAll, err := openSite(t, i, h.config())
		if err != nil {
			return err
		}
		defer closeAll()
		c.sites = append(c.sites, w)
	}
	for i, e := range append([]entry{beginning}, h.entries...) {
		if err := c.entry(i, e); err != nil {
			return err
		}
	}
	for _, s := range c.questions() {
		if err := c.entry(len(h.entries)+1, entry{steps: []step{s}}); err != nil {
			return err
		}
	}
	return nil
}

func (h randomHistory) empty() *standard {
	m := newStandard(newClock().Now())
	m.limited, m.protected = h.limited, h.config().Protected
	return m
}

// begin is the model of what every history begins with.
func (h randomHistory) begin() *standard { return h.empty().after(beginning).model }

// beginning adds all users and permissions, and most groups.
var beginning = func() entry {
	e := entry{update: true}
	add := func(s step) { s.text = "begin"; e.steps = append(e.steps, s) }
	for _, user := range allUsers {
		add(adding(func(m *standard) faults { return m.AddUser(user) },
			func(tx *rbac.Tx, id uuid.UUID) error { return addUser(rbac.User{ID: id, Name: user})(tx) }))
	}
	for _, group := range allGroups[:5] {
		add(adding(func(m *standard) faults { return m.AddGroup(group) },
			func(tx *rbac.Tx, id uuid.UUID) error { return addGroup(rbac.Group{ID: id, Name: group})(tx) }))
	}
	for _, p := range allPermissions {
		add(admin(func(m *standard) faults { return m.AddPermission(p, "", "") }, addPermission(rbac.Permission{Name: p})))
	}
	return e
}()

func (c *course) entry(n int, e entry) error {
	c.at = fmt.Sprintf("%d. %v", n, e)
	o := c.model.after(e)
	c.model = o.model
	for _, w := range c.sites {
		w.turn = n
		if err := c.compareEntry(w, e, o); err != nil {
			return fmt.Errorf("%s\non %s: %w", c.at, w.name, err)
		}
	}
	return nil
}

func (c *course) compareEntry(w *site, e entry, o outcome) error {
	if s := e.steps[0]; s.call != nil {
		got, err := s.call(w)
		return c.compare(s, o.results[0], o.faults[0], got, err)
	}
	revision := w.revision()
	got, errs, err := w.update(e)
	for i, s := range e.steps {
		if err := c.compare(s, o.results[i], o.faults[i], got[i], errs[i]); err != nil {
			return err
		}
	}
	want := o.err(e)
	if e.update || len(o.faults[0]) == 0 {
		if !errors.Is(err, want) || want == nil && err != nil {
			return fmt.Errorf("the transaction ended with %v; want %v", err, want)
		}
	}
	if after := w.revision(); o.refused && after != revision {
		return fmt.Errorf("everything was refused, and the store went from revision %d to %d", revision, after)
	}
	return nil
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

// err is what the transaction of an entry ends with, unless its only step is refused.
func (o outcome) err(e entry) error {
	switch {
	case e.abandoned:
		return errTest
	case o.lost:
		return rbac.ErrProtected
	}
	return nil
}

// compare asks for a refusal with the kind of one of the faults, and for the same result where there is none.
func (c *course) compare(s step, want string, f faults, got string, err error) error {
	function, _, _ := strings.Cut(s.text, "(")
	if len(f) == 0 {
		c.tally[function]++
		if err != nil || got != want {
			return fmt.Errorf("%s: %s, %v\nwant %s", s.text, got, err, want)
		}
		return nil
	}
	for _, kind := range f {
		if errors.Is(err, kind) {
			c.tally[function+": "+kind.Error()]++
			return nil
		}
	}
	return fmt.Errorf("%s: %s, %v\nwant one of %v", s.text, got, err, f)
}

// questions ask at the end what is in each ticket, and everything that is listed.
func (c *course) questions() (all []step) {
	for n := range c.model.tickets {
		all = append(all, ofTicket(n, (*standard).Ticket, (*site).ticket), ofTicket(n, (*standard).Identify, (*site).identify))
	}
	for _, user := range allUsers {
		all = append(all, review(func(m *standard) (string, faults) { return m.AssignedGroups(user) }, assignedGroups(user)))
	}
	all = append(all, review((*standard).Everything, everything))
	for i := range all {
		all[i].text = "at the end"
	}
	return all
}
