package sqlitestore_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestWithoutCgo(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a program")
	}
	path := filepath.Join(t.TempDir(), "rbac.db")
	cmd := exec.Command("go", "run", "./testdata/nocgo", path)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("without cgo the package must compile: %v\n%s", err, out)
	}
	for _, text := range []string{"true true", path, "cgo", "gcc", "New"} {
		if !strings.Contains(string(out), text) {
			t.Errorf("without cgo Open must say %q; it says: %s", text, out)
		}
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("Open without cgo must leave no file behind")
	}
}
