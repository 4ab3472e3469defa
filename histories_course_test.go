package rbac_test

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/rbac-go/rbac"
)

// outcome is the model's prediction for an entry.
type outcome struct {
	model   *standard // after the entry
	results []string  // of each step
	faults  []faults
	refused bool  // nothing was changed
	lost    bool  // a protected permission would lose its last holder
	nobody  error // there is nobody to make the UpdateAs
	strays  bool  // a user was created whom the user of the UpdateAs may not administer
}

func (m *standard) after(e entry) outcome {
	o := outcome{model: m.clone(), refused: true}
	if e.as != nil {
		if f := o.model.begins(*e.as); len(f) > 0 {
			return outcome{model: m, refused: true, nobody: f[0], results: make([]string, len(e.steps)), faults: slices.Repeat([]faults{f}, len(e.steps))}
		}
	}
	for _, s := range e.steps {
		result, f := s.model(o.model)
		o.results, o.faults = append(o.results, result), append(o.faults, f)
		o.refused = o.refused && (len(f) > 0 || s.reads)
	}
	o.strays, o.lost = o.model.strays(), o.model.loses(m)
	o.model.as = nil
	if o.strays || o.lost || e.abandoned {
		o.model, o.refused = m, true
	}
	return o
}

// course is a history while the history runs: the model and the stores.
type course struct {
	model *standard
	sites []*site
	tally map[string]int // ends of calls, by function
}

// run returns the first difference between the model and a store.
func (h randomHistory) run(t *testing.T, tally map[string]int) error {
	c := &course{model: h.empty(), tally: tally}
	for i, s := range stores {
		if s.server && !h.server {
			continue
		}
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
	m.AddPermission("rbac.administer", "", "") // by Open
	return m
}

// begin returns the model of the beginning of every history.
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
	o := c.model.after(e)
	c.model = o.model
	var said []string // the errors, as each store words them
	for _, w := range c.sites {
		w.turn = n
		errs, err := c.compareEntry(w, e, o)
		if err != nil {
			return fmt.Errorf("%d. %v\non %s: %w", n, e, w.name, err)
		}
		said = append(said, ticketID.ReplaceAllString(fmt.Sprint(errs), "ID"))
		if said[0] != said[len(said)-1] {
			return fmt.Errorf("%d. %v\nthe stores differ: %q", n, e, said)
		}
	}
	return nil
}

// ticketID matches the id of a ticket, which differs from store to store.
var ticketID = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f-]{17}`)

func (c *course) compareEntry(w *site, e entry, o outcome) (errs []error, different error) {
	before := w.revision()
	got, errs, err := w.do(e)
	for i, s := range e.steps {
		if e.as != nil {
			s.text = "UpdateAs " + s.text
		}
		if err := c.compare(s, o.results[i], o.faults[i], got[i], errs[i]); err != nil {
			return nil, err
		}
	}
	want := o.err(e)
	if e.update || len(o.faults[0]) == 0 {
		if !errors.Is(err, want) || want == nil && err != nil {
			return nil, fmt.Errorf("the transaction ended with %v; want %v", err, want)
		}
	}
	tidies := strings.HasPrefix(e.steps[0].text, "Logout(") // may delete a dead ticket
	if after := w.revision(); o.refused && !tidies && after != before {
		return nil, fmt.Errorf("everything was refused, and the store went from revision %d to %d", before, after)
	}
	if w.name == "memory" { // costs a load of the policy, which is the same from every store
		different = w.drift()
	}
	return append(errs, err), different
}

// loses reports whether a protected permission had a holder before and has none
// now.
func (m *standard) loses(before *standard) bool {
	for _, p := range m.protected {
		if before.held(p) && !m.held(p) {
			return true
		}
	}
	return false
}

// err returns the error that ends the transaction of an entry, unless the only
// step is refused.
func (o outcome) err(e entry) error {
	switch {
	case o.nobody != nil:
		return o.nobody
	case e.abandoned:
		return errTest
	case o.strays:
		return rbac.ErrDenied
	case o.lost:
		return rbac.ErrProtected
	}
	return nil
}

// compare requires a refusal with the kind of a fault, and the same result
// where no fault is expected.
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

// questions returns the final questions: the contents of each ticket and every
// listing.
func (c *course) questions() (all []step) {
	for n := range c.model.tickets {
		all = append(all, ofTicket(n, (*standard).Ticket, (*site).ticket), ofTicket(n, (*standard).Identify, (*site).identify))
	}
	for _, user := range allUsers {
		all = append(all, review(func(m *standard) (string, faults) { return m.AssignedGroups(user) }, assignedGroups(user)))
	}
	all = append(all, review((*standard).Everything, everything), logInsOf(rbac.LoginQuery{}))
	for i := range all {
		all[i].text = "at the end"
	}
	return all
}
