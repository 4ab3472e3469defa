package e2e

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience bounds each wait of a test. A test that waits longer fails.
const patience = 20 * time.Second

// app is a running example.
type app struct {
	t    *testing.T
	name string
	url  string // without a slash at the end

	mu      sync.Mutex
	printed []string // the lines of the standard output
}

// startApp builds the example with that name and runs the program on a free
// port until the test ends. The program must accept the flag -addr and print
// the URL on which the program listens.
func startApp(t *testing.T, name string, args ...string) *app {
	t.Helper()
	chromium(t) // may skip, before anything is built
	program, err := build(name)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, append([]string{"-addr", "127.0.0.1:0"}, args...)...)
	var log bytes.Buffer
	cmd.Stderr = &log
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	url := make(chan string, 1)
	read := make(chan struct{})
	a := &app{t: t, name: name}
	go func() {
		defer close(read)
		a.read(out, url)
	}()
	t.Cleanup(func() { stopApp(t, cmd, read, &log) })
	select {
	case found, ok := <-url:
		if ok {
			a.url = found
			return a
		}
		t.Fatalf("%s ended without telling its address", name)
	case <-time.After(patience):
		t.Fatalf("%s does not tell its address", name)
	}
	return nil
}

var address = regexp.MustCompile(`http://[0-9.:]+`)

// read sends the first URL in out, and keeps all lines: the program must never
// block on a full pipe.
func (a *app) read(out io.Reader, url chan<- string) {
	defer close(url)
	sent := false
	for lines := bufio.NewScanner(out); lines.Scan(); {
		a.mu.Lock()
		a.printed = append(a.printed, lines.Text())
		a.mu.Unlock()
		if found := address.FindString(lines.Text()); found != "" && !sent {
			url <- found
			sent = true
		}
	}
}

// prints waits for a line of the standard output, and returns the part that the
// first group of the pattern matches.
func (a *app) prints(pattern string) string {
	a.t.Helper()
	sought := regexp.MustCompile(pattern)
	for begin := time.Now(); time.Since(begin) < patience; time.Sleep(10 * time.Millisecond) {
		a.mu.Lock()
		lines := a.printed
		a.mu.Unlock()
		for _, line := range lines {
			if m := sought.FindStringSubmatch(line); m != nil {
				return m[1]
			}
		}
	}
	a.t.Fatalf("%s does not print %s", a.name, pattern)
	return ""
}

// stopApp interrupts the program, which must exit by itself without an error.
func stopApp(t *testing.T, cmd *exec.Cmd, read <-chan struct{}, log *bytes.Buffer) {
	_ = cmd.Process.Signal(syscall.SIGTERM)
	kill := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
	defer kill.Stop()
	<-read // until the end of the output: Wait closes the pipe
	if err := cmd.Wait(); err != nil {
		t.Errorf("%s did not end in order: %v", filepath.Base(cmd.Path), err)
	}
	if t.Failed() {
		t.Logf("what %s logged:\n%s", filepath.Base(cmd.Path), log)
	}
}

var (
	building sync.Mutex
	programs string // the folder of the built programs
)

// build builds the program of an example, unless built before, and returns its
// path.
func build(name string) (string, error) {
	building.Lock()
	defer building.Unlock()
	if programs == "" {
		dir, err := os.MkdirTemp("", "e2e")
		if err != nil {
			return "", err
		}
		programs = dir
	}
	program := filepath.Join(programs, name)
	if _, err := os.Stat(program); err == nil {
		return program, nil
	}
	cmd := exec.Command("go", "build", "-o", program, "./examples/"+name)
	cmd.Dir = ".." // with the library's own go.mod, as users of the library build
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	return program, cmd.Run()
}

func stopBuilding() {
	if programs != "" {
		_ = os.RemoveAll(programs)
	}
}
