package rbac_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A clone holds sources. Compiled programs and files above 1 MB are not
// committed: every clone would carry them for ever.
func TestTrackedFilesAreSmallSources(t *testing.T) {
	files := trackedFiles(t)
	if len(files) < 300 {
		t.Fatalf("git lists %d files; the test would prove nothing", len(files))
	}
	for _, file := range files {
		if why := refuseTracked(t, file); why != "" {
			t.Errorf("%s is tracked: %s", file, why)
		}
	}
}

// The first bytes of each kind of compiled file are recognized.
func TestTrackedFileRefusals(t *testing.T) {
	dir := t.TempDir()
	for name, c := range map[string]struct{ text, why string }{
		"elf":       {"\x7fELF\x02\x01\x01", "an ELF binary"},
		"mach-o":    {"\xcf\xfa\xed\xfe\x0c\x00\x00\x01", "a Mach-O binary"},
		"fat":       {"\xca\xfe\xba\xbe\x00\x00\x00\x02", "a Mach-O binary"},
		"pe":        {"MZ\x90\x00\x03", "a PE binary"},
		"wasm":      {"\x00asm\x01\x00\x00\x00", "a WebAssembly binary"},
		"archive":   {"!<arch>\n__.PKGDEF", "an archive of compiled packages"},
		"go object": {"go object linux amd64 go1.26.0\n", "a Go object file"},
		"large":     {strings.Repeat("x", 1<<20+1), "larger than 1 MB"},
		"source":    {"package main\n", ""},
		"full":      {strings.Repeat("x", 1<<20), ""},
		"empty":     {"", ""},
	} {
		file := filepath.Join(dir, name)
		must(t, os.WriteFile(file, []byte(c.text), 0o644))
		if why := refuseTracked(t, file); why != c.why {
			t.Errorf("%s: got %q, want %q", name, why, c.why)
		}
	}
	if why := refuseTracked(t, filepath.Join(dir, "deleted")); why != "" {
		t.Errorf("a file that is deleted in the working tree: got %q", why)
	}
}

// The workflow runs actions by the hash of a commit, since a tag can be moved.
func TestActionsArePinned(t *testing.T) {
	files, err := filepath.Glob(".github/workflows/*.yml")
	must(t, err)
	uses := regexp.MustCompile(`(?m)uses: *(\S+)`)
	pinned := regexp.MustCompile(`^[\w-]+/[\w/-]+@[0-9a-f]{40}$`)
	found := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		must(t, err)
		for _, m := range uses.FindAllStringSubmatch(string(text), -1) {
			found++
			if !pinned.MatchString(m[1]) {
				t.Errorf("%s uses %s, which is not pinned to a commit", file, m[1])
			}
		}
	}
	if found == 0 {
		t.Error("no action is found; the expression finds too few")
	}
}

// trackedFiles returns the regular files that git tracks. Only a copy without
// git, such as a copy in the module cache, has none.
func trackedFiles(t *testing.T) []string {
	t.Helper()
	if _, err := os.Lstat(".git"); errors.Is(err, fs.ErrNotExist) {
		t.Skip("this is no git checkout: there is no .git")
	}
	git, err := exec.LookPath("git")
	if err != nil {
		t.Skipf("git is not installed: %v", err)
	}
	// A container often runs as another user than the user that cloned.
	cmd := exec.Command(git, "-c", "safe.directory=*", "ls-files", "-z")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("git ls-files: %v: %s", err, stderr.String())
	}
	return strings.Split(strings.TrimRight(string(out), "\x00"), "\x00")
}

// refuseTracked returns why a file may not be committed, "" if it may.
func refuseTracked(t *testing.T, file string) string {
	t.Helper()
	info, err := os.Lstat(file)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !info.Mode().IsRegular() {
		return ""
	}
	must(t, err)
	f, err := os.Open(file)
	must(t, err)
	defer f.Close()
	head := make([]byte, 16)
	n, err := io.ReadFull(f, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		t.Fatal(err)
	}
	for _, m := range compiledFiles {
		if bytes.HasPrefix(head[:n], []byte(m.magic)) {
			return m.name
		}
	}
	if info.Size() > 1<<20 {
		return "larger than 1 MB"
	}
	return ""
}

// compiledFiles are recognized by their first bytes.
var compiledFiles = []struct{ magic, name string }{
	{"\x7fELF", "an ELF binary"},
	{"\xfe\xed\xfa\xce", "a Mach-O binary"},
	{"\xfe\xed\xfa\xcf", "a Mach-O binary"},
	{"\xce\xfa\xed\xfe", "a Mach-O binary"},
	{"\xcf\xfa\xed\xfe", "a Mach-O binary"},
	{"\xca\xfe\xba\xbe", "a Mach-O binary"}, // for several processors; also a Java class
	{"\xca\xfe\xba\xbf", "a Mach-O binary"},
	{"MZ", "a PE binary"},
	{"\x00asm", "a WebAssembly binary"},
	{"!<arch>\n", "an archive of compiled packages"},
	{"go object ", "a Go object file"},
}
