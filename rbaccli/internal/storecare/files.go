//go:build unix

package storecare

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/rbac-go/rbac"
)

// Files returns the faults in the permissions of an SQLite file, of the files
// beside it that end in -wal, -shm and -journal, and of their folder. The files
// hold hashes of passwords, so only their one owner may read or write them.
// Anybody who can write to the folder could replace the files.
//
// Errors are those of the file system.
func Files(path string) (faults []Fault, err error) {
	if path, err = filepath.EvalSymlinks(path); err != nil {
		return nil, err
	}
	if path, err = filepath.Abs(path); err != nil {
		return nil, err
	}
	database, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	for _, name := range []string{path, path + "-wal", path + "-shm", path + "-journal"} {
		info, err := os.Lstat(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue // the files beside come and go
		}
		if err != nil {
			return faults, err
		}
		switch mode := info.Mode(); {
		case !mode.IsRegular():
			faults = append(faults, Fault{"file", name, "is no regular file"})
		case mode.Perm()&0o077 != 0:
			faults = append(faults, Fault{"file", name, fmt.Sprintf("other accounts have access (%04o): chmod 600", mode.Perm())})
		}
		if owner(info) != owner(database) {
			faults = append(faults, Fault{"file", name, fmt.Sprintf("belongs to the account %d, and the store to %d", owner(info), owner(database))})
		}
	}
	folder := filepath.Dir(path)
	info, err := os.Stat(folder)
	if err != nil {
		return faults, err
	}
	if mode := info.Mode().Perm(); mode&0o022 != 0 {
		faults = append(faults, Fault{"folder", folder, fmt.Sprintf("other accounts can put files there (%04o): chmod go-w", mode)})
	}
	if own := owner(info); own != 0 && own != owner(database) {
		faults = append(faults, Fault{"folder", folder, fmt.Sprintf("belongs to the account %d, and the store to %d", own, owner(database))})
	}
	return faults, nil
}

// owner returns the id of the account that owns a file.
func owner(info fs.FileInfo) uint32 { return info.Sys().(*syscall.Stat_t).Uid }

// sameOwner returns ErrDenied unless both files belong to one account.
func sameOwner(a, b string) error {
	first, err1 := os.Lstat(a)
	second, err2 := os.Lstat(b)
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	if owner(first) != owner(second) {
		return fmt.Errorf("%w: %q belongs to the account %d", rbac.ErrDenied, b, owner(second))
	}
	return nil
}
