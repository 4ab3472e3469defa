package rbaccli

import (
	"errors"
	"time"

	"github.com/rbac-go/rbac/rbaccli/internal/storecare"
)

// backupVerb is the verb backup.
type backupVerb struct {
	File string `arg:"" help:"The new file. An existing file is refused."`
}

func (backupVerb) Help() string {
	return `Copy the store as it is at one moment, while services go on. Only the owner can read the copy, which is a store itself. PostgreSQL has pg_dump for that.

    rbac backup blog-2026-11-30.db`
}

func (v *backupVerb) Run(c *call) error {
	if err := storecare.Backup(c.ctx, c.opened, v.File); err != nil {
		return err
	}
	return c.report("The copy is complete: " + v.File)
}

// checkVerb is the verb check.
type checkVerb struct{}

func (checkVerb) Help() string {
	return `Read the whole store and print what the library never writes: relations to records that do not exist, cycles, separation sets that are violated, gaps in the change log. The exit code is 0 for a sound store and 1 for findings.`
}

func (v *checkVerb) Run(c *call) error {
	faults, err := storecare.Check(c.ctx, c.opened, time.Now())
	if len(faults) > 0 || c.Output != "table" {
		if printing := c.printRows(faults); printing != nil {
			return errors.Join(err, printing)
		}
	}
	switch {
	case err != nil:
		return err
	case len(faults) > 0:
		return errNo
	}
	return c.report("The store is sound.")
}
