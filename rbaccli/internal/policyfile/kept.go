package policyfile

import (
	"context"
	"maps"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac"
)

// declaredPermissions returns, of the permissions that a prune would remove,
// those that a program has declared by [rbac.Authority.Declare]. Their removal
// would be final, since Declare adds each permission once.
//
// Declarations have no entry in the change log. A plan of a catalogue with new
// titles updates exactly the permissions that are declared, and changes nothing.
func declaredPermissions(ctx context.Context, a *rbac.Authority, f *File) (map[string]bool, error) {
	var marks map[mark]bool
	err := a.View(ctx, func(tx *rbac.Tx) (err error) {
		marks, err = readMarks(tx, f.Name)
		return err
	})
	if err != nil {
		return nil, err
	}
	var c rbac.Catalogue
	named := f.named()
	for m := range marks {
		if m.Kind == permissions.String() && !named[id{permissions, m.Key}] {
			c.Permissions = append(c.Permissions, rbac.Permission{Name: m.Key, Title: uuid.NewString()})
		}
	}
	declared := map[string]bool{}
	if len(c.Permissions) == 0 {
		return declared, nil
	}
	plan, err := a.Plan(ctx, c)
	for _, e := range plan.Update {
		declared[e.Name] = true
	}
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
