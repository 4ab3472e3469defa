package rbac_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/rbac-go/rbac/internal/processtest"
)

// Of two and of four processes on one file, one process is killed in the middle
// of its writes (SIGKILL) and started again. No login or logout that any
// process acknowledged is lost, and no Update is half made. All processes agree
// on unacknowledged calls: the process that recovers the file, the rest, and at
// the end a newly opened process.
//
// There are 12 rounds of two processes and of four; RBAC_KILLS sets another
// number, in CI 200.
func TestKilledProcess(t *testing.T) {
	for _, n := range []int{2, 4} {
		t.Run(fmt.Sprint(n, " processes"), func(t *testing.T) {
			path := officeFile(t)
			k := &killing{t: t, path: path, tickets: map[string]string{}, member: "out"}
			for range n {
				k.workers = append(k.workers, processtest.Start(t, path))
			}
			for range processtest.NumberFrom(t, "RBAC_KILLS", 12) {
				k.round()
			}
			k.verify()
		})
	}
}

// killing is a run of several processes, the first of which is killed again and
// again.
type killing struct {
	t       *testing.T
	path    string
	workers []*processtest.Worker

	mu       sync.Mutex
	tickets  map[string]string // acknowledged state: "lives" or "ended"; or "unknown"
	touched  []string          // in this round
	user     string            // logs in and out in this round: no user may do so without end
	rounds   int
	member   string // nora is "in" both groups, "out" of both, or "unknown"
	acks     int    // of the killed process, in this round
	told     int    // acknowledged, in all
	unknowns int    // not acknowledged, in all
}

// round lets all processes write, and kills the first after some
// acknowledgements.
func (k *killing) round() {
	k.touched, k.acks = nil, 0
	k.rounds++
	k.user = fmt.Sprint("user", k.rounds)
	k.workers[1].Insist("adduser", k.user)
	victim, enough := k.workers[0], rand.IntN(12)
	reached, reach := context.WithCancel(ctx)
	var stop atomic.Bool
	var writers sync.WaitGroup
	write := func(f func(*processtest.Worker) bool, w *processtest.Worker) {
		writers.Go(func() {
			for !stop.Load() && f(w) {
				k.mu.Lock()
				if w == victim {
					if k.acks++; k.acks == enough+1 {
						reach()
					}
				}
				k.mu.Unlock()
			}
		})
	}
	for range 2 {
		write(k.logInAndOut, victim)
	}
	write(k.joinOrLeave, victim)
	for _, w := range k.workers[1:] {
		write(k.logInAndOut, w)
	}
	go func() { writers.Wait(); reach() }() // in case all calls fail
	<-reached.Done()
	victim.Kill()
	stop.Store(true)
	writers.Wait()
	k.workers[0] = processtest.Start(k.t, k.path)
	k.agree()
}

// logInAndOut makes a ticket, or ends a ticket of this round, and reports false
// when the process is gone.
func (k *killing) logInAndOut(w *processtest.Worker) bool {
	if token := k.some(); token != "" && rand.IntN(2) == 0 {
		k.set(token, "unknown")
		answer, ok := w.Ask("logout", token)
		if ok && answer != "" { // acknowledged
			k.set(token, answer)
		}
		return ok
	}
	token, ok := w.Ask("issue", k.user)
	if ok && token != "" {
		// caches the ticket, unless the process is killed
		k.workers[rand.IntN(len(k.workers))].Ask("lives", token, "0")
		k.set(token, "lives")
	}
	return ok
}

// some returns a living ticket of this round that nobody else is about to end.
func (k *killing) some() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, token := range k.touched {
		if k.tickets[token] == "lives" {
			k.tickets[token] = "unknown"
			return token
		}
	}
	return ""
}

func (k *killing) set(token, what string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !slices.Contains(k.touched, token) {
		k.touched = append(k.touched, token)
	}
	k.tickets[token] = what
}

// joinOrLeave makes nora a member of two groups in one Update, or of none.
func (k *killing) joinOrLeave(w *processtest.Worker) bool {
	next := map[string]string{"in": "leave", "out": "join"}[k.member]
	k.member = "unknown"
	answer, ok := w.Ask(next, "nora", "staff", "chiefs")
	if ok && answer != "" {
		k.member = answer
	}
	return ok && answer != ""
}

// agree asks all processes about the touched records of this round, as of the
// revision that the new process has found.
func (k *killing) agree() {
	revision := k.workers[0].Insist("revision")
	first := k.report(k.workers[0], revision, k.touched)
	for i, w := range k.workers[1:] {
		if got := k.report(w, revision, k.touched); !maps.Equal(got, first) {
			k.t.Fatalf("process %d says %v; the one that was started after the kill %v", i+1, got, first)
		}
	}
	k.compare(first)
}

// report returns the answers of a process about tickets and nora.
func (k *killing) report(w *processtest.Worker, revision string, tokens []string) map[string]string {
	said := map[string]string{"nora": w.Insist("see", "nora", revision)}
	answers := make([]<-chan string, len(tokens))
	for i, token := range tokens {
		answers[i] = w.Send("lives", token, revision)
	}
	for i, token := range tokens {
		if said[token] = <-answers[i]; said[token] == "" {
			said[token] = w.Insist("lives", token, revision)
		}
	}
	return said
}

// compare compares the answers with the acknowledged calls, and learns the
// outcome of unacknowledged calls.
func (k *killing) compare(said map[string]string) {
	k.t.Helper()
	both := map[string]string{"[chiefs editors staff] [door.open post.edit]": "in", "[editors] [post.edit]": "out"}
	nora, ok := both[said["nora"]]
	if !ok {
		k.t.Fatalf("nora is %s: half of an Update", said["nora"])
	}
	k.acknowledged("nora's memberships", &k.member, nora)
	for token, what := range said {
		if token != "nora" {
			known := k.tickets[token]
			k.acknowledged("a ticket", &known, what)
			k.tickets[token] = known
		}
	}
}

func (k *killing) acknowledged(of string, known *string, said string) {
	k.t.Helper()
	switch {
	case *known == "unknown":
		k.unknowns++
		*known = said
	case *known != said:
		k.t.Fatalf("%s: acknowledged %q; found %q", of, *known, said)
	default:
		k.told++
	}
}

// verify asks about all rounds again, in all processes and in a newly opened
// process.
func (k *killing) verify() {
	tokens := slices.Collect(maps.Keys(k.tickets))
	for _, w := range k.workers {
		k.compare(k.report(w, "0", tokens))
	}
	a, closeAll, err := openFile(k.path)
	must(k.t, err)
	defer closeAll()
	said := map[string]string{"nora": processtest.Serve(a, "see", "nora", "0")}
	for _, token := range tokens {
		said[token] = processtest.Serve(a, "lives", token, "0")
	}
	k.compare(said)
	must(k.t, a.View(ctx, processtest.GapFree))
	k.t.Logf("%d tickets; %d answers as acknowledged, %d of what was not", len(tokens), k.told, k.unknowns)
	if k.unknowns == 0 {
		k.t.Error("nothing was killed in the middle of a write")
	}
}
