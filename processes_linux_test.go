package rbac_test

import (
	"bytes"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/rbac-go/rbac/internal/processtest"
)

// editing is a predicate as workers are asked about it.
const editing = `has_permission("post.edit")`

// maxStaleness is the default of Config.MaxStaleness, which the workers have.
const maxStaleness = time.Second

// Of two and of four processes on one file one is stopped for longer than the
// lease, while another changes what the stopped one has in memory. No request
// that was sent later than MaxStaleness after the change was acknowledged is
// answered from before it: not by the one that was stopped, which finds the
// requests when it wakes, and not by the others. Those sent to the process that
// made the change see it at once.
//
// That the lease runs out is what this test is about, so it waits for that in
// real time.
func TestStoppedProcess(t *testing.T) {
	for _, n := range []int{2, 4} {
		t.Run(fmt.Sprint(n, " processes"), func(t *testing.T) {
			t.Parallel()
			path := officeFile(t)
			s := &stoppage{t: t, started: time.Now(), right: processtest.Register{Initial: "allowed"}, tickets: map[string]*processtest.Register{}}
			for range n {
				s.workers = append(s.workers, processtest.Start(t, path))
			}
			s.tok = s.logIn()
			var load sync.WaitGroup
			var stop atomic.Bool
			for _, w := range s.workers {
				load.Go(func() {
					for !stop.Load() {
						s.judge(w, s.send(w, "judge", s.tok, editing))
					}
				})
			}
			for round := range 4 {
				s.round(round)
			}
			stop.Store(true)
			load.Wait()
			s.verify()
		})
	}
}

// stoppage is what happens to a number of processes, the second of which is
// stopped; the first makes the changes.
type stoppage struct {
	t       *testing.T
	workers []*processtest.Worker
	tok     string
	started time.Time

	mu      sync.Mutex
	right   processtest.Register // whether the ticket of amy's gives post.edit
	tickets map[string]*processtest.Register
	awake   int // answers of the one that was stopped to what was sent before it woke
	none    int
}

// request is one that was sent, and when.
type request struct {
	sent   time.Duration
	answer <-chan string
}

func (s *stoppage) now() time.Duration { return time.Since(s.started) } // by the monotonic clock

func (s *stoppage) send(w *processtest.Worker, words ...string) request {
	return request{s.now(), w.Send(words...)}
}

// judge waits for the answer and notes it.
func (s *stoppage) judge(w *processtest.Worker, r request) (answer string) {
	return s.note(&s.right, w, r)
}

func (s *stoppage) note(of *processtest.Register, w *processtest.Worker, r request) string {
	answer := <-r.answer
	if answer == "" { // ErrUnavailable is no answer
		s.mu.Lock()
		defer s.mu.Unlock()
		s.none++
		return answer
	}
	begin := r.sent
	if w != s.workers[0] {
		begin -= maxStaleness // so old it may be
	}
	op := processtest.Operation{Begin: int64(begin), End: int64(s.now()), Value: answer}
	s.mu.Lock()
	defer s.mu.Unlock()
	of.Reads = append(of.Reads, op)
	return answer
}

// write has the first process make a change.
func (s *stoppage) write(of *processtest.Register, words ...string) {
	begin := s.now()
	answer, _ := s.workers[0].Ask(words...)
	s.mu.Lock()
	defer s.mu.Unlock()
	of.Writes = append(of.Writes, processtest.Operation{Begin: int64(begin), End: int64(s.now()), Value: answer})
}

func (s *stoppage) logIn() (token string) {
	token, _ = s.workers[0].Ask("login", "amy")
	// from now on, wherever it is asked about
	s.tickets[token] = &processtest.Register{Initial: "lives"}
	return token
}

func (s *stoppage) round(n int) {
	stopped := s.workers[1]
	old := s.logIn()
	for _, w := range s.workers { // all have it in memory
		s.note(s.tickets[old], w, s.send(w, "lives", old, "0"))
		s.judge(w, s.send(w, "judge", s.tok, editing))
	}
	must(s.t, stopped.Process().Signal(syscall.SIGSTOP))
	waitStopped(s.t, stopped.Process().Pid)
	if n%2 == 0 { // which makes others read everything anew
		s.write(&s.right, []string{"revoke", "grant"}[n/2%2], "editors", "post.edit")
	} else {
		s.write(s.tickets[old], "logout", old)
	}
	newer := s.logIn()
	// the lease of the stopped one runs out; the others are asked all the time
	time.Sleep(maxStaleness + time.Millisecond)
	var rights, olds, newers []request
	for range 20 {
		rights = append(rights, s.send(stopped, "judge", s.tok, editing))
		olds = append(olds, s.send(stopped, "lives", old, "0"))
		newers = append(newers, s.send(stopped, "lives", newer, "0"))
	}
	must(s.t, stopped.Process().Signal(syscall.SIGCONT))
	for i := range rights {
		for _, answer := range []string{s.judge(stopped, rights[i]), s.note(s.tickets[old], stopped, olds[i]), s.note(s.tickets[newer], stopped, newers[i])} {
			if answer != "" {
				s.awake++
			}
		}
	}
	for s.judge(stopped, s.send(stopped, "judge", s.tok, editing)) == "" { // until it answers again
	}
}

func (s *stoppage) verify() {
	if err := s.right.Regular(); err != nil {
		s.t.Errorf("the right: %v", err)
	}
	for _, r := range s.tickets {
		if err := r.Regular(); err != nil {
			s.t.Errorf("a ticket: %v", err)
		}
	}
	s.t.Logf("%d answers, %d of them on waking; %d times none", len(s.right.Reads), s.awake, s.none)
	if s.awake == 0 || len(s.right.Reads) < 100 {
		s.t.Error("too few answers to prove anything")
	}
}

// waitStopped waits until a process is stopped, as /proc tells.
func waitStopped(t *testing.T, pid int) {
	t.Helper()
	for {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		must(t, err)
		if _, state, ok := bytes.Cut(stat, []byte(") ")); ok && bytes.HasPrefix(state, []byte("T")) {
			return
		}
		time.Sleep(time.Millisecond)
	}
}
