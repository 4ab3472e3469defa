// Package memdir gives tests a folder in memory, so that a database in it does not
// wait for the disk. What such a test proves has to hold whatever the disk does:
// files in memory outlive a process, and not the machine.
package memdir

import (
	"os"
	"testing"
)

// Parent returns the folder below which temporary folders are made: the one in
// memory if it has free bytes left, and otherwise "", the system's default of
// os.MkdirTemp.
func Parent(free uint64) string {
	if !roomy(free) {
		return ""
	}
	return folder
}

// New makes a folder for a small database that is removed when the test ends. The
// folder is on disk if there is not enough memory for it.
func New(t testing.TB) string {
	t.Helper()
	parent := Parent(256 << 20)
	if parent == "" {
		return t.TempDir()
	}
	dir, err := os.MkdirTemp(parent, "rbac-test-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}
