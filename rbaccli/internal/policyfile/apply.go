package policyfile

import (
	"context"
	"slices"

	"github.com/rbac-go/rbac"
)

// Apply brings a store into line with a file, in one Update, and returns what
// the Update has done. A second Apply of the same file changes nothing. With
// prune, Apply also removes the records that an earlier apply of a file with
// the same name has added and that the file no longer names. Permissions that a
// program has declared, or that keep a grant, stay.
//
// Renames are not guessed: a record with another name is another record. The
// rules of the store are checked against the final state: Apply removes records
// before it adds records, and adds separation sets last.
//
// Errors are those of Update and of the functions of [rbac.Tx], with the line
// of the record that was refused: ErrNotFound for a group, permission or user
// that neither the file nor the store has, ErrCycle, ErrSeparation,
// ErrProtected. With prune, ErrBusy can come from a preview that other Updates
// overtake; see [rbac.Authority.Preview]. After an error nothing has changed.
func Apply(ctx context.Context, a *rbac.Authority, f *File, prune bool) ([]Step, error) {
	p, err := pruningOf(ctx, a, f, prune)
	if err != nil {
		return nil, err
	}
	var c *comparison
	err = a.Update(ctx, func(tx *rbac.Tx) (err error) {
		if c, err = compare(tx, f, p, a.Config().Administer); err != nil {
			return err
		}
		return c.apply(tx)
	})
	if err != nil {
		return nil, err
	}
	return c.steps(), nil
}

// pass is a round over the differences.
type pass struct {
	put  bool // add and change records; otherwise remove records
	kind kind
}

// passes is the order of changes. Removals come first, and can violate neither
// the rule about cycles nor separation of duty. After the removals, the
// relations only grow, so any refusal would also be a refusal of the final
// state. Changed sets are removed and made anew, so that they apply to the
// final state, too.
var passes = []pass{
	{false, memberships}, {false, inheritances}, {false, grants}, {false, delegations}, {false, separations},
	{false, groups}, {false, permissions},
	{true, sections}, {true, permissions}, {true, groups}, {true, inheritances}, {true, grants},
	{true, delegations}, {true, memberships}, {true, separations},
	{false, sections}, // permissions have left them
}

// apply makes the differences.
func (c *comparison) apply(tx *rbac.Tx) error {
	for _, p := range passes {
		for _, d := range c.differences {
			if err := d.inPass(tx, p); err != nil {
				if d.is != nil {
					return c.file.at(d.is.line, err)
				}
				return err
			}
		}
	}
	return c.keepMarks(tx)
}

func (d difference) inPass(tx *rbac.Tx, p pass) error {
	renewed := d.is != nil && d.is.kind == separations
	switch {
	case p.put && d.is != nil && d.is.kind == p.kind:
		return put(tx, d.was == nil || renewed, d.is.value)
	case !p.put && d.was != nil && d.was.kind == p.kind && (d.is == nil || renewed):
		return remove(tx, d.was.value)
	}
	return nil
}

// put adds or changes a record.
func put(tx *rbac.Tx, add bool, value any) (err error) {
	switch v := value.(type) {
	case rbac.Section:
		if add {
			return tx.AddSection(v)
		}
		return tx.ModifySection(v)
	case rbac.Permission:
		if add {
			_, err = tx.AddPermission(v)
			return err
		}
		was, err := tx.Permission(v.Name)
		if err != nil {
			return err
		}
		v.ID = was.ID
		return tx.ModifyPermission(v)
	case rbac.Group:
		if add {
			_, err = tx.AddGroup(v)
			return err
		}
		was, err := tx.Group(v.Name)
		if err != nil {
			return err
		}
		v.ID = was.ID
		return tx.ModifyGroup(v)
	case rbac.Inheritance:
		return tx.AddInheritance(v)
	case rbac.Grant:
		if add {
			return tx.GrantPermission(v)
		}
		return tx.ModifyGrant(v)
	case separation:
		if v.Dynamic {
			return tx.CreateDSDSet(v.SeparationSet)
		}
		return tx.CreateSSDSet(v.SeparationSet)
	case rbac.Delegation:
		return putDelegation(tx, v)
	case rbac.Membership:
		if add {
			return tx.AssignUser(v)
		}
		return tx.ModifyMembership(v)
	}
	return nil
}

// putDelegation adds or changes a delegation. A delegation whose last group was
// removed is gone by now.
func putDelegation(tx *rbac.Tx, d rbac.Delegation) error {
	all, err := tx.Delegations()
	if err != nil {
		return err
	}
	if slices.ContainsFunc(all, func(was rbac.Delegation) bool { return was.Group == d.Group }) {
		return tx.ModifyDelegation(d)
	}
	return tx.AddDelegation(d)
}

// remove removes a record.
func remove(tx *rbac.Tx, value any) error {
	switch v := value.(type) {
	case rbac.Section:
		return tx.DeleteSection(v.Name)
	case rbac.Permission:
		return tx.DeletePermission(v.Name)
	case rbac.Group:
		return tx.DeleteGroup(v.Name)
	case rbac.Inheritance:
		return tx.DeleteInheritance(v)
	case rbac.Grant:
		return tx.RevokePermission(v)
	case separation:
		if v.Dynamic {
			return tx.DeleteDSDSet(v.Name)
		}
		return tx.DeleteSSDSet(v.Name)
	case rbac.Delegation:
		return tx.DeleteDelegation(v.Group)
	case rbac.Membership:
		return tx.DeassignUser(v)
	}
	return nil
}
