// Package memdir gives tests a folder in memory, so that a database in it does not
// wait for the disk. What such a test proves has to hold whatever the disk does:
// files in memory outlive a process, and not the machine.
package memdir

import (
	"os"
	"testing"
)

// New makes a folder that is removed when the test ends, on the disk where there is
// no memory for it.
func New(t testing.TB) string {
	t.Helper()
	if !roomy() {
		return t.TempDir()
	}
	dir, err := os.MkdirTemp(folder, "rbac-test-")
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
