package postgresstore_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/internal/postgrestest"
	"github.com/rbac-go/rbac/internal/processtest"
	"github.com/rbac-go/rbac/store"
	postgresstore "github.com/rbac-go/rbac/store_postgres"
)

// maxStaleness is the default of Config.MaxStaleness, which the workers have.
const maxStaleness = time.Second

// cheap is the cost of a password hash in tests.
var cheap = rbac.Argon2id{MemoryKiB: 8, Time: 1, Threads: 1}

// background is the context of calls that outlive a test.
var background = rbac.WithActor(context.Background(), "test")

// TestWorkerProcess is the body of the processes that tests start.
func TestWorkerProcess(t *testing.T) { processtest.Work(t, openDSN) }

// withoutHints follows the DSN of a worker without hints.
const withoutHints = " (no hints)"

// unhinted is a store without hints.
type unhinted struct {
	rbac.Store
	store.HeadReader
	store.Confirmer
	store.Finder
}

func openDSN(dsn string) (*rbac.Authority, func(), error) {
	dsn, quiet := strings.CutSuffix(dsn, withoutHints)
	s, err := postgresstore.Open(background, dsn, postgresstore.Options{})
	if err != nil {
		return nil, nil, err
	}
	store := rbac.Store(s)
	if quiet {
		store = unhinted{s, s, s, s}
	}
	a, err := rbac.Open(background, store, rbac.Config{Logger: discard, Argon2id: cheap, MaxStaleness: maxStaleness})
	if err != nil {
		return nil, nil, errors.Join(err, s.Close())
	}
	return a, func() { a.Close(); s.Close() }, nil
}

// Four processes use one server. Each process adds and deletes rights,
// memberships, tickets, separation sets, delegations, groups and users, and logs
// users in and out, while all processes are asked about everything. A fifth
// process only reads: it changes nothing, gets no hints, and is asked about one
// desk, so that almost nothing but its own polls makes the process read the
// store. No request that was sent later than MaxStaleness after a change was
// acknowledged is answered from before the change. No request to the process
// that made the change is answered from before the change at all, and neither
// is a question about a delegation to any process. At the end all processes
// agree, also with a new Authority.
//
// Each writer makes one round of changes on one server, and a reader pauses for
// a millisecond after each answer. RBAC_ROUNDS sets another number of rounds,
// in CI 20. With RBAC_ROUNDS the readers do not pause, and the whole test also
// runs with a synchronous standby.
func TestFourProcesses(t *testing.T) {
	t.Parallel()
	rounds := processtest.NumberFrom(t, "RBAC_ROUNDS", 0)
	t.Run("on one server", func(t *testing.T) { newOffice(t, postgrestest.InSchema(t), 4).work(rounds) })
	t.Run("with a synchronous standby", func(t *testing.T) {
		if rounds == 0 {
			t.Skip("RBAC_ROUNDS is not set")
		}
		primary := postgrestest.Start(t, "fsync=off")
		primary.Standby(t, "standby")
		primary.Synchronous(t, "standby")
		newOffice(t, primary.DSN(), 4).work(rounds)
	})
}

// work lets all processes change and be asked, until the writers are done and
// there are enough answers.
func (o *office) work(rounds int) {
	rest := time.Duration(0)
	if rounds == 0 {
		rounds, rest = 1, time.Millisecond
	}
	var writers, readers sync.WaitGroup
	var stop atomic.Bool
	ask := func(w *processtest.Worker, about []*desk) {
		for range 2 {
			readers.Go(func() {
				for !stop.Load() {
					o.read(w, about[rand.IntN(len(about))])
					time.Sleep(rest)
				}
			})
		}
	}
	for _, w := range o.workers {
		ask(w, o.desks)
	}
	ask(o.onlooker, o.desks[:1])
	for _, d := range o.desks {
		writers.Go(func() { d.write(rounds) })
	}
	for i := range o.workers {
		writers.Go(func() { o.visits(i, rounds) })
	}
	writers.Go(func() { o.races(rounds) })
	writers.Wait()
	for begin := time.Now(); o.answered() < 2000 && time.Since(begin) < longest; time.Sleep(time.Millisecond) {
	}
	stop.Store(true)
	readers.Wait()
	o.verify()
	o.agree()
}

// office is a number of processes, with all their answers.
type office struct {
	t        *testing.T
	dsn      string
	workers  []*processtest.Worker // the writers
	onlooker *processtest.Worker   // is asked about the first desk
	desks    []*desk
	started  time.Time

	mu        sync.Mutex
	registers map[string]*processtest.Register
	// delay from the acknowledgement of a loss, in the policy or of a user,
	// until another process knew of the loss
	elsewhere map[string][]time.Duration
	answers   int
	none      int
}

func newOffice(t *testing.T, dsn string, processes int) *office {
	o := &office{t: t, dsn: dsn, started: time.Now(), registers: map[string]*processtest.Register{}, elsewhere: map[string][]time.Duration{}}
	o.furnish(2 * processes)
	for range processes {
		o.workers = append(o.workers, processtest.Start(t, o.dsn+"&pool_max_conns=6"))
	}
	o.onlooker = processtest.Start(t, o.dsn+"&pool_max_conns=6"+withoutHints)
	for i := range 2 * processes {
		d := &desk{o: o, i: i, owner: o.workers[i%processes], others: slices.Delete(slices.Clone(o.workers), i%processes, i%processes+1)}
		o.desks = append(o.desks, d)
		o.register(d.name("right"), "allowed")
		o.register(d.name("both"), "allowed")
		o.register(d.name("assigns"), "allowed")
		d.logIn()
	}
	o.desks[0].others = append(o.desks[0].others, o.onlooker)
	return o
}

// furnish makes, for each desk, a user with a right and a user with two groups,
// and the records for visits and races.
func (o *office) furnish(desks int) {
	a, closeAll, err := openDSN(o.dsn)
	must(o.t, err)
	defer closeAll()
	hash, err := a.HashPassword(background, processtest.Password)
	must(o.t, err)
	for i := range desks {
		d := &desk{i: i}
		must(o.t, a.Update(background, func(tx *rbac.Tx) error {
			_, err := tx.AddPermission(rbac.Permission{Name: d.name("right")})
			return err
		}))
		o.serve(a, "adduser", d.name("user"))
		o.serve(a, "adduser", d.name("pair"))
		o.serve(a, "addgroup", d.name("group"), d.name("right"), d.name("user"))
		o.serve(a, "addgroup", d.name("left"), d.name("right"), d.name("pair"))
		o.serve(a, "addgroup", d.name("other"), d.name("right"), d.name("pair"))
		o.serve(a, "adduser", d.name("lead"))
		o.serve(a, "addgroup", d.name("leads"), d.name("right"), d.name("lead"))
		o.serve(a, "delegate", d.name("leads"), d.name("left"))
	}
	o.serve(a, "adduser", "visitor")
	o.serve(a, "adduser", "racer")
	must(o.t, a.Update(background, func(tx *rbac.Tx) error {
		err := tx.SetPasswordHash("visitor", hash)
		for _, name := range []string{"makers", "checkers"} {
			_, err1 := tx.AddGroup(rbac.Group{Name: name})
			err = errors.Join(err, err1)
		}
		return errors.Join(err, tx.CreateSSDSet(rbac.SeparationSet{Name: "four eyes", Cardinality: 2, Groups: []string{"makers", "checkers"}}))
	}))
}

func (o *office) serve(a *rbac.Authority, words ...string) {
	o.t.Helper()
	if answer := processtest.Serve(a, words...); !slices.Contains(done, answer) {
		o.t.Fatalf("%q: %q", words, answer)
	}
}

// done holds the answers to successful changes.
var done = []string{"allowed", "denied", "in", "out", "there", "gone", "apart", "together", "ended"}

func (o *office) now() int64 { return int64(time.Since(o.started)) } // by the monotonic clock

func (o *office) register(name, initial string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.registers[name] = &processtest.Register{Initial: initial}
}

// wrote records that a request, started at begin, has set the values of
// registers.
func (o *office) wrote(begin int64, values map[string]string) {
	end := o.now()
	o.mu.Lock()
	defer o.mu.Unlock()
	for name, value := range values {
		r := o.registers[name]
		r.Writes = append(r.Writes, processtest.Operation{Begin: begin, End: end, Value: value})
	}
}

// ask asks a process for the value of a register. The writer of the register is
// the same process or another.
func (o *office) ask(w, writer *processtest.Worker, register string, words ...string) string {
	op := processtest.Operation{Begin: o.now()}
	if w != writer {
		op.Begin -= int64(maxStaleness) // an answer may be MaxStaleness old
	}
	op.Value, _ = w.Ask(words...)
	op.End = o.now()
	o.mu.Lock()
	defer o.mu.Unlock()
	if op.Value == "" { // ErrUnavailable is no answer
		o.none++
		return ""
	}
	o.answers++
	o.registers[register].Reads = append(o.registers[register].Reads, op)
	return op.Value
}

// read asks a process a random question about a desk.
func (o *office) read(w *processtest.Worker, d *desk) {
	things := d.things()
	thing := things[rand.IntN(len(things))]
	writer := d.owner
	switch {
	case thing.current && w == o.onlooker:
		return // the onlooker learns from its own polls
	case thing.current:
		writer = w
	}
	o.ask(w, writer, thing.register, thing.words...)
}

// visits logs in with a password at one process and out at another, and asks a
// third process.
func (o *office) visits(i, rounds int) {
	in, out, asked := o.workers[i], o.workers[(i+1)%len(o.workers)], o.workers[(i+2)%len(o.workers)]
	for round := range rounds {
		name := fmt.Sprint("visit ", i, " ", round)
		token := in.Insist("login", "visitor")
		o.register(name, "lives")
		o.ask(asked, out, name, "lives", token, "0")
		begin := o.now()
		out.Insist("logout", token)
		o.wrote(begin, map[string]string{name: "ended"})
		o.lost(ofUser, out, []*processtest.Worker{in, asked}, name, "ended", "lives", token, "0")
	}
}

// The kinds of losses. Losses in the policy are sent as hints to all processes
// except the onlooker.
const (
	inPolicy  = "in the policy"
	ofUser    = "of a user"
	delegated = "of a delegation"
	untold    = "without hints"
)

// lost measures how long other processes take to know of a loss.
func (o *office) lost(kind string, writer *processtest.Worker, others []*processtest.Worker, register, value string, words ...string) {
	acknowledged := o.now()
	var group sync.WaitGroup
	for _, w := range others {
		group.Go(func() {
			for o.ask(w, writer, register, words...) != value && !o.t.Failed() {
				if o.now()-acknowledged > int64(longest) {
					o.t.Errorf("%s is not known to be %s after %v", register, value, longest)
				}
			}
			o.mu.Lock()
			defer o.mu.Unlock()
			how := kind
			if w == o.onlooker {
				how = untold
			}
			o.elsewhere[how] = append(o.elsewhere[how], time.Duration(o.now()-acknowledged))
		})
	}
	group.Wait()
}

// races assigns one user to two groups that a set separates, at two processes
// concurrently: one assignment is refused.
func (o *office) races(rounds int) {
	for range rounds {
		order := rand.Perm(len(o.workers))
		w, v := o.workers[order[0]], o.workers[order[1]]
		first, second := w.Send("join", "racer", "makers"), v.Send("join", "racer", "checkers")
		answers := []string{<-first, <-second}
		if in := slices.Index(answers, "in"); !slices.Contains(answers, "") && (in < 0 || answers[1-in] != "out") {
			o.t.Errorf("two assignments that a set keeps apart, at once: %q; want one that is made and one that is refused", answers)
		}
		w.Insist("leave", "racer", "makers")
		w.Insist("leave", "racer", "checkers")
	}
}

func (o *office) answered() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.answers
}

func (o *office) verify() {
	for name, r := range o.registers {
		if err := r.Regular(); err != nil {
			o.t.Errorf("%s: %v", name, err)
		}
	}
	o.t.Logf("%d answers, %d times none", o.answers, o.none)
	for kind, after := range o.elsewhere {
		slices.Sort(after)
		n := len(after)
		o.t.Logf("a loss %s was known elsewhere after %v (median), %v (99 of 100), %v (the last), of %d", kind, after[n/2], after[n*99/100], after[n-1], n)
	}
	if o.answers < 2000 {
		o.t.Error("too few answers to prove anything")
	}
}

// agree asks all processes, and a new Authority, for the groups and permissions
// of each user.
func (o *office) agree() {
	a, closeAll, err := openDSN(o.dsn)
	must(o.t, err)
	defer closeAll()
	must(o.t, a.View(background, processtest.GapFree))
	users := []string{"visitor", "racer"}
	for _, d := range o.desks {
		users = append(users, d.name("user"), d.name("pair"), d.name("lead"))
	}
	for _, user := range users {
		want := processtest.Serve(a, "see", user, "0")
		for i, w := range append(slices.Clone(o.workers), o.onlooker) {
			if got := w.Insist("see", user, a.Revision().String()); got != want {
				o.t.Errorf("%s: process %d sees %s; one that is new %s", user, i, got, want)
			}
		}
	}
}
