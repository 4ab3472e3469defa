package rbaccli

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/rbaccli/internal/storecare"
)

// backupVerb is the verb backup.
type backupVerb struct {
	File string `arg:"" help:"The new file. An existing file is refused."`
}

func (backupVerb) Help() string {
	return `Copy one state of the store, also while services are running. The copy is a store, too, and only its owner can read it. For PostgreSQL, use pg_dump.

A backup that was killed leaves the new file empty and a partial copy beside it, whose name is that of the file with a dot before it and .rbac-backup after it. Remove the empty file: the next backup into it removes the partial copy.

    rbac backup blog-2026-11-30.db`
}

func (*backupVerb) storeOnly() {}

func (v *backupVerb) Run(c *call) error {
	if dir, err := os.Stat(filepath.Dir(v.File)); err != nil || !dir.IsDir() {
		return usagef("There is no directory %q for the copy.", filepath.Dir(v.File))
	}
	err := storecare.Backup(c.ctx, c.store, v.File)
	switch {
	case errors.Is(err, fs.ErrExist):
		return refusedf("The file %q exists, and is not overwritten. An empty file is left by a killed backup: remove the file.", v.File)
	case errors.Is(err, rbac.ErrInvalid):
		return usagef("Only an SQLite store can be copied into a file. Use the tools of the database, such as pg_dump.")
	case err != nil:
		return err
	}
	return c.report("The copy is complete: " + v.File)
}

// checkVerb is the verb check.
type checkVerb struct{}

func (checkVerb) Help() string {
	return `Read the whole store and print its faults: relations to missing records, cycles, violated separation sets, gaps in the change log. The library itself never writes such faults. The exit code is 0 for a sound store and 1 for findings.`
}

// storeOnly is set because an Authority may be unable to open a damaged store.
func (*checkVerb) storeOnly() {}

func (v *checkVerb) Run(c *call) error {
	faults, err := storecare.Check(c.ctx, c.store, time.Now())
	if len(faults) > 0 || c.Output != "table" {
		if printing := c.printRows(faults); printing != nil {
			return errors.Join(err, printing)
		}
	}
	switch {
	case len(faults) > 0:
		if err != nil { // of damage, too
			c.note("The rest of the store could not be checked: %s", plain(err))
		}
		return errNo
	case err != nil:
		return err
	}
	return c.report("The store is sound.")
}
