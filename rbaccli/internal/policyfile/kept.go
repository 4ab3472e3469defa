package policyfile

import (
	"context"
	"maps"

	"github.com/rbac-go/rbac"
)

// declaredPermissions returns, of the permissions that a prune would remove,
// those that a program has declared by [rbac.Authority.Declare]. Their removal
// would be final, since Declare adds each permission once.
func declaredPermissions(ctx context.Context, a *rbac.Authority, f *File) (map[string]bool, error) {
	declared, named := map[string]bool{}, f.named()
	err := a.View(ctx, func(tx *rbac.Tx) error {
		marks, err := readMarks(tx, f.Name)
		if err != nil {
			return err
		}
		for m := range marks {
			if m.Kind != permissions.String() || named[id{permissions, m.Key}] {
				continue
			}
			if declared[m.Key], err = tx.Declared(m.Key); err != nil {
				return err
			}
		}
		return nil
	})
	return declared, err
}

// readInUse collects the permissions that pruning keeps: those that a program
// has declared, and those with a grant that pruning leaves.
func (c *comparison) readInUse() {
	c.inUse = maps.Clone(c.pruning.declared) // the transaction may run again
	for _, r := range c.have {
		g, ok := r.value.(rbac.Grant)
		if ok && !c.isPruned(r) && !c.isPruned(c.have[id{groups, g.Group}]) {
			c.inUse[g.Permission] = true
		}
	}
}
