package postgresstore_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/internal/postgrestest"
	"github.com/rbac-go/rbac/internal/processtest"
	postgresstore "github.com/rbac-go/rbac/store_postgres"
)

// cluster is a primary and the standby that follows it.
type cluster struct {
	synchronous       bool // commits wait for the standby
	primary, standby  *postgrestest.Server
	replaced          *postgrestest.Server // the previous primary
	standbys, schemas int
}

func newCluster(t *testing.T, synchronous bool) *cluster {
	return &cluster{synchronous: synchronous, primary: postgrestest.Start(t, "fsync=off")}
}

// complete makes a standby if the cluster has none. The standby ends with the
// test and is kept for later scenarios. A promoted standby is the primary of
// later scenarios.
func (c *cluster) complete(t *testing.T) {
	t.Helper()
	if c.standby != nil {
		return
	}
	if c.replaced != nil {
		c.replaced.Kill(t)
	}
	c.standbys++
	name := fmt.Sprint("standby", c.standbys)
	c.standby = c.primary.Standby(t, name)
	if c.synchronous {
		c.primary.Synchronous(t, name)
	}
}

// scenario is a sequence of events on a cluster, with processes that are asked
// continuously.
type scenario struct {
	t         *testing.T
	cluster   *cluster
	primary   *postgrestest.Server
	standby   *postgrestest.Server
	schema    string
	processes []*process
	tokens    [2]rbac.Token // of amy
	grace     time.Duration // for commits whose context has ended; zero: the default
	started   time.Time
	event     atomic.Int64 // end of the last event, the origin of measurements
	stop      atomic.Bool
	asking    sync.WaitGroup

	mu    sync.Mutex
	right processtest.Register // whether amy may edit
}

// newScenario makes a right for amy, and issues her tickets.
func newScenario(t *testing.T, c *cluster) *scenario {
	c.schemas++
	s := &scenario{t: t, cluster: c, primary: c.primary, standby: c.standby, schema: fmt.Sprint("rbac", c.schemas), started: time.Now(),
		right: processtest.Register{Initial: "allowed"}}
	first := s.open(s.primary.DSN(), rbac.Config{}, nil)
	must(t, first.Update(background, func(tx *rbac.Tx) error {
		_, err := tx.AddPermission(rbac.Permission{Name: "edit"})
		_, err1 := tx.AddGroup(rbac.Group{Name: "editors"})
		_, err2 := tx.AddUser(rbac.User{Name: "amy"})
		return errors.Join(err, err1, err2, tx.GrantPermission(editors), tx.AssignUser(rbac.Membership{User: "amy", Group: "editors"}))
	}))
	for i := range s.tokens {
		var err error
		s.tokens[i], err = first.Issue(background, rbac.Login{User: "amy"})
		must(t, err)
	}
	s.replicated()
	return s
}

// replicated waits until the standby has replayed all changes of the primary.
// Asynchronous commits do not wait for replay.
func (s *scenario) replicated() {
	s.t.Helper()
	conn, err := pgx.Connect(background, s.primary.DSN())
	must(s.t, err)
	defer conn.Close(background)
	var written string
	must(s.t, conn.QueryRow(background, "SELECT pg_current_wal_insert_lsn()::text").Scan(&written))
	s.standby.Await(s.t, fmt.Sprintf("SELECT pg_last_wal_replay_lsn() >= '%s'", written))
}

var editors = rbac.Grant{Group: "editors", Permission: "edit"}

// open makes an Authority. The Authority ends with the test.
func (s *scenario) open(dsn string, cfg rbac.Config, replica *pgxpool.Pool) *rbac.Authority {
	s.t.Helper()
	store := mustOpen(s.t, dsn, postgresstore.Options{Schema: s.schema, Replica: replica})
	if s.grace > 0 {
		store.SetCommitGrace(s.grace)
	}
	cfg.Logger, cfg.MaxStaleness = discard, maxStaleness
	a, err := rbac.Open(background, store, cfg)
	// on a busy machine, the first answers can take longer than a lease
	for range 100 {
		if !errors.Is(err, rbac.ErrUnavailable) {
			break
		}
		a, err = rbac.Open(background, store, cfg)
	}
	must(s.t, err)
	s.t.Cleanup(func() { a.Close() })
	return a
}

// process is an Authority with its own store and address, like a process of its
// own.
type process struct {
	s          *scenario
	name       string
	proxy      *postgrestest.Proxy
	a          *rbac.Authority
	asked      atomic.Int64
	lastAnswer atomic.Int64 // start of the last answered request
}

// process starts a process, and asks the process until the scenario ends.
func (s *scenario) process(name string) *process { return s.processWith(name, rbac.Config{}, nil) }

// small disables nearly all caching, so that each request needs the store.
var small = rbac.Config{CachedTickets: 1, CachedUsers: 1}

func (s *scenario) processWith(name string, cfg rbac.Config, replica *pgxpool.Pool) *process {
	p := &process{s: s, name: name, proxy: postgrestest.NewProxy(s.t, s.primary)}
	p.a = s.open(p.proxy.DSN(), cfg, replica)
	s.processes = append(s.processes, p)
	p.await("answer", func(answer string) bool { return answer == "allowed" })
	for range 2 {
		s.asking.Go(func() {
			// leaves CPU time for others
			for pause := time.NewTicker(time.Millisecond); !s.stop.Load(); <-pause.C {
				p.ask()
			}
		})
	}
	return p
}

// end stops all requests.
func (s *scenario) end() {
	s.stop.Store(true)
	s.asking.Wait()
}

func (s *scenario) now() int64 { return int64(time.Since(s.started)) } // by the monotonic clock

// happened sets the origin of measurements.
func (s *scenario) happened() { s.event.Store(s.now()) }

func (s *scenario) sinceEvent() time.Duration {
	return time.Duration(s.now() - s.event.Load()).Round(time.Millisecond)
}

// ask asks for the right, and records the answer.
func (p *process) ask() string {
	begin := p.s.now()
	token := p.s.tokens[p.asked.Add(1)%2]
	answer := mayEdit(p.s.t, p.a.Judge(background, token, rbac.HasPermission("edit")))
	if answer == "" {
		return ""
	}
	for last := p.lastAnswer.Load(); begin > last && !p.lastAnswer.CompareAndSwap(last, begin); last = p.lastAnswer.Load() {
	}
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	// an answer may be MaxStaleness old
	p.s.right.Reads = append(p.s.right.Reads, processtest.Operation{Begin: begin - int64(maxStaleness), End: p.s.now(), Value: answer})
	return answer
}

// noAnswer reports whether an error is no answer.
func noAnswer(err error) bool {
	return errors.Is(err, rbac.ErrUnavailable) || errors.Is(err, rbac.ErrBusy)
}

// mayEdit returns the meaning of an error. ErrUnavailable and ErrBusy have no
// meaning.
func mayEdit(t *testing.T, err error) string {
	switch {
	case err == nil:
		return "allowed"
	case noAnswer(err):
		return ""
	case errors.Is(err, rbac.ErrDenied):
		return "denied"
	case errors.Is(err, rbac.ErrNoTicket):
		return "ended"
	}
	t.Errorf("Judge: %v", err)
	return err.Error()
}

// refuses waits until a process stops answering. No request that was sent later
// than MaxStaleness after the event may be answered.
func (p *process) refuses() {
	p.s.t.Helper()
	p.await("refuse", func(answer string) bool { return answer == "" })
	refused := p.s.sinceEvent()
	last := time.Duration(p.lastAnswer.Load() - p.s.event.Load())
	if last > maxStaleness {
		p.s.t.Errorf("%s answered a request that was sent %v after the event; MaxStaleness is %v", p.name, last, maxStaleness)
	}
	p.s.t.Logf("%s: the last answer to a request %v after the event, ErrUnavailable by %v", p.name, last.Round(time.Millisecond), refused)
}

// each runs do for all processes concurrently.
func each(processes []*process, do func(*process)) {
	var group sync.WaitGroup
	for _, p := range processes {
		group.Go(func() { do(p) })
	}
	group.Wait()
}

// answers waits until a process returns the wanted answer without help.
func (p *process) answers(want string) {
	p.s.t.Helper()
	p.await("answer "+want, func(answer string) bool { return answer == want })
	p.s.t.Logf("%s: %s %v after the event", p.name, want, p.s.sinceEvent())
}

func (p *process) await(what string, good func(answer string) bool) {
	p.s.t.Helper()
	for begin := time.Now(); !good(p.ask()); {
		if time.Since(begin) > longest {
			p.s.t.Errorf("%s does not %s after %v", p.name, what, longest)
			return
		}
	}
}

// revoke and grant repeat a change on a process until the change is
// acknowledged.
func (p *process) revoke() {
	p.change("denied", rbac.ErrNotFound, func(tx *rbac.Tx) error { return tx.RevokePermission(editors) })
}

func (p *process) grant() {
	p.change("allowed", rbac.ErrExists, func(tx *rbac.Tx) error { return tx.GrantPermission(editors) })
}

func (p *process) change(value string, there error, f func(*rbac.Tx) error) {
	p.s.t.Helper()
	begin := p.s.now()
	for err := errors.New("not yet"); err != nil && !errors.Is(err, there); {
		ctx, cancel := context.WithTimeout(background, maxStaleness)
		err = p.a.Update(ctx, f)
		cancel()
		if err != nil && !noAnswer(err) && !errors.Is(err, there) || time.Duration(p.s.now()-begin) > longest {
			p.s.t.Errorf("%s: %v", p.name, err)
			return
		}
	}
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	p.s.right.Writes = append(p.s.right.Writes, processtest.Operation{Begin: begin, End: p.s.now(), Value: value})
	p.s.t.Logf("%s: %s is acknowledged %v after the event", p.name, value, p.s.sinceEvent())
}

// movesTo leads a process to another server, and breaks the connections to the
// old server.
func (p *process) movesTo(server *postgrestest.Server) {
	p.proxy.Point(server)
	p.proxy.Reset()
}

// catchesUp leads a process that was left behind to the new primary, where the
// right has been revoked, and waits until the process denies.
func (p *process) catchesUp() {
	p.s.t.Helper()
	p.movesTo(p.s.standby)
	p.s.happened()
	p.answers("denied")
}

// promoted promotes the standby, and makes the standby the primary of later
// scenarios.
func (s *scenario) promoted() {
	s.t.Helper()
	s.standby.Promote(s.t)
	s.cluster.replaced, s.cluster.primary, s.cluster.standby = s.primary, s.standby, nil
}

// bounded checks that no answer was older than MaxStaleness. bounded waits for
// at least 500 answers, because a slow machine takes longer.
func (s *scenario) bounded() {
	s.t.Helper()
	for begin := time.Now(); s.answers() < 500; time.Sleep(time.Millisecond) {
		if time.Since(begin) > longest {
			s.t.Errorf("%d answers are too few to prove anything", s.answers())
			break
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.right.Regular(); err != nil {
		s.t.Error(err)
	}
}

// answers returns the number of answers.
func (s *scenario) answers() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.right.Reads)
}

// guaranteed checks that all processes, or no process, guarantee a bound.
func (s *scenario) guaranteed(want bool) {
	s.t.Helper()
	for _, p := range s.processes {
		if g := p.a.Guarantee(); g.Bounded != want || g.Reason == "" {
			s.t.Errorf("%s guarantees %+v, want bounded: %t, and a reason", p.name, g, want)
		}
	}
}

// agree checks that all processes give the answers of a new process.
func (s *scenario) agree(server *postgrestest.Server) {
	s.t.Helper()
	fresh := s.open(server.DSN(), rbac.Config{}, nil)
	for _, request := range []string{"see amy 0", "judge " + s.tokens[0].Secret() + ` has_permission("edit")`} {
		want := processtest.Serve(fresh, strings.Fields(request)...)
		for _, p := range s.processes {
			got := ""
			p.await("agree", func(string) bool {
				got = processtest.Serve(p.a, strings.Fields(strings.Replace(request, "amy 0", "amy "+fresh.Revision().String(), 1))...)
				return got != ""
			})
			if got != want {
				s.t.Errorf("%s: %s: %q; one that is new says %q", p.name, request, got, want)
			}
		}
	}
}
