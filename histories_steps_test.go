package rbac_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/rbac-go/rbac"
	"pgregory.net/rapid"
)

// The names in histories: few enough to collide.
var (
	allUsers       = []string{"amy", "bob", "cid"}
	allGroups      = []string{"a", "b", "c", "d", "e", "f", "g"}
	allPermissions = []string{"desk.use", "door.close", "door.open", "ring"}
	allScopes      = []string{"", "x", "y"}
	allSets        = []string{"one", "two"}
)

// step is a call of a history, of the model and of an Authority.
type step struct {
	text  string // the call, as a failure prints it
	model func(*standard) (string, faults)
	tx    func(w *site, tx *rbac.Tx) (string, error) // in an Update or View; or
	call  func(w *site) (string, error)              // of the Authority
	reads bool                                       // changes nothing
}

func admin(model func(*standard) faults, f func(*rbac.Tx) error) step {
	return step{
		model: func(m *standard) (string, faults) { return "", model(m) },
		tx:    func(_ *site, tx *rbac.Tx) (string, error) { return "", f(tx) },
	}
}

// adding is admin for a record that gets an ID, the same in each store.
func adding(model func(*standard) faults, f func(*rbac.Tx, uuid.UUID) error) step {
	return step{
		model: func(m *standard) (string, faults) { return "", model(m) },
		tx:    func(w *site, tx *rbac.Tx) (string, error) { return "", f(tx, w.id()) },
	}
}

func review(model func(*standard) (string, faults), f func(*rbac.Tx) (string, error)) step {
	return step{model: model, reads: true, tx: func(_ *site, tx *rbac.Tx) (string, error) { return f(tx) }}
}

func act(model func(*standard) faults, call func(w *site) error) step {
	return step{
		model: func(m *standard) (string, faults) { return "", model(m) },
		call:  func(w *site) (string, error) { return "", call(w) },
	}
}

// drawing draws the arguments of a step, and notes them. drawing knows the
// model at the time, and in most cases draws existing records.
type drawing struct {
	t    *rapid.T
	m    *standard
	args []string
}

func (d *drawing) String() string { return strings.Join(d.args, ", ") }

func draw[V any](d *drawing, format string, from *rapid.Generator[V]) V {
	v := from.Draw(d.t, "argument")
	d.args = append(d.args, fmt.Sprintf(format, v))
	return v
}

// anyOf draws each of values nearly equally often; rapid.SampledFrom prefers
// the first.
func anyOf[V any](values []V) *rapid.Generator[V] {
	return rapid.Custom(func(t *rapid.T) V {
		n := 0
		for range 12 {
			n *= 2
			if rapid.Bool().Draw(t, "bit") {
				n++
			}
		}
		return values[n%len(values)]
	})
}

func oneIn(t *rapid.T, n int) bool {
	numbers := make([]int, n)
	numbers[n-1] = 1
	return anyOf(numbers).Draw(t, "chance") == 1
}

// there draws an existing key three times in four, and otherwise any key.
func there[K comparable, V any](d *drawing, all map[K]V, of func(K) bool, other func() K) K {
	keys := slices.DeleteFunc(slices.Collect(maps.Keys(all)), func(k K) bool { return !of(k) })
	if len(keys) == 0 || oneIn(d.t, 4) {
		return other()
	}
	slices.SortFunc(keys, func(a, b K) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	return draw(d, "%v", anyOf(keys))
}

func anyKey[K any](K) bool { return true }

func (d *drawing) of(names ...string) string { return draw(d, "%s", anyOf(names)) }

// user returns a user, in an UpdateAs in most cases a user who was created or
// left a group before.
func (d *drawing) user() string {
	if d.m.as != nil && !oneIn(d.t, 3) {
		before := maps.Clone(d.m.as.created)
		maps.Copy(before, d.m.as.moved)
		return there(d, before, anyKey, func() string {
			return there(d, d.m.users, anyKey, func() string { return d.of(allUsers...) })
		})
	}
	return d.of(allUsers...)
}

// group returns an existing group, in most cases.
func (d *drawing) group() string {
	return there(d, d.m.groups, anyKey, func() string { return d.of(allGroups...) })
}

func (d *drawing) permission() string { return d.of(allPermissions...) }
func (d *drawing) scope() string {
	return draw(d, "in %q", anyOf([]string{"", "", "", "", "x", "x", "x", "y"}))
}
func (d *drawing) number(from, to int) int { return draw(d, "%d", rapid.IntRange(from, to)) }

func (d *drawing) edge() edge { return edge{d.group(), d.group()} }

// membership returns a membership, in an UpdateAs in most cases one that its
// user may assign.
func (d *drawing) membership() member {
	if d.m.as == nil || oneIn(d.t, 3) {
		return member{d.user(), d.group(), d.scope()}
	}
	user := d.user()
	to := there(d, d.m.offers(), anyKey, func() offer { return offer{d.group(), d.scope()} })
	return member{user, to.group, to.scope}
}

func (d *drawing) set() setKey { return setKey{d.of("SSD", "DSD"), d.of(allSets...)} }
func (d *drawing) grant() grantPair {
	return grantPair{d.group(), d.of(append(allPermissions, "door.*", "*")...)}
}
func (d *drawing) oldEdge() edge { return there(d, d.m.inherits, anyKey, d.edge) }
func (d *drawing) oldMembership() member {
	if d.m.as == nil {
		return there(d, d.m.members, anyKey, d.membership)
	}
	offers := d.m.offers()
	return there(d, d.m.members, func(k member) bool { return offers[offer{k.group, k.scope}] }, d.membership)
}
func (d *drawing) oldSet() setKey      { return there(d, d.m.sets, anyKey, d.set) }
func (d *drawing) oldGrant() grantPair { return there(d, d.m.grants, anyKey, d.grant) }

// endedMembership returns an ended membership, if any.
func (d *drawing) endedMembership() member {
	ended := func(k member) bool { until := d.m.members[k]; return !until.IsZero() && !d.m.now.Before(until) }
	return there(d, d.m.members, ended, d.oldMembership)
}

// memberOf returns a group of a set.
func (d *drawing) memberOf(k setKey) string {
	return there(d, d.m.sets[k].groups, anyKey, func() string { return d.of(allGroups...) })
}

// ticket returns a living ticket, in most cases.
func (d *drawing) ticket() int {
	tickets := map[int]bool{}
	for n, t := range d.m.tickets {
		tickets[n] = d.m.lives(t)
	}
	return there(d, tickets, func(n int) bool { return tickets[n] }, func() int { return draw(d, "%v", rapid.IntRange(0, 3)) })
}

// groupOfTicket returns a group that is active in the ticket, a group that the
// ticket's user is authorized for, or any group.
func (d *drawing) groupOfTicket(n int) string {
	if n >= len(d.m.tickets) {
		return d.group()
	}
	return there(d, d.m.authorizedAnywhere(d.m.tickets[n].user), anyKey, d.group)
}

// groups returns distinct groups, in most cases.
func (d *drawing) groups(least int) []string {
	switch groups := sorted(d.m.groups); {
	case oneIn(d.t, 8) || len(groups) < 4:
		return draw(d, "%q", rapid.SliceOfN(anyOf(allGroups), least, 4))
	default:
		return draw(d, "%q", rapid.SliceOfNDistinct(anyOf(groups), least, 4, rapid.ID))
	}
}

// groupsFor returns groups that the user is authorized for, in most cases.
func (d *drawing) groupsFor(user string) []string {
	groups := sorted(d.m.authorizedAnywhere(user))
	if len(groups) == 0 || oneIn(d.t, 4) {
		return d.groups(0)
	}
	return draw(d, "%q", rapid.SliceOfNDistinct(anyOf(groups), 0, 3, rapid.ID))
}

func (d *drawing) groupsOfTicket(n int) []string {
	if n >= len(d.m.tickets) {
		return d.groups(0)
	}
	return d.groupsFor(d.m.tickets[n].user)
}

// groupsOrNil leaves the choice of groups open (nil) in two of three cases.
func (d *drawing) groupsOrNil(user string) []string {
	if !oneIn(d.t, 3) {
		return nil
	}
	return d.groupsFor(user)
}

// end returns no end, an end some minutes from now, now, or a past end.
func (d *drawing) end() time.Time {
	const none = 100
	minutes := anyOf([]int{none, none, none, 1, 2, 3, 0, -1}).Draw(d.t, "end")
	if minutes == none {
		return time.Time{}
	}
	end := d.m.now.Add(time.Duration(minutes) * time.Minute)
	d.args = append(d.args, "until "+end.Format(time.TimeOnly))
	return end
}

// expires returns the end of a ticket: the configured end, an early end, or an
// end beyond a limit.
func (d *drawing) expires() time.Time {
	if !oneIn(d.t, 4) {
		return time.Time{}
	}
	end := d.m.now.Add(time.Duration(anyOf([]int{0, 1, 2, 3, 4, 5, 18, 30}).Draw(d.t, "minutes")) * time.Minute)
	d.args = append(d.args, "expires "+end.Format(time.TimeOnly))
	return end
}

type kind struct {
	name  string
	often int // compared with the rest
	draw  func(d *drawing) step
}

var (
	allKinds  = often(slices.Concat(memberSteps, edgeSteps, setSteps, delegationSteps, recordSteps, reviewSteps, ticketSteps, askSteps, syncSteps, keySteps, loginSteps))
	inUpdates = often(slices.Concat(memberSteps, edgeSteps, setSteps, delegationSteps, recordSteps, reviewSteps, loginSteps))
	// delegable are the kinds of steps that delegates may make.
	delegable = slices.DeleteFunc(slices.Clone(inUpdates), func(k kind) bool {
		return !slices.Contains([]string{"AssignUser", "ModifyMembership", "DeassignUser", "AddUser", "DeleteUser", "DisableUser", "EnableUser", "RenameUser"}, k.name)
	})
	// opening are the kinds of steps that let later ones do more.
	opening = slices.DeleteFunc(slices.Clone(delegable), func(k kind) bool { return k.name != "AddUser" && k.name != "DeassignUser" })
	// giving are the kinds of steps that begin a history, to provide something
	// to refuse.
	giving = slices.DeleteFunc(slices.Clone(allKinds), func(k kind) bool {
		return !slices.Contains([]string{"AssignUser", "GrantPermission", "AddInheritance", "CreateSet", "AddDelegation", "Issue", "IssueKey"}, k.name)
	})
)

func often(kinds []kind) (all []kind) {
	for _, k := range kinds {
		all = append(all, slices.Repeat([]kind{k}, k.often)...)
	}
	return all
}

// drawStep draws a call.
func drawStep(t *rapid.T, m *standard, kinds []kind) step {
	k := anyOf(kinds).Draw(t, "function")
	d := &drawing{t: t, m: m}
	s := k.draw(d)
	s.text = fmt.Sprintf("%s(%v)", k.name, d)
	return s
}
