package rbaccli

import (
	"slices"

	"github.com/rbac-go/rbac"
)

// delegateVerbs are the verbs for delegations.
type delegateVerbs struct {
	List   delegateList   `cmd:"" help:"List delegations."`
	Show   delegateShow   `cmd:"" help:"Show the delegation of a group."`
	Add    delegateAdd    `cmd:"" help:"Let the members of a group assign other groups."`
	Change delegateChange `cmd:"" help:"Change the delegation of a group."`
	Remove delegateRemove `cmd:"" help:"Remove the delegation of a group."`
}

// delegationRow is a delegation in the output.
type delegationRow struct {
	Group  string   `json:"group"`
	Assign []string `json:"assign"`
	Users  bool     `json:"users"`
	Note   string   `json:"note"`
}

func newDelegationRow(d rbac.Delegation) delegationRow { return delegationRow(d) }

type delegateList struct{}

func (v *delegateList) Run(c *call) error {
	return list(c, func(tx *rbac.Tx) ([]delegationRow, error) {
		all, err := tx.Delegations()
		return mapped(all, newDelegationRow), err
	})
}

// delegation returns the delegation of a group.
func delegation(tx *rbac.Tx, group string) (rbac.Delegation, error) {
	if _, err := tx.Group(group); err != nil {
		return rbac.Delegation{}, err
	}
	all, err := tx.Delegations()
	if err != nil {
		return rbac.Delegation{}, err
	}
	if i := slices.IndexFunc(all, func(d rbac.Delegation) bool { return d.Group == group }); i >= 0 {
		return all[i], nil
	}
	return rbac.Delegation{}, &rbac.Error{Kind: rbac.ErrNotFound, Record: "delegation", Name: group}
}

type delegateShow struct {
	Group string `arg:"" help:"The group whose members assign."`
}

func (v *delegateShow) Run(c *call) error {
	return show(c, func(tx *rbac.Tx) (delegationRow, error) {
		d, err := delegation(tx, v.Group)
		return newDelegationRow(d), err
	})
}

type delegateAdd struct {
	Group  string   `arg:"" help:"The group whose members assign."`
	Assign []string `arg:"" help:"The groups that the members may assign."`
	Users  bool     `help:"The members may also add and change users, if they may assign all groups of the user."`
	Note   string   `placeholder:"TEXT" help:"Why the group has the delegation."`
	change
}

func (delegateAdd) Help() string {
	return `    rbac delegate add leads editors reviewers --users`
}

func (v *delegateAdd) Run(c *call) error {
	return v.apply(c, func(tx *rbac.Tx) error {
		return tx.AddDelegation(rbac.Delegation{Group: v.Group, Assign: v.Assign, Users: v.Users, Note: v.Note})
	})
}

type delegateChange struct {
	Group  string   `arg:"" help:"The group whose members assign."`
	Add    []string `sep:"none" placeholder:"GROUP" help:"A group that the members may assign, too; may be repeated."`
	Remove []string `sep:"none" placeholder:"GROUP" help:"A group that the members may no longer assign; may be repeated."`
	Users  *bool    `negatable:"" help:"The members may also add and change users, if they may assign all groups of the user."`
	Note   *string  `placeholder:"TEXT" help:"Why the group has the delegation."`
	change
}

func (v *delegateChange) Run(c *call) error {
	return v.apply(c, func(tx *rbac.Tx) error {
		d, err := delegation(tx, v.Group)
		if err != nil {
			return err
		}
		for _, g := range v.Remove {
			if !slices.Contains(d.Assign, g) {
				return &rbac.Error{Kind: rbac.ErrNotFound, Record: "group", Name: g, Reason: "in the delegation of " + v.Group}
			}
		}
		d.Assign = slices.DeleteFunc(d.Assign, func(g string) bool { return slices.Contains(v.Remove, g) })
		d.Assign = append(d.Assign, v.Add...)
		setTo(&d.Users, v.Users)
		setTo(&d.Note, v.Note)
		return tx.ModifyDelegation(d)
	})
}

type delegateRemove struct {
	Group string `arg:"" help:"The group whose members assign."`
	change
}

func (v *delegateRemove) Run(c *call) error {
	return v.apply(c, func(tx *rbac.Tx) error { return tx.DeleteDelegation(v.Group) })
}
