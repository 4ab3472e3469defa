package postgresstore_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync/atomic"

	"github.com/rbac-go/rbac/internal/processtest"
)

// desk is a writer with its own users, groups, permission and set, and the
// process that makes the changes.
type desk struct {
	o      *office
	i      int
	owner  *processtest.Worker
	others []*processtest.Worker
	logins int
	login  atomic.Pointer[login]
}

// login is a ticket of the user of a desk.
type login struct{ name, token string }

func (d *desk) name(of string) string { return fmt.Sprint(of, d.i) }

func (d *desk) logIn() {
	d.logins++
	l := &login{fmt.Sprint(d.name("ticket"), ".", d.logins), d.owner.Insist("issue", d.name("user"))}
	d.o.register(l.name, "lives")
	d.o.register(l.name+" right", "allowed")
	d.login.Store(l)
}

// thing is a question about a desk, with its register.
type thing struct {
	register string
	words    []string
	current  bool // the answer is read from the store, and never old
}

func (d *desk) things() []thing {
	l := d.login.Load()
	may := fmt.Sprintf("has_permission(%q)", d.name("right"))
	return []thing{
		{register: d.name("right"), words: []string{"may", d.name("user"), may}},
		{register: d.name("both"), words: []string{"may", d.name("pair"), fmt.Sprintf("in_all_groups(%q,%q)", d.name("left"), d.name("other"))}},
		{register: l.name, words: []string{"lives", l.token, "0"}},
		{register: l.name + " right", words: []string{"judge", l.token, may}},
		{register: d.name("assigns"), words: []string{"assigns", d.name("lead"), d.name("left")}, current: true},
	}
}

// round takes a right away, and gives the right back.
type round struct {
	kind       string
	take, give []string
	ticket     bool // the round ends the ticket
}

// write makes some rounds of each kind, in random order. After half of the
// losses, and after each loss of the first desk, write waits until all other
// processes know of the loss.
func (d *desk) write(rounds int) {
	user, group, right := d.name("user"), d.name("group"), d.name("right")
	kinds := []round{
		{kind: inPolicy, take: []string{"revoke", group, right}, give: []string{"grant", group, right}},
		{kind: ofUser, take: []string{"leave", user, group}, give: []string{"join", user, group}},
		{kind: inPolicy, take: []string{"deletegroup", group}, give: []string{"addgroup", group, right, user}},
		{kind: ofUser, take: []string{"deleteuser", user}, give: []string{"adduser", user, group}, ticket: true},
		{kind: inPolicy, take: []string{"separate", d.name("set"), d.name("left"), d.name("other")}, give: []string{"unite", d.name("set")}},
		{kind: ofUser, take: []string{"logout"}, ticket: true},
		{kind: delegated, take: []string{"undelegate", d.name("leads")}, give: []string{"delegate", d.name("leads"), d.name("left")}},
	}
	for range rounds {
		for _, k := range rand.Perm(len(kinds)) {
			d.round(kinds[k])
		}
	}
}

func (d *desk) round(r round) {
	l := d.login.Load()
	things := d.things()
	var change map[string]string
	asked := things[0] // the question that measures the loss
	switch r.take[0] {
	case "logout":
		r.take = []string{"logout", l.token}
		change, asked = map[string]string{l.name: "ended", l.name + " right": "denied"}, things[2]
	case "undelegate":
		change = map[string]string{d.name("assigns"): "denied"}
	case "separate":
		change, asked = map[string]string{d.name("both"): "denied"}, things[1]
	case "deleteuser":
		change = map[string]string{d.name("right"): "denied", l.name: "ended", l.name + " right": "denied"}
	default:
		change = map[string]string{d.name("right"): "denied", l.name + " right": "denied"}
	}
	d.change(r.take, change)
	if r.kind == delegated {
		d.refused()
	} else if d.i == 0 || rand.IntN(2) == 0 {
		d.o.lost(r.kind, d.owner, d.others, asked.register, change[asked.register], asked.words...)
	}
	for register := range change {
		change[register] = "allowed"
	}
	if r.ticket {
		delete(change, l.name)
		delete(change, l.name+" right") // the ticket stays ended
	}
	if r.give != nil {
		d.change(r.give, change)
	}
	if r.ticket {
		d.logIn()
	}
}

// refused requires that no process lets the delegate assign, at once.
func (d *desk) refused() {
	for _, w := range d.o.workers {
		if answer := w.Insist("joinas", d.name("lead"), d.name("user"), d.name("left")); answer != "denied" {
			d.o.t.Errorf("a delegate without a delegation assigns: %q", answer)
		}
	}
}

// change makes a change through the process, and records the new values.
func (d *desk) change(words []string, values map[string]string) {
	begin := d.o.now()
	if answer := d.owner.Insist(words...); !slices.Contains(done, answer) {
		d.o.t.Errorf("%q: %q", words, answer)
	}
	d.o.wrote(begin, values)
}
