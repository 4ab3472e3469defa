package rbac_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/internal/processtest"
	"github.com/rbac-go/rbac/internal/storefault"
)

// After a changing call has returned, no call that starts later in this process
// is answered from before the change. Eight readers ask all the time, under a
// real lease, while one writer grants and revokes rights in every way; the
// history is checked afterwards. CI runs the test under the race detector.
//
// RBAC_WRITES sets the number of changes, for each lease and store; in CI 300.
func TestLinearizable(t *testing.T) {
	t.Parallel()
	// the default, and a lease that is renewed all the time
	for _, lease := range []time.Duration{time.Second, 10 * time.Millisecond} {
		t.Run(fmt.Sprint("lease of ", lease), func(t *testing.T) {
			eachStore(t, func(t *testing.T, h *house) {
				// A busy machine may not renew so short a lease in time: then a longer
				// lease has to prove the rule.
				for lease := lease; ; lease *= 4 {
					answers, reads := linearizable(h, lease)
					if answers >= 1000 {
						return
					}
					if lease > time.Second {
						t.Fatalf("of %d reads %d got an answer: too few to prove anything", reads, answers)
					}
					h = h.beside(t)
				}
			})
		})
	}
}

// linearizable checks a history under a lease, and returns how many reads got an
// answer.
func linearizable(h *house, lease time.Duration) (answers, reads int) {
	// counts the Views, and delays the return of a read, to be overtaken
	var views atomic.Int64
	counted := *h
	counted.store = hooked(h.store, storefault.Hooks{View: func(_ context.Context, run func() error) error {
		defer func() {
			for range views.Add(1) % 16 {
				runtime.Gosched()
			}
		}()
		return run()
	}})
	counted.realTime = true
	w := newDoor(&counted, counted.open(rbac.Config{MaxStaleness: lease}))
	before := views.Load()
	logs := w.run(processtest.NumberFrom(h.t, "RBAC_WRITES", 60))
	asked := views.Load() - before
	answers, reads = w.verify(h.t, logs)
	if lease == time.Second && asked > int64(reads)/2 {
		h.t.Errorf("%d reads asked the store %d times: too few were answered from memory to prove anything", reads, asked)
	}
	return answers, reads
}

// run makes changes while eight readers ask.
func (w *door) run(changes int) []readLog {
	var readers sync.WaitGroup
	var stop atomic.Bool
	logs := make([]readLog, 8)
	for i := range logs {
		readers.Go(func() {
			for n := i; !stop.Load(); n++ {
				logs[i].add(w.read(n))
				w.done.Add(1)
				runtime.Gosched() // gives the writer a turn on few processors
			}
		})
	}
	for n := range changes {
		w.write(n)
		if n%3 > 0 { // otherwise the next change meets readers that still look for this change
			w.await(100)
		}
	}
	stop.Store(true)
	readers.Wait()
	return logs
}

// order numbers events.
type order struct{ atomic.Int64 }

func (o *order) next() int64 { return o.Add(1) }

// door is the state that the writer changes and the readers ask about.
type door struct {
	h     *house
	a     *rbac.Authority
	order order
	done  atomic.Int64 // reads

	tok     rbac.Token // amy's
	key     rbac.Token // cid's, with KeepWhenDisabled
	changes atomic.Pointer[loggedIn]

	grants, member map[string]bool // by group
	inherits, off  bool
	registers      map[string]*processtest.Register
}

// loggedIn is the current ticket of bob, and the register of whether the ticket
// lives.
type loggedIn struct {
	tok  rbac.Token
	name string
}

var doorGroups = []string{"chiefs", "staff"}

func newDoor(h *house, a *rbac.Authority) *door {
	w := &door{h: h, a: a, grants: map[string]bool{}, member: map[string]bool{}, registers: map[string]*processtest.Register{}}
	h.groups(a, map[string][]string{"staff": nil, "chiefs": nil})
	h.do(a, func(tx *rbac.Tx) error { return second(tx.AddPermission(rbac.Permission{Name: "door.open"})) })
	for _, name := range []string{"amy", "bob", "cid"} {
		h.user(a, name, "")
	}
	w.tok, w.key = h.issue(a, rbac.Login{User: "amy"}), h.keyOf(a, "cid", true)
	for name, value := range w.values() {
		w.registers[name] = &processtest.Register{Initial: value}
	}
	w.logIn(0)
	return w
}

// values returns the current value of each register.
func (w *door) values() map[string]string {
	in := map[string]bool{}
	for _, g := range doorGroups {
		in[g] = w.member[g] || g == "staff" && w.member["chiefs"] && w.inherits
	}
	judged := "denied"
	var groups, permissions []string
	for _, g := range doorGroups {
		if in[g] {
			groups = append(groups, g)
		}
		if in[g] && w.grants[g] {
			judged, permissions = "allowed", []string{"door.open"}
		}
	}
	account, key := "enabled", "accepted"
	if w.off {
		account, key = "disabled", "refused"
	}
	return map[string]string{"judge": judged, "identify": fmt.Sprint(groups, permissions), "account": account, "key": key}
}

// logIn gives bob a new ticket. Readers ask about the ticket only from now on,
// and the ticket therefore lives at first.
func (w *door) logIn(n int) {
	l := &loggedIn{tok: w.h.issue(w.a, rbac.Login{User: "bob"}), name: fmt.Sprint("ticket ", n)}
	w.registers[l.name] = &processtest.Register{Initial: "lives"}
	w.changes.Store(l)
}

// write makes the n-th change and notes the change.
func (w *door) write(n int) {
	if n%7 == 6 {
		w.logOut(n)
		return
	}
	change := w.toggle(n)
	op := processtest.Operation{Begin: w.order.next()}
	w.h.do(w.a, change)
	op.End = w.order.next()
	for name, value := range w.values() {
		op.Value = value
		w.registers[name].Writes = append(w.registers[name].Writes, op)
	}
}

func (w *door) logOut(n int) {
	l := w.changes.Load()
	op := processtest.Operation{Begin: w.order.next(), Value: "ended"}
	must(w.h.t, w.a.Logout(ctx, l.tok))
	op.End = w.order.next()
	w.registers[l.name].Writes = []processtest.Operation{op}
	w.await(20) // the readers still have the old token
	w.logIn(n)
}

// await waits for a number of further reads.
func (w *door) await(reads int64) {
	for seen := w.done.Load(); w.done.Load() < seen+reads; {
		runtime.Gosched()
	}
}

// toggle returns a change of a right of amy's, or of whether cid's account is
// enabled, and cid's key with it.
func (w *door) toggle(n int) func(*rbac.Tx) error {
	g := doorGroups[n/7%2]
	switch n % 7 % 4 {
	case 0:
		w.grants[g] = !w.grants[g]
		if w.grants[g] {
			return func(tx *rbac.Tx) error { return tx.GrantPermission(rbac.Grant{Group: g, Permission: "door.open"}) }
		}
		return revoke(g, "door.open")
	case 1:
		w.member[g] = !w.member[g]
		if w.member[g] {
			return assign("amy", g)
		}
		return func(tx *rbac.Tx) error { return tx.DeassignUser(rbac.Membership{User: "amy", Group: g}) }
	case 2:
		w.inherits = !w.inherits
		i := rbac.Inheritance{Senior: "chiefs", Junior: "staff"}
		if w.inherits {
			return func(tx *rbac.Tx) error { return tx.AddInheritance(i) }
		}
		return func(tx *rbac.Tx) error { return tx.DeleteInheritance(i) }
	}
	w.off = !w.off
	off := w.off
	return func(tx *rbac.Tx) error {
		u, err := tx.User("cid")
		u.Disabled = off
		return errors.Join(err, tx.ModifyUser(u))
	}
}

// read reads one register.
func (w *door) read(n int) (name string, op processtest.Operation) {
	l := w.changes.Load()
	name = []string{"judge", "identify", "account", "key", l.name}[n%5]
	op.Begin = w.order.next()
	switch n % 5 {
	case 0:
		op.Value = processtest.Said(w.a.Judge(ctx, w.tok, rbac.HasPermission("door.open")), "allowed", rbac.ErrDenied, "denied")
	case 1:
		id, err := w.a.Identify(ctx, w.tok)
		op.Value = processtest.Said(err, fmt.Sprint(slices.Collect(id.Groups()), slices.Collect(id.Permissions())), nil, "")
	case 2:
		op.Value = processtest.Said(second(w.a.Identity(ctx, "cid")), "enabled", rbac.ErrDenied, "disabled")
	case 3:
		op.Value = processtest.Said(w.a.Judge(ctx, w.key, rbac.NotAnonymous()), "accepted", rbac.ErrNoTicket, "refused")
	default:
		op.Value = processtest.Said(w.a.Judge(ctx, l.tok, rbac.NotAnonymous()), "lives", rbac.ErrNoTicket, "ended")
	}
	op.End = w.order.next()
	return name, op
}

// readLog holds the reads of one reader, by register.
type readLog map[string][]processtest.Operation

func (l *readLog) add(name string, op processtest.Operation) {
	if *l == nil {
		*l = readLog{}
	}
	(*l)[name] = append((*l)[name], op)
}

// verify checks the history of each register.
func (w *door) verify(t testing.TB, logs []readLog) (answers, reads int) {
	t.Helper()
	for _, log := range logs {
		for name, ops := range log {
			reads += len(ops)
			for _, op := range ops {
				if op.Value == "" {
					continue
				}
				answers++
				w.registers[name].Reads = append(w.registers[name].Reads, op)
			}
		}
	}
	for name, r := range w.registers {
		if err := r.Check(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	return answers, reads
}
