package rbaccli

import (
	"github.com/rbac-go/rbac"
)

// groupVerbs are the verbs for groups.
type groupVerbs struct {
	List   groupList   `cmd:"" help:"List groups."`
	Show   groupShow   `cmd:"" help:"Show a group: grants, inheritances and members."`
	Add    groupAdd    `cmd:"" help:"Add a group."`
	Change groupChange `cmd:"" help:"Change a group."`
	Remove groupRemove `cmd:"" help:"Remove a group, with its memberships, grants and inheritances."`
}

// groupRow is a group in the output.
type groupRow struct {
	Name        string   `json:"name"`
	DisplayName string   `json:"display_name"`
	Inherits    []string `json:"inherits"`
	Note        string   `json:"note"`
	Created     moment   `json:"created" table:"-"`
	ID          string   `json:"id" table:"-"`
}

// groupNames lists the names of all groups.
func groupNames(tx *rbac.Tx) ([]string, error) {
	groups, err := tx.Groups()
	return mapped(groups, func(g rbac.Group) string { return g.Name }), err
}

type groupList struct{}

func (v *groupList) Run(c *call) error {
	return list(c, func(tx *rbac.Tx) ([]groupRow, error) {
		inheritances, err := tx.Inheritances()
		if err != nil {
			return nil, err
		}
		inherits := map[string][]string{}
		for _, i := range inheritances {
			inherits[i.Senior] = append(inherits[i.Senior], i.Junior)
		}
		groups, err := tx.Groups()
		return mapped(groups, func(g rbac.Group) groupRow {
			return groupRow{g.Name, g.DisplayName, filled(inherits[g.Name]), g.Note, moment(g.Created), g.ID.String()}
		}), err
	})
}

type groupShow struct {
	Name  string `arg:"" help:"The name of the group."`
	Limit int    `default:"100" placeholder:"N" help:"Show at most N members; 0: all."`
}

// groupRecord is a group with all that belongs to the group.
type groupRecord struct {
	Name        string          `json:"name"`
	DisplayName string          `json:"display_name"`
	Note        string          `json:"note"`
	Created     moment          `json:"created"`
	ID          string          `json:"id"`
	Inherits    []string        `json:"inherits"`
	InheritedBy []string        `json:"inherited_by"`
	Permissions []right         `json:"permissions"`
	Members     []membershipRow `json:"members"`
}

func (v *groupShow) Run(c *call) error {
	return show(c, func(tx *rbac.Tx) (r groupRecord, err error) {
		g, err := tx.Group(v.Name)
		if err != nil {
			return r, err
		}
		r = groupRecord{
			Name: g.Name, DisplayName: g.DisplayName, Note: g.Note, Created: moment(g.Created), ID: g.ID.String(),
			Inherits: []string{}, InheritedBy: []string{},
		}
		inheritances, err := tx.Inheritances()
		if err != nil {
			return r, err
		}
		for _, i := range inheritances {
			if i.Senior == g.Name {
				r.Inherits = append(r.Inherits, i.Junior)
			}
			if i.Junior == g.Name {
				r.InheritedBy = append(r.InheritedBy, i.Senior)
			}
		}
		if r.Permissions, err = groupRights(tx, g.Name); err != nil {
			return r, err
		}
		members, err := collect(c, tx.Memberships(rbac.MembershipQuery{Group: g.Name, Limit: v.Limit}))
		r.Members = mapped(members, newMembershipRow)
		return r, err
	})
}

type groupFields struct {
	DisplayName *string `placeholder:"TEXT" help:"The name for people."`
	Note        *string `placeholder:"TEXT" help:"A note for administrators."`
}

func (f groupFields) set(g *rbac.Group) {
	setTo(&g.DisplayName, f.DisplayName)
	setTo(&g.Note, f.Note)
}

type groupAdd struct {
	Name string `arg:"" help:"The name of the group, as programs write it."`
	groupFields
	Grant    []string `sep:"none" placeholder:"PERMISSION" help:"A permission or pattern for the group; may be repeated."`
	Inherits []string `sep:"none" placeholder:"GROUP" help:"A group that the group inherits; may be repeated."`
	change
}

func (groupAdd) Help() string {
	return `    rbac group add editors --grant post.edit --grant post.publish
    rbac group add chiefs --inherits editors`
}

func (v *groupAdd) Run(c *call) error {
	return v.apply(c, func(tx *rbac.Tx) error {
		g := rbac.Group{Name: v.Name}
		v.set(&g)
		if _, err := tx.AddGroup(g); err != nil {
			return err
		}
		for _, p := range v.Grant {
			if err := tx.GrantPermission(rbac.Grant{Group: v.Name, Permission: p}); err != nil {
				return err
			}
		}
		for _, junior := range v.Inherits {
			if err := tx.AddInheritance(rbac.Inheritance{Senior: v.Name, Junior: junior}); err != nil {
				return err
			}
		}
		return nil
	})
}

type groupChange struct {
	Name   string  `arg:"" help:"The name of the group."`
	Rename *string `placeholder:"NAME" help:"A new name. Programs that ask for the old name do not follow."`
	groupFields
	change
}

func (v *groupChange) Run(c *call) error {
	return v.apply(c, func(tx *rbac.Tx) error {
		g, err := tx.Group(v.Name)
		if err != nil {
			return err
		}
		v.set(&g)
		setTo(&g.Name, v.Rename)
		return tx.ModifyGroup(g)
	})
}

type groupRemove struct {
	Name string `arg:"" help:"The name of the group."`
	change
}

func (v *groupRemove) Run(c *call) error {
	return v.apply(c, func(tx *rbac.Tx) error { return tx.DeleteGroup(v.Name) })
}
