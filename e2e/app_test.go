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

// patience is how long a test waits for anything before it fails.
const patience = 20 * time.Second

// app is an example that runs.
type app struct {
	t    *testing.T
	name string
	url  string // without a slash at the end
}

// startApp builds the example of that name and runs it on a free port until the test ends. It must
// know the flag -addr, and print the URL of the address that it listens on.
func startApp(t *testing.T, name string, args ...string) *app {
	t.Helper()
	chromium(t) // skips before anything is built
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
	go func() {
		defer close(read)
		findURL(out, url)
	}()
	t.Cleanup(func() { stopApp(t, cmd, read, &log) })
	select {
	case found, ok := <-url:
		if ok {
			return &app{t, name, found}
		}
		t.Fatalf("%s ended without telling its address", name)
	case <-time.After(patience):
		t.Fatalf("%s does not tell its address", name)
	}
	return nil
}

var address = regexp.MustCompile(`http://[0-9.:]+`)

// findURL sends the first address that it reads, and reads on, so that the program never waits for us.
func findURL(out io.Reader, url chan<- string) {
	defer close(url)
	sent := false
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if found := address.FindString(lines.Text()); found != "" && !sent {
			url <- found
			sent = true
		}
	}
}

// stopApp interrupts the program, which must end by itself and in order.
func stopApp(t *testing.T, cmd *exec.Cmd, read <-chan struct{}, log *bytes.Buffer) {
	_ = cmd.Process.Signal(syscall.SIGTERM)
	kill := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
	defer kill.Stop()
	<-read // Wait closes the pipe
	if err := cmd.Wait(); err != nil {
		t.Errorf("%s did not end in order: %v", filepath.Base(cmd.Path), err)
	}
	if t.Failed() {
		t.Logf("what %s logged:\n%s", filepath.Base(cmd.Path), log)
	}
}

var (
	building sync.Mutex
	programs string // the folder of what is built
)

// build makes the program of an example, once.
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
	cmd.Dir = ".." // with the library's own go.mod, as its users build it
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	return program, cmd.Run()
}

func stopBuilding() {
	if programs != "" {
		_ = os.RemoveAll(programs)
	}
}
