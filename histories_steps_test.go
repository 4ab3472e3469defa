package rbac_test

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/rbac-go/rbac"
	"pgregory.net/rapid"
)

// What histories are about: so few names that they meet.
var (
	allUsers       = []string{"amy", "bob", "cid"}
	allGroups      = []string{"a", "b", "c", "d", "e", "f"}
	allPermissions = []string{"desk.use", "door.close", "door.open", "ring"}
	allScopes      = []string{"", "x", "y"}
	allSets        = []string{"one", "two"}
)

// step is one call of a history, of the model and of an Authority.
type step struct {
	text  string // the call, as a failure prints it
	model func(*standard) (string, faults)
	tx    func(w *office, tx *rbac.Tx) (string, error) // in an Update or View; or
	call  func(w *office) (string, error)              // of the Authority
	reads bool                                         // it changes nothing
}

func admin(model func(*standard) faults, f func(*rbac.Tx) error) step {
	return step{
		model: func(m *standard) (string, faults) { return "", model(m) },
		tx:    func(_ *office, tx *rbac.Tx) (string, error) { return "", f(tx) },
	}
}

// adding is admin for a record that gets an ID, the same in each store.
func adding(model func(*standard) faults, f func(*rbac.Tx, uuid.UUID) error) step {
	return step{
		model: func(m *standard) (string, faults) { return "", model(m) },
		tx:    func(w *office, tx *rbac.Tx) (string, error) { return "", f(tx, w.id()) },
	}
}

func review(model func(*standard) (string, faults), f func(*rbac.Tx) (string, error)) step {
	return step{model: model, reads: true, tx: func(_ *office, tx *rbac.Tx) (string, error) { return f(tx) }}
}

func act(model func(*standard) faults, call func(w *office) error) step {
	return step{
		model: func(m *standard) (string, faults) { return "", model(m) },
		call:  func(w *office) (string, error) { return "", call(w) },
	}
}

// drawing draws the arguments of a step, and notes them.
type drawing struct {
	t    *rapid.T
	args []string
}

func draw[V any](d *drawing, format string, from *rapid.Generator[V]) V {
	v := from.Draw(d.t, "argument")
	d.args = append(d.args, fmt.Sprintf(format, v))
	return v
}

func (d *drawing) of(names ...string) string { return draw(d, "%s", rapid.SampledFrom(names)) }
func (d *drawing) user() string              { return d.of(allUsers...) }
func (d *drawing) group() string             { return d.of(allGroups...) }
func (d *drawing) permission() string        { return d.of(allPermissions...) }
func (d *drawing) scope() string {
	return draw(d, "in %q", rapid.SampledFrom([]string{"", "", "x", "y"}))
}
func (d *drawing) edge() edge              { return edge{d.group(), d.group()} }
func (d *drawing) membership() member      { return member{d.user(), d.group(), d.scope()} }
func (d *drawing) set() setKey             { return setKey{d.of("SSD", "DSD"), d.of(allSets...)} }
func (d *drawing) ticket() int             { return draw(d, "ticket %d", rapid.IntRange(0, 7)) }
func (d *drawing) number(from, to int) int { return draw(d, "%d", rapid.IntRange(from, to)) }
func (d *drawing) grant() grantPair {
	return grantPair{d.group(), d.of(append(allPermissions, "door.*", "*")...)}
}

func (d *drawing) groups(least int) []string {
	return draw(d, "%q", rapid.SliceOfN(rapid.SampledFrom(allGroups), least, 4))
}

// groupsOrNil leaves the choice open in two of three.
func (d *drawing) groupsOrNil() []string {
	if rapid.IntRange(0, 2).Draw(d.t, "nil") > 0 {
		return nil
	}
	return d.groups(0)
}

// end is none, or some minutes after the beginning of the history, which may have passed.
func (d *drawing) end() time.Time {
	minutes := draw(d, "until minute %d", rapid.SampledFrom([]int{-1, -1, -1, -1, 0, 1, 2, 3, 5, 8, 13}))
	if minutes < 0 {
		return time.Time{}
	}
	return newClock().Now().Add(time.Duration(minutes) * time.Minute)
}

// expires is the end of a ticket: that of the configuration, or soon.
func (d *drawing) expires() time.Time {
	if rapid.IntRange(0, 3).Draw(d.t, "expires") < 3 {
		return time.Time{}
	}
	return newClock().Now().Add(time.Duration(draw(d, "expires in minute %d", rapid.IntRange(1, 20))) * time.Minute)
}

type kind struct {
	name string
	draw func(d *drawing) step
}

// drawStep draws a call. Those that make a history rich come more often.
func drawStep(t *rapid.T) step {
	kinds := slices.Concat(memberSteps, memberSteps, memberSteps, edgeSteps, edgeSteps, setSteps, setSteps, ticketSteps, ticketSteps, recordSteps, reviewSteps, askSteps)
	k := rapid.SampledFrom(kinds).Draw(t, "function")
	d := &drawing{t: t}
	s := k.draw(d)
	s.text = k.name + "(" + strings.Join(d.args, ", ") + ")"
	return s
}
