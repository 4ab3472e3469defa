package storecare

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/rbac-go/rbac/internal/durable"
	"github.com/rbac-go/rbac/store"
)

// Restore copies an SQLite store into the file at path. With replace, the copy
// takes the place of the file in one step, and otherwise an existing file is
// never overwritten; the error then wraps fs.ErrExist. After an error the file
// is as before. A store that is no SQLite store is ErrInvalid.
//
// No process may have the file open, and there may be no files [Beside] it. The
// file has to belong to the account of the process: otherwise a service could
// not open the new file.
func Restore(ctx context.Context, from store.Store, path string, replace bool) error {
	if !replace {
		return Backup(ctx, from, path)
	}
	path, err := filepath.EvalSymlinks(path) // a link stays
	if err != nil {
		return err
	}
	copied := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".rbac-restore")
	if err := os.Remove(copied); err != nil && !errors.Is(err, fs.ErrNotExist) { // of a restore that was killed
		return err
	}
	if err := Backup(ctx, from, copied); err != nil {
		return err
	}
	if err := sameOwner(copied, path); err != nil {
		return errors.Join(err, os.Remove(copied))
	}
	if err := os.Rename(copied, path); err != nil {
		return errors.Join(err, os.Remove(copied))
	}
	return durable.Dir(filepath.Dir(path))
}

// Exists reports whether there is a file at path. Anything else than a file is
// an error, and so is a missing folder.
func Exists(path string) (bool, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if _, err := os.Lstat(path); err == nil {
			return false, fmt.Errorf("%q is a link to a file that does not exist", path)
		}
		_, err := os.Stat(filepath.Dir(path))
		return false, err
	case err != nil:
		return false, err
	case !info.Mode().IsRegular():
		return false, fmt.Errorf("%q is no regular file", path)
	}
	return true, nil
}

// SameFile reports whether both paths are of one file.
func SameFile(a, b string) bool {
	first, err1 := os.Stat(a)
	second, err2 := os.Stat(b)
	return err1 == nil && err2 == nil && os.SameFile(first, second)
}

// Beside returns a file of SQLite beside the database at path, and "" without
// any: SQLite would take the contents of such a file for part of a new database
// at path.
func Beside(path string) string {
	if resolved, err := filepath.EvalSymlinks(path); err == nil {
		path = resolved
	}
	for _, end := range besides {
		if _, err := os.Lstat(path + end); !errors.Is(err, fs.ErrNotExist) {
			return path + end
		}
	}
	return ""
}

// besides are the ends of the files that SQLite keeps beside a database.
var besides = []string{"-wal", "-shm", "-journal"}
