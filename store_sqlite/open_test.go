package sqlitestore_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/rbac-go/rbac/store"
	"github.com/rbac-go/rbac/store/sqlstore"
	sqlitestore "github.com/rbac-go/rbac/store_sqlite"
)

func TestOpenTakesAnyPath(t *testing.T) {
	for _, name := range []string{"plain.db", "with space.db", "q?mode=memory.db", "a#b.db", "100%.db", "%41.db", "a+b&c=d;e.db", "数据库.db", "'\".db", "file:x.db", "..db"} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, name)
			s := mustOpen(t, path)
			bump(t, s)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			if head := headOf(t, mustOpen(t, path)); head.Revision != 1 {
				t.Errorf("opened again the store is at revision %d, want 1", head.Revision)
			}
			if _, err := os.Stat(path); err != nil {
				t.Error("the file must be the one that was named:", err)
			}
		})
	}
}

func TestOpenRelativePath(t *testing.T) {
	t.Chdir(t.TempDir())
	s := mustOpen(t, "rbac.db")
	t.Chdir(t.TempDir())
	bump(t, s) // later connections must find the same file
	headOf(t, s)
}

func TestOpenMakesFilePrivate(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no file modes")
	}
	path := filepath.Join(t.TempDir(), "rbac.db")
	bump(t, mustOpen(t, path))
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s holds hashes and must be its owner's only; it has mode %v", filepath.Base(name), info.Mode())
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	notDB := filepath.Join(dir, "not.db")
	write(t, notDB, strings.Repeat("This is a text, and a long one. ", 200))
	corrupt := filepath.Join(dir, "corrupt.db")
	mustOpen(t, corrupt).Close()
	damage(t, corrupt)
	newer := filepath.Join(dir, "newer.db")
	mustOpen(t, newer).Close()
	if _, err := hostDB(t, newer).Exec("INSERT INTO rbac_schema (version) VALUES (99)"); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, path string
		opts       sqlitestore.Options
		kind       error
		says       []string
	}{
		{"empty path", "", sqlitestore.Options{}, store.ErrInvalid, []string{"path", "empty"}},
		{"memory", ":memory:", sqlitestore.Options{}, store.ErrInvalid, []string{":memory:", "memorystore"}},
		{"URI", "file:x.db?cache=shared", sqlitestore.Options{}, store.ErrInvalid, []string{"file:x.db", "URI"}},
		{"negative timeout", notDB, sqlitestore.Options{BusyTimeout: -1}, store.ErrInvalid, []string{"BusyTimeout"}},
		{"negative readers", notDB, sqlitestore.Options{Readers: -1}, store.ErrInvalid, []string{"Readers"}},
		{"missing directory", filepath.Join(dir, "none", "rbac.db"), sqlitestore.Options{}, fs.ErrNotExist, []string{"none", "no such file or directory"}},
		{"a directory", dir, sqlitestore.Options{}, store.ErrUnavailable, []string{dir, "is a directory"}},
		{"NUL in the path", "a\x00b", sqlitestore.Options{}, store.ErrUnavailable, []string{"invalid"}},
		{"not a database", notDB, sqlitestore.Options{}, store.ErrUnavailable, []string{notDB, "file is not a database"}},
		{"corrupt", corrupt, sqlitestore.Options{}, store.ErrUnavailable, []string{corrupt, "malformed"}},
		{"newer version", newer, sqlitestore.Options{}, store.ErrUnavailable, []string{newer, "newer", "99", "up to 7"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := sqlitestore.Open(context.Background(), c.path, c.opts)
			if s != nil || !errors.Is(err, c.kind) {
				t.Fatalf("Open = %v, %v; want an error that is %q", s, err, c.kind)
			}
			if !errors.Is(err, store.ErrUnavailable) && !errors.Is(err, store.ErrInvalid) {
				t.Errorf("the error is none of rbac's: %v", err)
			}
			for _, text := range c.says {
				if !strings.Contains(err.Error(), text) {
					t.Errorf("the error must say %q: %v", text, err)
				}
			}
		})
	}
}

// With MustExist, Open and New create nothing, migrate nothing and change no
// database of another program.
func TestMustExist(t *testing.T) {
	dir := t.TempDir()
	theirs := filepath.Join(dir, "theirs.db")
	if _, err := hostDB(t, theirs).Exec("PRAGMA journal_mode = DELETE; CREATE TABLE posts (id)"); err != nil {
		t.Fatal(err)
	}
	empty := filepath.Join(dir, "empty.db")
	write(t, empty, "")
	older := filepath.Join(dir, "older.db")
	mustOpen(t, older).Close()
	if _, err := hostDB(t, older).Exec("PRAGMA journal_mode = DELETE; DELETE FROM rbac_schema WHERE version > 1"); err != nil {
		t.Fatal(err)
	}
	missing := filepath.Join(dir, "missing.db")
	for path, says := range map[string]string{missing: "no such file", theirs: "no tables of rbac", empty: "no tables of rbac", older: "have version 1"} {
		before, _ := os.ReadFile(path)
		_, err := sqlitestore.Open(t.Context(), path, sqlitestore.Options{MustExist: true})
		if !errors.Is(err, store.ErrUnavailable) || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), path) {
			t.Errorf("Open of %s = %v, want ErrUnavailable that says %q", path, err, says)
		}
		if errors.Is(err, fs.ErrNotExist) != (path == missing) {
			t.Errorf("Open of %s = %v, is fs.ErrNotExist: %v", path, err, path != missing)
		}
		version, ok := errors.AsType[*sqlstore.VersionError](err)
		if ok != (path != missing) || ok && version.Want <= version.Have {
			t.Errorf("Open of %s: version %+v", path, version)
		}
		if path != missing {
			if _, err := sqlitestore.New(t.Context(), hostDB(t, path), sqlitestore.Options{MustExist: true}); err == nil || !strings.Contains(err.Error(), says) {
				t.Errorf("New on %s = %v, want %q", path, err, says)
			}
		}
		if after, _ := os.ReadFile(path); string(after) != string(before) {
			t.Errorf("%s was written", path)
		}
	}
	if _, err := os.Stat(missing); !errors.Is(err, fs.ErrNotExist) {
		t.Error("the missing file was created")
	}
	mustOpen(t, missing).Close()
	s, err := sqlitestore.Open(t.Context(), missing, sqlitestore.Options{MustExist: true})
	if err != nil {
		t.Fatal(err)
	}
	bump(t, s)
	must(t, s.Close())
}

func TestOpenUnderEndedContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := sqlitestore.Open(ctx, filepath.Join(t.TempDir(), "rbac.db"), sqlitestore.Options{})
	if !errors.Is(err, context.Canceled) || !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("Open = %v, want one that is unavailable and canceled", err)
	}
}

// A deleted file silently loses every later change, unless the store notices.
func TestFileReplacedWhileOpen(t *testing.T) {
	for _, c := range []struct {
		name, says string
		harm       func(t *testing.T, path string)
	}{
		{"deleted", "deleted", func(t *testing.T, path string) { must(t, os.Remove(path)) }},
		{"moved", "moved", func(t *testing.T, path string) { must(t, os.Rename(path, path+".old")) }},
		{"replaced", "replaced", func(t *testing.T, path string) {
			mustOpen(t, path+".new").Close()
			must(t, os.Rename(path+".new", path))
		}},
	} {
		for _, kind := range []string{"Open", "New"} {
			t.Run(kind+" "+c.name, func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "rbac.db")
				open := func() *sqlitestore.Store { return mustOpen(t, path) }
				if kind == "New" {
					open = func() *sqlitestore.Store { return mustNew(t, hostDB(t, path+"?_journal_mode=WAL")) }
				}
				s := open()
				bump(t, s)
				c.harm(t, path)
				nop := func(store.Records) error { return nil }
				for name, err := range map[string]error{
					"View":   s.View(context.Background(), nop),
					"Update": s.Update(context.Background(), nop),
				} {
					if !errors.Is(err, store.ErrUnavailable) || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), path) {
						t.Errorf("%s = %v, want ErrUnavailable that says that %s was %s", name, err, path, c.says)
					}
				}
			})
		}
	}
}

func TestCloseTwice(t *testing.T) {
	s := openFile(t)
	must(t, s.Close())
	must(t, s.Close())
	if err := s.View(context.Background(), func(store.Records) error { return nil }); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("View after Close = %v, want ErrUnavailable", err)
	}
}

// bump makes the next revision.
func bump(t testing.TB, s store.Store) {
	t.Helper()
	must(t, s.Update(context.Background(), nextRevision))
}

func nextRevision(r store.Records) error {
	h, err := r.Head(store.ExclusiveLock)
	if err != nil {
		return err
	}
	h.Revision++
	h.Nonce = 1<<63 + uint64(h.Revision)
	return r.SetHead(h)
}

func headOf(t testing.TB, s store.Store) (h store.Head) {
	t.Helper()
	must(t, s.View(context.Background(), func(r store.Records) (err error) {
		h, err = r.Head(store.NoLock)
		return err
	}))
	return h
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func write(t testing.TB, path, text string) {
	t.Helper()
	must(t, os.WriteFile(path, []byte(text), 0o600))
}

// damage overwrites everything but the first page.
func damage(t testing.TB, path string) {
	t.Helper()
	data, err := os.ReadFile(path)
	must(t, err)
	for i := 4096; i < len(data); i++ {
		data[i] = 'x'
	}
	must(t, os.WriteFile(path, data, 0o600))
}
