// Package memdir gives tests a folder in memory, where a database does not wait
// for the disk. Files in memory outlive a process but not the machine, so such
// a test must not depend on the disk.
package memdir

import (
	"os"
	"testing"
)

// Parent returns the folder below which temporary folders are made. Parent
// returns the folder in memory if the folder has free bytes left, and otherwise
// "", the system's default of os.MkdirTemp.
func Parent(free uint64) string {
	if !roomy(free) {
		return ""
	}
	return folder
}

// New makes a folder for a small database. The folder is removed when the test
// ends, and is on disk if memory is short.
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
