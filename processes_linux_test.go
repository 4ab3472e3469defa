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

// editing is a predicate for the questions to workers.
const editing = `has_permission("post.edit")`

// maxStaleness is the default of Config.MaxStaleness, which the workers use.
const maxStaleness = time.Second

// Of two and of four processes on one file, one process is stopped for longer
// than the lease, while another process changes records in the cache of the
// stopped process. No request that was sent later than MaxStaleness after the
// acknowledgement of the change is answered from before the change: not by the
// stopped process, which finds the requests when it wakes, and not by the rest.
// Requests to the process that made the change see the change at once.
//
// The test is about the end of the lease, and therefore waits for the end in
// real time.
func TestStoppedProcess(t *testing.T) {
	t.Parallel()
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

// stoppage is a run of several processes, the second of which is stopped; the
// first process makes the changes.
type stoppage struct {
	t       *testing.T
	workers []*processtest.Worker
	tok     string
	started time.Time

	mu      sync.Mutex
	right   processtest.Register // whether amy's ticket grants post.edit
	tickets map[string]*processtest.Register
	awake   int // answers of the stopped process to requests sent before it woke
	none    int
}

// request is a request with the time of sending.
type request struct {
	sent   time.Duration
	answer <-chan string
}

func (s *stoppage) now() time.Duration { return time.Since(s.started) } // by the monotonic clock

func (s *stoppage) send(w *processtest.Worker, words ...string) request {
	return request{s.now(), w.Send(words...)}
}

// judge waits for the answer and notes the answer.
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
		begin -= maxStaleness // the permitted staleness
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
	s.tickets[token] = &processtest.Register{Initial: "lives"} // asked about everywhere from now on
	return token
}

func (s *stoppage) round(n int) {
	stopped := s.workers[1]
	old := s.logIn()
	for _, w := range s.workers { // all processes cache the ticket
		s.note(s.tickets[old], w, s.send(w, "lives", old, "0"))
		s.judge(w, s.send(w, "judge", s.tok, editing))
	}
	must(s.t, stopped.Process().Signal(syscall.SIGSTOP))
	waitStopped(s.t, stopped.Process().Pid)
	if n%2 == 0 { // makes other processes reload everything
		s.write(&s.right, []string{"revoke", "grant"}[n/2%2], "editors", "post.edit")
	} else {
		s.write(s.tickets[old], "logout", old)
	}
	newer := s.logIn()
	// the lease of the stopped process ends; the rest are asked all the time
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
	// until the process answers again
	for s.judge(stopped, s.send(stopped, "judge", s.tok, editing)) == "" {
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

// waitStopped waits until a process is stopped, according to /proc.
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
