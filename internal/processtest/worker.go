// Package processtest gives tests other processes with an Authority on the same store, and checks
// what was heard from them.
//
//	func TestWorkerProcess(t *testing.T) { processtest.Work(t, open) } // what such a process runs
//
//	w := processtest.Start(t, store)
//	answer, ok := w.Ask("judge", token, `has_permission("post.edit")`)
//
// All times are those of the one process that asks, so no clocks are compared.
package processtest

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// Worker is another process with an Authority. It gets requests by a pipe, a line each, and answers each when it
// is done with it. It is safe for concurrent use.
type Worker struct {
	cmd  *exec.Cmd
	in   io.WriteCloser
	mu   sync.Mutex
	next int
	open map[string]chan string // requests without answer; nil when the process is gone
}

// storeOf names the store in the environment of a worker.
const storeOf = "RBAC_TEST_WORKER"

// Start starts this test binary again and waits until it has opened the store. The process ends with the test.
func Start(t testing.TB, store string) *Worker {
	t.Helper()
	w := &Worker{cmd: exec.Command(os.Args[0], "-test.run=^TestWorkerProcess$"), open: map[string]chan string{}}
	w.cmd.Env = append(os.Environ(), storeOf+"="+store)
	w.cmd.Stderr = os.Stderr
	in, err := w.cmd.StdinPipe()
	must(t, err)
	out, err := w.cmd.StdoutPipe()
	must(t, err)
	w.in = in
	must(t, w.cmd.Start())
	t.Cleanup(w.Kill)
	go w.listen(out)
	if answer, ok := w.Ask("revision"); !ok {
		t.Fatal("a worker does not start: ", answer)
	}
	return w
}

// listen hands answers out until the process ends.
func (w *Worker) listen(out io.Reader) {
	for lines := bufio.NewScanner(out); lines.Scan(); {
		id, answer, _ := strings.Cut(lines.Text(), " ")
		w.mu.Lock()
		if c := w.open[id]; c != nil {
			c <- answer
			delete(w.open, id)
		}
		w.mu.Unlock()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.open {
		close(c)
	}
	w.open = nil
}

// Send makes a request, of words without spaces. The channel is closed without an answer when the process ends before it.
func (w *Worker) Send(words ...string) <-chan string {
	c := make(chan string, 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.open == nil {
		close(c)
		return c
	}
	w.next++
	id := fmt.Sprint(w.next)
	w.open[id] = c
	fmt.Fprintln(w.in, id, strings.Join(words, " ")) // where it fails the process is gone
	return c
}

// Ask makes a request and waits for its answer, which is empty for ErrUnavailable; ok is false when the process is gone.
func (w *Worker) Ask(words ...string) (answer string, ok bool) {
	answer, ok = <-w.Send(words...)
	return answer, ok
}

// Insist asks again where the answer is ErrUnavailable, as on a machine that is too busy.
func (w *Worker) Insist(words ...string) string {
	answer, ok := w.Ask(words...)
	for ok && answer == "" {
		answer, ok = w.Ask(words...)
	}
	return answer
}

// Process is the worker as the system sees it.
func (w *Worker) Process() *os.Process { return w.cmd.Process }

// Kill ends the process with SIGKILL.
func (w *Worker) Kill() {
	w.cmd.Process.Kill()
	w.cmd.Wait()
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// NumberFrom is the value of an environment variable, if it is set.
func NumberFrom(t testing.TB, variable string, otherwise int) int {
	t.Helper()
	s := os.Getenv(variable)
	if s == "" {
		return otherwise
	}
	n, err := strconv.Atoi(s)
	must(t, err)
	return n
}
