package rbaccli

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/rbaccli/internal/storecare"
	"github.com/rbac-go/rbac/store"
)

// restoreVerb is the verb restore.
type restoreVerb struct {
	File    string `arg:"" help:"The copy, which stays as it is."`
	Replace bool   `help:"Replace a store that exists. What the store has now is lost."`
}

func (restoreVerb) Help() string {
	return `Put a copy that "rbac backup" has made in the place of the store. Stop every process on the store first, and run the verb as the account of the service. The copy is checked as by "rbac check", and has to be of the version of this program. A store that exists is refused without --replace, and a failure leaves the store as it is.

Everything that was changed since the copy is lost, and everything that was revoked since is in effect again: rights, sessions that were logged out, API keys that were ended. End all tickets before the service starts.

PostgreSQL has pg_restore for that:

    pg_restore --clean --if-exists --single-transaction --dbname="$DSN" rbac.dump

    rbac restore blog-2026-11-30.db --replace
    rbac session end --everybody --keys`
}

func (*restoreVerb) storeless() {}

func (v *restoreVerb) Run(c *call) error {
	to, err := c.storeName()
	if err != nil {
		return err
	}
	if strings.HasPrefix(to, "postgres:") || strings.HasPrefix(to, "postgresql:") {
		return usagef("Only an SQLite store can be restored from a file. For PostgreSQL, stop the services and use " +
			`pg_restore --clean --if-exists --single-transaction --dbname="$DSN" with a dump that pg_dump --format=custom has made.`)
	}
	exists, err := v.target(c, to)
	if err != nil {
		return err
	}
	from, err := c.openNamed(v.File, false, false)
	if err != nil {
		return err
	}
	c.opened = from
	if err := v.sound(c, from); err != nil {
		return err
	}
	last, err := lastChange(c, from)
	if err != nil {
		return err
	}
	err = storecare.Restore(c.ctx, from, to, exists)
	switch {
	case errors.Is(err, fs.ErrExist):
		return refusedf("The store %q exists by now. Nothing was done.", to)
	case errors.Is(err, rbac.ErrDenied):
		return refusedf("The store %q belongs to another account, and a store of yours would be of no use to that account. Nothing was done. "+
			"Run the verb as the account of the service.", to)
	case errors.Is(err, rbac.ErrInvalid):
		return usagef("%q is no SQLite store, and cannot be restored.", v.File)
	case err != nil:
		return err
	}
	if err := c.report(fmt.Sprintf("The store %s is now the copy %s%s.", to, v.File, last)); err != nil {
		return err
	}
	c.note("What was revoked since is in effect again. Before you start the service, end all tickets: %s session end --everybody --keys", c.name)
	return nil
}

// target reports whether there is a store to replace, and refuses a store that
// is to stay or that another process has open.
func (v *restoreVerb) target(c *call, to string) (exists bool, err error) {
	switch exists, err = storecare.Exists(to); {
	case err != nil:
		return false, usagef("The store %q cannot be restored: %v.", to, err)
	case exists && storecare.SameFile(v.File, to):
		return false, usagef("%q is the store itself.", v.File)
	case exists && !v.Replace:
		return false, refusedf("The store %q exists. With --replace, the copy replaces the store, and what the store has now is lost. "+
			"Stop every process on the store first.", to)
	case exists:
		// The last process that closes a database takes the files beside it into
		// the database. A store that cannot be opened keeps them.
		if old, err := c.openNamed(to, false, false); err == nil {
			old.Close()
		}
	}
	if left := storecare.Beside(to); left != "" {
		return false, refusedf("There is the file %q: a process has the store open, or has been killed, and SQLite would read the file into the copy. "+
			"Stop every process on the store. If none is left, move the store and the files beside the store to another folder.", left)
	}
	return exists, nil
}

// sound refuses a copy that is damaged.
func (v *restoreVerb) sound(c *call, from Store) error {
	faults, err := storecare.Check(c.ctx, from, time.Now())
	switch {
	case len(faults) > 0:
		return refusedf("The copy %q is damaged (%s). Nothing was done. %q lists the faults.",
			v.File, printable(faults[0].String()), c.name+" check --store "+v.File)
	case errors.Is(err, rbac.ErrUnavailable):
		return StoreError("The copy %q cannot be read: %s", v.File, plain(err))
	}
	return err
}

// lastChange returns the revision of a copy in words, and the time of its last
// change.
func lastChange(c *call, from Store) (text string, err error) {
	err = from.View(c.ctx, func(r store.Records) error {
		for change, err := range r.Changes(store.ChangeFilter{Newest: true, Limit: 1}) {
			if err != nil {
				return err
			}
			text = fmt.Sprintf(", whose last change is revision %v of %s", change.Revision, moment(change.At).short())
		}
		return nil
	})
	return text, err
}
