package sqlitestore_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/rbac-go/rbac/store"
	sqlitestore "github.com/rbac-go/rbac/store_sqlite"
)

// mount mounts a small file system on a directory. The superuser bypasses all
// file modes, and no ordinary disk is ever full.
func mount(t *testing.T, source, kind string, flags uintptr, options string) string {
	t.Helper()
	dir := t.TempDir()
	mountOn(t, source, dir, kind, flags, options)
	return dir
}

func mountOn(t *testing.T, source, target, kind string, flags uintptr, options string) {
	t.Helper()
	if err := syscall.Mount(source, target, kind, flags, options); err != nil {
		t.Skip("cannot mount here:", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(target, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
}

func readOnly(t *testing.T, dir string) {
	t.Helper()
	must(t, syscall.Mount("", dir, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""))
}

func TestReadOnlyDirectory(t *testing.T) {
	for _, c := range []struct {
		name string
		path func(t *testing.T) string
		says string
	}{
		{"new file", func(t *testing.T) string {
			dir := mount(t, "tmpfs", "tmpfs", 0, "size=1m")
			readOnly(t, dir)
			return filepath.Join(dir, "rbac.db")
		}, "read-only file system"},
		{"file there", func(t *testing.T) string {
			dir := mount(t, "tmpfs", "tmpfs", 0, "size=1m")
			path := filepath.Join(dir, "rbac.db")
			mustOpen(t, path).Close()
			readOnly(t, dir)
			return path
		}, "read-only file system"},
		{"writable file in it", func(t *testing.T) string {
			dir := mount(t, "tmpfs", "tmpfs", 0, "size=1m")
			path := filepath.Join(dir, "rbac.db")
			write(t, path, "")
			elsewhere := filepath.Join(t.TempDir(), "rbac.db")
			write(t, elsewhere, "")
			mountOn(t, elsewhere, path, "", syscall.MS_BIND, "")
			readOnly(t, dir)
			return path
		}, "directory must be writable"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := c.path(t)
			_, err := sqlitestore.Open(t.Context(), path, sqlitestore.Options{})
			if !errors.Is(err, store.ErrUnavailable) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("Open = %v, want ErrUnavailable that names %s and says %q", err, path, c.says)
			}
		})
	}
}

func TestFullDisk(t *testing.T) {
	dir := mount(t, "tmpfs", "tmpfs", 0, "size=2m")
	path := filepath.Join(dir, "rbac.db")
	s := mustOpen(t, path)
	bump(t, s)
	filler := filepath.Join(dir, "filler")
	fill(t, filler)

	large := strings.Repeat("x", 64<<10)
	err := s.Update(t.Context(), func(r store.Records) error {
		must(t, nextRevision(r))
		for _, name := range strings.Fields("a b c d e f g h i j k l m n o p q r s t u v w x y z") {
			if err := r.PutSection(store.Section{Name: name, Title: large}); err != nil {
				return nil // the Update must notice by itself
			}
		}
		return nil
	})
	if !errors.Is(err, store.ErrUnavailable) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "full") {
		t.Fatalf("Update on a full disk = %v, want ErrUnavailable that names the file and says that it is full", err)
	}
	unchanged := func(revision store.Revision) {
		t.Helper()
		must(t, s.View(t.Context(), func(r store.Records) error {
			list, err := r.Sections()
			if len(list) != 0 {
				t.Errorf("%d sections of a failed Update are there", len(list))
			}
			return err
		}))
		if got := headOf(t, s).Revision; got != revision {
			t.Errorf("the revision is %d, want %d", got, revision)
		}
	}
	unchanged(1)
	must(t, os.Remove(filler))
	bump(t, s)
	unchanged(2)
	must(t, s.Close())
	s = mustOpen(t, path)
	unchanged(2)
}

func TestOpenOnFullDisk(t *testing.T) {
	dir := mount(t, "tmpfs", "tmpfs", 0, "size=1m")
	filler := filepath.Join(dir, "filler")
	fill(t, filler)
	path := filepath.Join(dir, "rbac.db")
	_, err := sqlitestore.Open(t.Context(), path, sqlitestore.Options{})
	if !errors.Is(err, store.ErrUnavailable) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "full") {
		t.Errorf("Open on a full disk = %v, want ErrUnavailable that names the file and says that it is full", err)
	}
	must(t, os.Remove(filler))
	bump(t, mustOpen(t, path))
}

// fill writes until the disk is full.
func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	must(t, err)
	defer f.Close()
	for _, size := range []int{64 << 10, 4 << 10} {
		for err = nil; err == nil; {
			_, err = f.Write(make([]byte, size))
		}
	}
	var full *fs.PathError
	if !errors.As(err, &full) || full.Err != syscall.ENOSPC {
		t.Fatal(err)
	}
}
