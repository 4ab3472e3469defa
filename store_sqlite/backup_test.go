package sqlitestore_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/rbac-go/rbac/store"
	sqlitestore "github.com/rbac-go/rbac/store_sqlite"
)

// A backup is a whole store of one revision, for its owner only, and the only
// new file.
func TestBackup(t *testing.T) {
	for _, kind := range kinds {
		t.Run(kind.name, func(t *testing.T) {
			s := kind.open(t)
			must(t, s.Update(t.Context(), nextRevision))
			dir := t.TempDir()
			path := filepath.Join(dir, "file:backup?mode=memory&x.db") // no URI
			must(t, s.Backup(t.Context(), path))
			info, err := os.Stat(path)
			must(t, err)
			if info.Mode().Perm() != 0o600 {
				t.Errorf("mode %v", info.Mode())
			}
			files, err := os.ReadDir(dir)
			must(t, err)
			if len(files) != 1 {
				t.Errorf("files: %v", files)
			}
			copied := mustOpen(t, path)
			defer copied.Close()
			if headOf(t, copied) != headOf(t, s) || headOf(t, copied).Revision != 1 {
				t.Errorf("the head is %v, want %v", headOf(t, copied), headOf(t, s))
			}
		})
	}
}

// The copy is for its owner only while SQLite still writes.
func TestBackupIsNeverOpenToOthers(t *testing.T) {
	s := mustOpen(t, filepath.Join(t.TempDir(), "rbac.db"))
	defer s.Close()
	dir := t.TempDir()
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			files, _ := filepath.Glob(filepath.Join(dir, "*"))
			hidden, _ := filepath.Glob(filepath.Join(dir, ".*"))
			for _, f := range append(files, hidden...) {
				if info, err := os.Stat(f); err == nil && info.Mode().IsRegular() && info.Mode().Perm() != 0o600 {
					t.Errorf("%s has mode %v", f, info.Mode())
					return
				}
			}
			select {
			case <-stop:
				return
			default:
			}
		}
	}()
	must(t, s.Backup(t.Context(), filepath.Join(dir, "copy.db")))
	close(stop)
	<-done
}

// Backup overwrites nothing, and leaves nothing behind after an error.
func TestBackupErrors(t *testing.T) {
	s := mustOpen(t, filepath.Join(t.TempDir(), "rbac.db"))
	dir := t.TempDir()
	existing := filepath.Join(dir, "existing")
	must(t, os.WriteFile(existing, []byte("precious"), 0o644))
	if err := s.Backup(t.Context(), existing); !errors.Is(err, fs.ErrExist) || !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("over a file: %v", err)
	}
	if text, err := os.ReadFile(existing); err != nil || string(text) != "precious" {
		t.Errorf("the file has %q, %v", text, err)
	}
	must(t, os.Symlink(filepath.Join(dir, "elsewhere"), filepath.Join(dir, "link")))
	if err := s.Backup(t.Context(), filepath.Join(dir, "link")); !errors.Is(err, fs.ErrExist) {
		t.Errorf("over a link: %v", err)
	}
	if err := s.Backup(t.Context(), ""); !errors.Is(err, store.ErrInvalid) {
		t.Errorf("no path: %v", err)
	}
	if err := s.Backup(t.Context(), filepath.Join(dir, "none", "x")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no directory: %v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Backup(ended, filepath.Join(dir, "ended")); !errors.Is(err, context.Canceled) {
		t.Errorf("an ended context: %v", err)
	}
	must(t, s.Close())
	if err := s.Backup(t.Context(), filepath.Join(dir, "closed")); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("a closed store: %v", err)
	}
	files, err := os.ReadDir(dir)
	must(t, err)
	if len(files) != 2 {
		t.Errorf("files: %v", files)
	}
}

// While another process writes, a backup has one state: each transaction whole
// or not at all.
func TestBackupWhileOthersWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rbac.db")
	s, writer := mustOpen(t, path), mustOpen(t, path)
	defer s.Close()
	defer writer.Close()
	stop, done := make(chan struct{}), make(chan error, 1)
	started := make(chan struct{})
	go func() {
		for n := 0; ; n++ {
			select {
			case <-stop:
				done <- nil
				return
			default:
			}
			err := writer.Update(context.Background(), func(r store.Records) error {
				if err := nextRevision(r); err != nil {
					return err
				}
				head, err := r.Head(store.NoLock)
				return errors.Join(err, r.AddChange(store.Change{Revision: head.Revision, Nonce: head.Nonce, Action: "Test"}))
			})
			if err != nil {
				done <- err
				return
			}
			if n == 0 {
				close(started)
			}
		}
	}()
	<-started
	var copies []*sqlitestore.Store
	for _, name := range []string{"a.db", "b.db", "c.db"} {
		to := filepath.Join(t.TempDir(), name)
		must(t, s.Backup(t.Context(), to))
		copies = append(copies, mustOpen(t, to))
	}
	close(stop)
	must(t, <-done)
	for _, c := range copies {
		must(t, c.View(t.Context(), func(r store.Records) error {
			changes, err := store.Collect(r.Changes(store.ChangeFilter{}))
			head, err2 := r.Head(store.NoLock)
			if len(changes) == 0 || changes[len(changes)-1].Revision != head.Revision {
				t.Errorf("head %v, %d changes", head, len(changes))
			}
			return errors.Join(err, err2)
		}))
		c.Close()
	}
}

// What a killed Backup has left is removed by the next Backup to the same path,
// once the empty file is removed.
func TestBackupAfterAKilledBackup(t *testing.T) {
	s := mustOpen(t, filepath.Join(t.TempDir(), "rbac.db"))
	defer s.Close()
	dir := t.TempDir()
	path := filepath.Join(dir, "copy.db")
	left := []string{path, filepath.Join(dir, ".copy.db.rbac-backup"), filepath.Join(dir, ".copy.db.rbac-backup-journal")}
	for _, name := range left {
		must(t, os.WriteFile(name, nil, 0o600))
	}
	if err := s.Backup(t.Context(), path); !errors.Is(err, fs.ErrExist) {
		t.Errorf("over the empty file: %v", err)
	}
	if _, err := os.Stat(left[1]); err != nil {
		t.Errorf("another Backup to the path may still run: %v", err)
	}
	must(t, os.WriteFile(left[1], []byte("hashes"), 0o644))
	must(t, os.Remove(path))
	must(t, s.Backup(t.Context(), path))
	files, err := os.ReadDir(dir)
	must(t, err)
	if len(files) != 1 || files[0].Name() != "copy.db" {
		t.Errorf("files: %v", files)
	}
	copied := mustOpen(t, path)
	defer copied.Close()
	if headOf(t, copied) != headOf(t, s) {
		t.Error("the copy is not whole")
	}
}
