package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rbac-go/rbac/rbaccli"
)

// A store that a process has open is not replaced, whether the process is
// writing or not, and a process that has ended is no obstacle.
func TestRestoreBesideAService(t *testing.T) {
	dir := t.TempDir()
	path, copied := filepath.Join(dir, "store.db"), filepath.Join(dir, "copy.db")
	var out bytes.Buffer
	call := func(args ...string) int {
		out.Reset()
		p := rbaccli.Program{Open: openStore, OpenToAsk: openToAsk, Stdout: &out, Stderr: &out}
		return p.Main(t.Context(), append([]string{"--store", path}, args...))
	}
	if call("init") != 0 || call("backup", copied) != 0 || call("user", "add", "late") != 0 {
		t.Fatal(&out)
	}
	service, err := openStore(t.Context(), path, false)
	if err != nil {
		t.Fatal(err)
	}
	if code := call("restore", copied, "--replace"); code != 77 || !strings.Contains(out.String(), "a process has the store open") {
		t.Errorf("beside a service: %d %s", code, &out)
	}
	if code := call("user", "show", "late"); code != 0 {
		t.Errorf("the store is not as before: %d %s", code, &out)
	}
	if err := service.Close(); err != nil {
		t.Fatal(err)
	}
	if code := call("restore", copied, "--replace"); code != 0 {
		t.Errorf("after the service: %d %s", code, &out)
	}
	if code := call("user", "show", "late"); code != 67 {
		t.Errorf("the store is not the copy: %d %s", code, &out)
	}
}

// A link to the store stays, and the new file is for its owner only.
func TestRestoreBehindALink(t *testing.T) {
	dir := t.TempDir()
	path, link, copied := filepath.Join(dir, "store.db"), filepath.Join(t.TempDir(), "link.db"), filepath.Join(dir, "copy.db")
	if err := os.Symlink(path, link); err != nil {
		t.Skip(err)
	}
	var out bytes.Buffer
	for _, args := range []string{"--store " + path + " init", "--store " + path + " backup " + copied, "--store " + link + " restore --replace " + copied} {
		p := rbaccli.Program{Open: openStore, OpenToAsk: openToAsk, Stdout: &out, Stderr: &out}
		if code := p.Main(t.Context(), strings.Fields(args)); code != 0 {
			t.Fatalf("%s: %d %s", args, code, &out)
		}
	}
	if to, err := os.Readlink(link); err != nil || to != path {
		t.Errorf("the link leads to %q (%v)", to, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
		t.Errorf("the store is %v (%v)", info, err)
	}
}
