package rbaccli

import (
	"slices"

	"github.com/rbac-go/rbac"
)

// inheritVerbs are the verbs for inheritances.
type inheritVerbs struct {
	List   inheritList   `cmd:"" help:"List inheritances."`
	Add    inheritAdd    `cmd:"" help:"Let a group inherit other groups."`
	Remove inheritRemove `cmd:"" help:"End inheritances of a group."`
}

type inheritList struct {
	Group string `placeholder:"GROUP" help:"Only inheritances from or to this group."`
}

func (v *inheritList) Run(c *call) error {
	return list(c, func(tx *rbac.Tx) ([]rbac.Inheritance, error) {
		all, err := tx.Inheritances()
		if err != nil || v.Group == "" {
			return all, err
		}
		others := func(i rbac.Inheritance) bool { return v.Group != i.Senior && v.Group != i.Junior }
		_, err = tx.Group(v.Group)
		return slices.DeleteFunc(all, others), err
	})
}

// lineage names a group and the groups that it inherits.
type lineage struct {
	Senior  string   `arg:"" help:"The group that inherits."`
	Juniors []string `arg:"" name:"junior" help:"The groups that are inherited."`
}

func (l lineage) each(f func(rbac.Inheritance) error) error {
	for _, junior := range l.Juniors {
		if err := f(rbac.Inheritance{Senior: l.Senior, Junior: junior}); err != nil {
			return err
		}
	}
	return nil
}

type inheritAdd struct {
	lineage
	change
}

func (inheritAdd) Help() string {
	return `The senior group gets the permissions of the junior groups, and its users count as members of the junior groups.

    rbac inherit add chiefs editors`
}

func (v *inheritAdd) Run(c *call) error {
	return v.apply(c, func(tx *rbac.Tx) error { return v.each(tx.AddInheritance) })
}

type inheritRemove struct {
	lineage
	change
}

func (v *inheritRemove) Run(c *call) error {
	return v.apply(c, func(tx *rbac.Tx) error { return v.each(tx.DeleteInheritance) })
}
