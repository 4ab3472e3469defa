//go:build unix

package storecare_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rbac-go/rbac/rbaccli/internal/storecare"
)

// Access of anybody else to the files of a store, or to their folder, is found.
func TestFiles(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "store")
	path := filepath.Join(folder, "store.db")
	wal := path + "-wal"
	modes := func(ofFolder, ofFile, ofWAL os.FileMode) {
		t.Helper()
		for name, mode := range map[string]os.FileMode{folder: ofFolder, path: ofFile, wal: ofWAL} {
			if err := os.Chmod(name, mode); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{path, wal} {
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	link := filepath.Join(t.TempDir(), "link.db")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		folder, file, wal os.FileMode
		want              []string // the ends of the names
	}{
		{0o700, 0o600, 0o600, nil},
		{0o755, 0o600, 0o600, nil},
		{0o700, 0o640, 0o600, []string{"store.db"}},
		{0o700, 0o602, 0o600, []string{"store.db"}},
		{0o700, 0o600, 0o604, []string{"store.db-wal"}},
		{0o777, 0o600, 0o600, []string{"store"}},
		{0o720, 0o644, 0o644, []string{"store.db", "store.db-wal", "store"}},
	} {
		modes(c.folder, c.file, c.wal)
		for _, name := range []string{path, link} {
			faults, err := storecare.Files(name)
			if err != nil {
				t.Fatal(err)
			}
			if len(faults) != len(c.want) {
				t.Fatalf("%o %o %o: %v", c.folder, c.file, c.wal, faults)
			}
			for i, f := range faults {
				if !strings.HasSuffix(f.Name, "/"+c.want[i]) || !strings.Contains(f.Reason, "chmod") {
					t.Errorf("%o %o %o: %v, want %s", c.folder, c.file, c.wal, f, c.want[i])
				}
			}
		}
	}
	if os.Getuid() == 0 {
		modes(0o700, 0o600, 0o600)
		if err := os.Chown(wal, 12345, -1); err != nil {
			t.Fatal(err)
		}
		if faults, err := storecare.Files(path); err != nil || len(faults) != 1 || !strings.Contains(faults[0].Reason, "12345") {
			t.Errorf("a file of another account: %v %v", faults, err)
		}
	}
	if _, err := storecare.Files(filepath.Join(folder, "missing.db")); err == nil {
		t.Error("a file that does not exist is sound")
	}
}
