package rbac_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
	sqlitestore "github.com/rbac-go/rbac/store_sqlite"
)

// worker is another process with an Authority on the same SQLite file. It gets requests by a pipe, a line each, and answers each
// when it is done with it.
type worker struct {
	cmd  *exec.Cmd
	in   io.WriteCloser
	mu   sync.Mutex
	next int
	open map[string]chan string // requests without answer; nil when the process is gone
}

// workerFile names the file in the environment of a worker.
const workerFile = "RBAC_TEST_WORKER"

// startWorker starts this test binary again and waits until it has opened the file.
func startWorker(t *testing.T, path string) *worker {
	t.Helper()
	w := &worker{cmd: exec.Command(os.Args[0], "-test.run=^TestWorkerProcess$"), open: map[string]chan string{}}
	w.cmd.Env = append(os.Environ(), workerFile+"="+path)
	w.cmd.Stderr = os.Stderr
	var err error
	w.in, err = w.cmd.StdinPipe()
	must(t, err)
	out, err := w.cmd.StdoutPipe()
	must(t, err)
	must(t, w.cmd.Start())
	t.Cleanup(w.kill)
	go w.listen(out)
	if answer, ok := w.ask("revision"); !ok {
		t.Fatal("a worker does not start: ", answer)
	}
	return w
}

// listen hands answers out until the process ends.
func (w *worker) listen(out io.Reader) {
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

// send makes a request. The channel is closed without an answer when the process ends before it.
func (w *worker) send(words ...string) <-chan string {
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

func (w *worker) ask(words ...string) (answer string, ok bool) {
	answer, ok = <-w.send(words...)
	return answer, ok
}

// insist asks again where the answer is ErrUnavailable, as on a machine that is too busy.
func (w *worker) insist(words ...string) string {
	answer, ok := w.ask(words...)
	for ok && answer == "" {
		answer, ok = w.ask(words...)
	}
	return answer
}

// kill ends the process with SIGKILL.
func (w *worker) kill() {
	w.cmd.Process.Kill()
	w.cmd.Wait()
}

// officeFile makes an office in a new file.
func officeFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "rbac.db")
	h := newHouse(t, must1(sqlitestore.Open(ctx, path, sqlitestore.Options{})))
	h.realTime = true
	must(t, h.office(rbac.Config{}).Close())
	must(t, h.store.Close())
	return path
}

// openFile makes an Authority as workers have it.
func openFile(path string) (*rbac.Authority, func(), error) {
	s, err := sqlitestore.Open(ctx, path, sqlitestore.Options{BusyTimeout: time.Minute})
	if err != nil {
		return nil, nil, err
	}
	a, err := rbac.Open(ctx, s, rbac.Config{Argon2id: cheap, MaxTickets: 10_000, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, nil, errors.Join(err, s.Close())
	}
	return a, func() { a.Close(); s.Close() }, nil
}

// TestWorkerProcess is what a worker runs, and nothing in any other process.
func TestWorkerProcess(t *testing.T) {
	path := os.Getenv(workerFile)
	if path == "" {
		return
	}
	a, closeAll, err := openFile(path)
	must(t, err)
	var requests sync.WaitGroup
	var out sync.Mutex
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		words := strings.Fields(lines.Text())
		requests.Go(func() {
			answer := serve(a, words[1:])
			out.Lock()
			defer out.Unlock()
			fmt.Println(words[0], answer)
		})
	}
	requests.Wait()
	closeAll()
}

// serve answers a request.
func serve(a *rbac.Authority, words []string) string {
	switch of := words[1:]; words[0] {
	case "revision":
		return a.Revision().String()
	case "judge":
		return said(a.Judge(ctx, parsed(of[0]), rbac.HasPermission(of[1])), "allowed", rbac.ErrDenied, "denied")
	case "lives": // at a revision or later
		under := rbac.AtLeast(ctx, must1(rbac.ParseRevision(of[1])))
		return said(a.Judge(under, parsed(of[0]), rbac.NotAnonymous()), "lives", rbac.ErrNoTicket, "ended")
	case "see":
		id, err := a.Identity(rbac.AtLeast(ctx, must1(rbac.ParseRevision(of[1]))), of[0])
		return said(err, fmt.Sprint(slices.Collect(id.Groups()), slices.Collect(id.Permissions())), nil, "")
	case "login":
		tok, err := a.Login(ctx, rbac.Login{User: of[0], Password: goodPassword})
		return said(err, tok.Secret(), rbac.ErrBusy, "")
	case "issue": // without counting attempts: one that is killed half-way counts as a failure
		tok, err := a.Issue(ctx, rbac.Login{User: of[0]})
		return said(err, tok.Secret(), nil, "")
	case "logout":
		return said(a.Logout(ctx, parsed(of[0])), "ended", rbac.ErrNoTicket, "ended")
	case "grant":
		g := rbac.Grant{Group: "editors", Permission: "post.edit"}
		return said(a.Update(ctx, func(tx *rbac.Tx) error { return tx.GrantPermission(g) }), "allowed", nil, "")
	case "revoke":
		return said(a.Update(ctx, revoke("editors", "post.edit")), "denied", nil, "")
	case "join": // both or none
		return said(a.Update(ctx, all(assign(of[0], "staff"), assign(of[0], "chiefs"))), "in", rbac.ErrExists, "in")
	case "leave":
		return said(a.Update(ctx, func(tx *rbac.Tx) error {
			return errors.Join(tx.DeassignUser(rbac.Membership{User: of[0], Group: "staff"}),
				tx.DeassignUser(rbac.Membership{User: of[0], Group: "chiefs"}))
		}), "out", rbac.ErrNotFound, "out")
	}
	return fmt.Sprintf("no such request: %q", words)
}

func parsed(secret string) rbac.Token { return must1(rbac.ParseToken(secret)) }
