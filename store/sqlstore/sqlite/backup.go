package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/internal/durable"
	"github.com/rbac-go/rbac/store"
)

// Backup copies the database, the tables of the host included, into a new file
// at path. The copy is one state of the database, however many processes write
// meanwhile. Writers do not wait for Backup, except in a database without WAL.
//
// The file is readable by its owner only, from its first byte on, and is on the
// disk when Backup returns. An existing file is never overwritten; the error
// then wraps fs.ErrExist. Backup writes to a temporary file beside path, so the
// file at path is either the whole copy or, after a crash, empty. The file
// holds hashes of passwords and tokens, like the database.
//
// A process that is killed during Backup leaves the temporary file, too:
// .NAME.rbac-backup, for the NAME of path. Remove the empty file at path: the
// next Backup to path then removes the temporary file.
//
// Other errors wrap rbac.ErrUnavailable, and rbac.ErrInvalid for an empty path.
// After an error there is no file.
func (s *Store) Backup(ctx context.Context, path string) (err error) {
	if path == "" {
		return &rbac.Error{Kind: store.ErrInvalid, Record: "backup", Field: "path", Reason: "empty"}
	}
	if path, err = filepath.Abs(path); err != nil { // never a URI, which begins with file:
		return err
	}
	if err := s.e.backup(ctx, path); err != nil {
		return fmt.Errorf("%w: backup of %v into %q: %w", store.ErrUnavailable, s.e, path, err)
	}
	return nil
}

func (e *engine) backup(ctx context.Context, path string) (err error) {
	// The empty file reserves the name: the rename at the end replaces nothing
	// else.
	reserved, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(path))
		}
	}()
	if err := reserved.Close(); err != nil {
		return err
	}
	copied, err := createCopy(path)
	if err != nil {
		return err
	}
	defer func() {
		copied.Close()
		if err != nil {
			os.Remove(copied.Name())
		}
	}()
	if err := e.vacuumInto(ctx, copied.Name()); err != nil {
		return err
	}
	if err := copied.Sync(); err != nil { // SQLite does not
		return err
	}
	if err := os.Rename(copied.Name(), path); err != nil {
		return err
	}
	return durable.Dir(filepath.Dir(path))
}

// createCopy creates the file that is renamed to path in the end. The empty file
// at path is the caller's, so no other backup writes to path: what has the name
// already is left from a process that was killed. SQLite removes the journal of
// that process itself, since the new file is empty.
func createCopy(path string) (*os.File, error) {
	name := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".rbac-backup")
	if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
}

// vacuumInto copies the database into an empty file, on a connection outside of
// any transaction.
func (e *engine) vacuumInto(ctx context.Context, path string) error {
	conn, err := e.readers.Conn(ctx)
	if err != nil {
		return err
	}
	s := &session{e: e, conn: conn}
	defer s.release()
	if err := e.file.Same(); err != nil {
		return err
	}
	return e.patiently(ctx, func() error {
		if err := s.set(ctx, busyTimeout(Spell(e.busy)), setting{"query_only", 0}); err != nil {
			return err
		}
		_, err := conn.ExecContext(ctx, "VACUUM INTO ?", path)
		return err
	})
}
