package rbaccli

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A FIFO has no size, and may have no end.
func TestEndlessFileIsRefused(t *testing.T) {
	name := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(name, 0o600); err != nil {
		t.Fatal(err)
	}
	written := make(chan int)
	go func() {
		defer close(written)
		f, err := os.OpenFile(name, os.O_WRONLY, 0)
		if err != nil {
			return
		}
		defer f.Close()
		line := []byte(strings.Repeat("#", 1<<20-1) + "\n")
		for n := range 2 * maxFile >> 20 {
			if _, err := f.Write(line); err != nil {
				written <- n // the reader has closed the FIFO
				return
			}
		}
	}()
	p := Program{Authority: newAuthority(t)}
	if o := p.call("apply", "--prune", name); o.code != exitUsage || !strings.Contains(o.errors, "is larger than 64 MiB.") {
		t.Errorf("%+v", o)
	}
	if n := <-written; n < maxFile>>20 {
		t.Errorf("%d MiB were read", n)
	}
}
