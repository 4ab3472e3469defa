package postgresstore_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/internal/postgrestest"
	"github.com/rbac-go/rbac/internal/processtest"
	postgresstore "github.com/rbac-go/rbac/store_postgres"
)

// With a synchronous standby, whatever fails, no answer is older than
// MaxStaleness: a request sent later than MaxStaleness after a change was
// acknowledged is not answered from before the change. No acknowledged change
// is lost. All processes recover without help.
//
// RBAC_FAILOVERS sets how often all scenarios run, in CI 3 times. Without
// RBAC_FAILOVERS a part of the scenarios runs once.
func TestFailover(t *testing.T) {
	failovers(t, true, []failover{
		{"the standby is frozen", standbyFrozen, true, true},
		{"connections are cut", connectionsCut, true, false},
		{"the primary is isolated with a process, and replaced", primaryIsolated, true, false},
		{"the primary is isolated, and a process has connections to both", connectionsToBoth, true, false},
		{"the primary is frozen, replaced, and comes back", primaryFrozen, true, false},
		{"the primary is killed and replaced", primaryKilled, true, true},
		{"the primary is killed, replaced, and comes back with a change that nobody was told of", primaryAhead, true, false},
	})
}

// With an asynchronous standby all of these properties are best effort once a
// server is replaced by another server. In the end all processes agree again.
func TestFailoverAsynchronous(t *testing.T) {
	failovers(t, false, []failover{
		{"the standby is frozen", standbyFrozenAlone, true, false},
		{"connections are cut", connectionsCut, true, false},
		{"the primary is isolated with a process, and replaced", primaryIsolatedUnseen, false, false},
		{"the primary is frozen, replaced, and comes back", primaryFrozenUnseen, false, false},
		{"the primary is killed before a change is on the standby", changeLost, false, true},
	})
}

// failover is a scenario with two flags: whether MaxStaleness holds in the
// scenario, and whether the scenario runs without RBAC_FAILOVERS.
type failover struct {
	name    string
	do      func(*scenario)
	bounded bool
	always  bool
}

func failovers(t *testing.T, synchronous bool, list []failover) {
	t.Parallel()
	c := newCluster(t, synchronous)
	times := processtest.NumberFrom(t, "RBAC_FAILOVERS", 0)
	for range max(times, 1) {
		for _, f := range list {
			if times == 0 && !f.always {
				continue
			}
			c.complete(t)
			if !t.Run(f.name, func(t *testing.T) {
				s := newScenario(t, c)
				defer s.end()
				f.do(s)
				if f.bounded {
					s.bounded()
				}
				s.agree(c.primary)
			}) {
				return // the state of the cluster is unknown
			}
		}
	}
}

// While the standby is silent, no change succeeds and no request is answered:
// the standby may have been promoted.
func standbyFrozen(s *scenario) {
	a, b := s.process("a"), s.process("b")
	s.guaranteed(true)
	s.standby.Freeze(s.t)
	s.happened()
	acknowledged := make(chan struct{})
	go func() {
		defer close(acknowledged)
		a.revoke()
	}()
	each(s.processes, (*process).refuses)
	select {
	case <-acknowledged:
		s.t.Error("a change is acknowledged while the standby is frozen")
	default:
		// nor did any process see the change, after its time was up
		s.primary.Await(s.t, fmt.Sprintf("SELECT count(*) = 1 FROM %s.rbac_grants", s.schema))
	}
	s.standby.Resume(s.t)
	s.happened()
	<-acknowledged
	a.answers("denied")
	b.answers("denied")
}

// A process whose connections are cut, in any way, refuses. When the
// connections are healed, the process answers without help.
func connectionsCut(s *scenario) {
	cuts := []struct {
		name string
		cut  func(*postgrestest.Proxy)
		heal func(*postgrestest.Proxy)
	}{
		{"to the server, which gets it later", hold(postgrestest.ToServer), (*postgrestest.Proxy).Heal},
		{"to the server, for good", hold(postgrestest.ToServer), reset},
		{"from the server, it comes later", hold(postgrestest.ToClient), (*postgrestest.Proxy).Heal},
		{"from the server, for good", hold(postgrestest.ToClient), reset},
		{"both ways, it comes later", hold(postgrestest.BothWays), (*postgrestest.Proxy).Heal},
		{"both ways, for good", hold(postgrestest.BothWays), reset},
		{"broken and refused", (*postgrestest.Proxy).Refuse, (*postgrestest.Proxy).Heal},
	}
	whole := s.process("whole")
	for _, c := range cuts {
		s.process(c.name)
	}
	cut := s.processes[1:]
	for i, c := range cuts {
		c.cut(cut[i].proxy)
	}
	s.happened()
	whole.revoke()
	whole.answers("denied")
	each(cut, (*process).refuses)
	s.happened()
	for i, c := range cuts {
		c.heal(cut[i].proxy)
	}
	each(cut, func(p *process) { p.answers("denied") })
	for _, p := range cut {
		p.grant()
		p.answers("allowed")
		p.revoke()
	}
}

func hold(d postgrestest.Direction) func(*postgrestest.Proxy) {
	return func(p *postgrestest.Proxy) { p.Hold(d) }
}

func reset(p *postgrestest.Proxy) {
	p.Reset()
	p.Heal()
}

// The old primary, when resumed, still acts as primary and answers every
// process that is still connected.
func primaryFrozen(s *scenario) {
	stays, moves, named := s.process("stays"), s.process("moves"), s.process("moves when it connects anew")
	s.primary.Freeze(s.t)
	s.happened()
	s.promoted()
	moves.movesTo(s.standby)
	named.proxy.Point(s.standby)
	moves.revoke()
	moves.answers("denied")
	named.answers("denied")
	stays.refuses()
	s.primary.Resume(s.t)
	for range 2 { // gives the old primary some time to be believed
		stays.refuses()
	}
	stays.catchesUp()
}

// All acknowledged changes are on the standby, and the service continues on the
// standby.
func primaryKilled(s *scenario) {
	a, b := s.process("a"), s.process("b")
	ledger := a.keepsWriting()
	b.revoke()
	b.answers("denied")
	s.primary.Kill(s.t)
	s.happened()
	each(s.processes, (*process).refuses)
	s.promoted()
	a.movesTo(s.standby)
	b.movesTo(s.standby)
	a.answers("denied")
	b.answers("denied")
	b.grant()
	b.answers("allowed")
	if missing := ledger.compare(s.standby); len(missing) != 0 {
		s.t.Errorf("of %d changes that were acknowledged %q are missing", len(ledger.acknowledged), missing)
	}
}

// A process that is isolated together with the old primary gets answers to all
// reads from the old primary, and from the promoted replica if the process
// reads there.
func primaryIsolated(s *scenario) {
	pool, err := pgxpool.New(background, s.standby.DSN())
	must(s.t, err)
	s.t.Cleanup(pool.Close)
	stays, moves, reads := s.process("stays"), s.process("moves"), s.processWith("stays, and reads from the standby", small, pool)
	s.promoted()
	s.happened()
	moves.movesTo(s.standby)
	moves.revoke()
	moves.answers("denied")
	left := []*process{stays, reads}
	each(left, (*process).refuses)
	each(left, (*process).catchesUp)
}

// A process that reaches the new primary on new connections, and needs the
// store for every request, still has connections to the old primary.
func connectionsToBoth(s *scenario) {
	both, moves := s.processWith("both", small, nil), s.process("moves")
	s.promoted()
	s.happened()
	both.proxy.Point(s.standby)
	moves.movesTo(s.standby)
	moves.revoke()
	both.answers("denied")
	both.grant()
	each(s.processes, func(p *process) { p.answers("allowed") })
	both.revoke()
	each(s.processes, func(p *process) { p.answers("denied") })
}

// The old primary has a change that no standby received, and shows the change
// after a restart.
func primaryAhead(s *scenario) {
	s.grace = 50 * time.Millisecond
	stays, moves := s.process("stays"), s.process("moves")
	moves.revoke()
	each(s.processes, func(p *process) { p.answers("denied") })
	s.standby.Detach(s.t)
	// a slow machine may not reach the commit in time
	for err, begin := error(nil), time.Now(); !errors.Is(err, postgresstore.ErrCommitUnknown); {
		ctx, cancel := context.WithTimeout(background, 100*time.Millisecond)
		err = moves.a.Update(ctx, func(tx *rbac.Tx) error { return tx.GrantPermission(editors) })
		cancel()
		if !errors.Is(err, rbac.ErrUnavailable) || time.Since(begin) > longest {
			s.t.Fatalf("a change that no standby got: %v, want ErrCommitUnknown", err)
		}
	}
	s.primary.Kill(s.t)
	s.happened()
	s.primary.Launch(s.t)
	s.primary.Await(s.t, fmt.Sprintf("SELECT count(*) = 1 FROM %s.rbac_grants", s.schema))
	s.promoted()
	moves.movesTo(s.standby)
	moves.answers("denied")
	stays.refuses()
	stays.catchesUp()
}

// No commit waits for the standby.
func standbyFrozenAlone(s *scenario) {
	a, b := s.process("a"), s.process("b")
	s.guaranteed(false)
	s.standby.Freeze(s.t)
	s.happened()
	a.revoke()
	b.answers("denied")
	s.standby.Resume(s.t)
}

// A process that is left with the old primary continues with the data of the
// old primary, as long as the isolation lasts.
func primaryIsolatedUnseen(s *scenario) {
	stays, moves := s.process("stays"), s.process("moves")
	s.promoted()
	moves.movesTo(s.standby)
	moves.revoke()
	s.happened()
	moves.answers("denied")
	stays.await("allow it for so long", func(answer string) bool { return answer == "allowed" && s.sinceEvent() > 2*maxStaleness })
	s.t.Logf("%s: still allowed %v after the event", stays.name, s.sinceEvent())
	stays.catchesUp()
	s.guaranteed(false)
}

// The old primary, when resumed, is believed again, with its old data: an old
// yes, until the process is led to the new primary.
func primaryFrozenUnseen(s *scenario) {
	stays, moves := s.process("stays"), s.process("moves")
	s.primary.Freeze(s.t)
	s.happened()
	each(s.processes, (*process).refuses)
	s.promoted()
	moves.movesTo(s.standby)
	moves.revoke()
	moves.answers("denied")
	s.primary.Resume(s.t)
	s.happened()
	stays.await("allow it again", func(answer string) bool { return answer == "allowed" })
	s.t.Logf("%s: allowed %v after the server goes on", stays.name, s.sinceEvent())
	stays.catchesUp()
	s.guaranteed(false)
}

// Acknowledged changes can be lost, including revocations.
func changeLost(s *scenario) {
	a, b := s.process("a"), s.process("b")
	s.standby.Detach(s.t)
	ledger := a.keepsWriting()
	b.revoke()
	each(s.processes, func(p *process) { p.answers("denied") })
	s.primary.Kill(s.t)
	s.happened()
	each(s.processes, (*process).refuses)
	s.promoted()
	a.movesTo(s.standby)
	b.movesTo(s.standby)
	each(s.processes, func(p *process) { p.answers("allowed") })
	if missing := ledger.compare(s.standby); len(missing) == 0 {
		s.t.Error("nothing is missing, so it is not shown what can be")
	}
	s.guaranteed(false)
	s.agree(s.standby)
	b.revoke()
	each(s.processes, func(p *process) { p.answers("denied") })
}
