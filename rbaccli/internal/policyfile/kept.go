package policyfile

import (
	"context"
	"maps"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac"
)

// declaredPermissions returns the permissions that a program has declared by
// [rbac.Authority.Declare]: a pruned permission would stay deleted, since
// Declare adds each permission once.
//
// Declarations have no entry in the change log. A plan of a catalogue with new
// titles updates exactly the permissions that are declared, and changes nothing.
func declaredPermissions(ctx context.Context, a *rbac.Authority) (map[string]bool, error) {
	var c rbac.Catalogue
	err := a.View(ctx, func(tx *rbac.Tx) (err error) {
		c.Permissions, err = tx.Permissions()
		return err
	})
	if err != nil {
		return nil, err
	}
	for i, p := range c.Permissions {
		c.Permissions[i] = rbac.Permission{Name: p.Name, Title: uuid.NewString()}
	}
	plan, err := a.Plan(ctx, c)
	declared := map[string]bool{}
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
