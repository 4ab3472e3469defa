// Package processtest gives tests other processes with an Authority on the same
// store, and checks the answers of these processes.
//
//	func TestWorkerProcess(t *testing.T) { processtest.Work(t, open) } // the body of such a process
//
//	w := processtest.Start(t, store)
//	answer, ok := w.Ask("judge", token, `has_permission("post.edit")`)
//
// All times are taken in the one process that asks, so no clocks are compared.
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

// Worker is another process with an Authority. A Worker gets requests by a
// pipe, a line each, and answers each request as soon as the request is done. A
// Worker is safe for concurrent use.
type Worker struct {
	cmd  *exec.Cmd
	in   io.WriteCloser
	mu   sync.Mutex
	next int
	open map[string]chan string // requests without an answer; nil when the process is gone
}

// storeOf names the store in the environment of a worker.
const storeOf = "RBAC_TEST_WORKER"

// Start starts this test binary again and waits until the new process has
// opened the store. The process ends with the test.
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

// listen distributes answers until the process ends.
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

// Send sends a request, made of words without spaces. The channel is closed
// without an answer if the process ends first.
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
	fmt.Fprintln(w.in, id, strings.Join(words, " ")) // an error means that the process is gone
	return c
}

// Ask sends a request and waits for its answer. The answer is empty for
// ErrUnavailable. ok is false if the process is gone.
func (w *Worker) Ask(words ...string) (answer string, ok bool) {
	answer, ok = <-w.Send(words...)
	return answer, ok
}

// Insist repeats a request while the answer is ErrUnavailable, as on a busy
// machine.
func (w *Worker) Insist(words ...string) string {
	answer, ok := w.Ask(words...)
	for ok && answer == "" {
		answer, ok = w.Ask(words...)
	}
	return answer
}

// Process returns the worker as a process of the operating system.
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

// NumberFrom returns the value of an environment variable, or otherwise if the
// variable is not set.
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
