package rbaccli

import (
	"github.com/rbac-go/rbac"
)

// grantVerbs are the verbs for permissions of groups.
type grantVerbs struct {
	List   grantList   `cmd:"" help:"List grants."`
	Add    grantAdd    `cmd:"" help:"Grant permissions to a group."`
	Change grantChange `cmd:"" help:"Change the note of a grant."`
	Remove grantRemove `cmd:"" help:"Revoke permissions of a group."`
}

// grantRow is a grant in the output.
type grantRow struct {
	Group      string `json:"group"`
	Permission string `json:"permission"`
	Note       string `json:"note"`
	GrantedBy  string `json:"granted_by"`
	GrantedAt  moment `json:"granted_at"`
}

type grantList struct {
	Group      string `placeholder:"GROUP" help:"Only the grants of this group."`
	Permission string `placeholder:"PERMISSION" help:"Only grants of exactly this permission or pattern."`
}

func (v *grantList) Run(c *call) error {
	return list(c, func(tx *rbac.Tx) (rows []grantRow, err error) {
		groups := []string{v.Group}
		if v.Group == "" {
			if groups, err = groupNames(tx); err != nil {
				return nil, err
			}
		}
		for _, group := range groups {
			grants, err := tx.Grants(group)
			if err != nil {
				return nil, err
			}
			for _, g := range grants {
				if v.Permission == "" || v.Permission == g.Permission {
					rows = append(rows, grantRow{g.Group, g.Permission, g.Note, g.GrantedBy, moment(g.GrantedAt)})
				}
			}
		}
		return rows, nil
	})
}

type grantAdd struct {
	Group       string   `arg:"" help:"The name of the group."`
	Permissions []string `arg:"" name:"permission" help:"Permissions, or patterns such as post.* in quotes."`
	Note        string   `placeholder:"TEXT" help:"Why the group has the permissions."`
	change
}

func (grantAdd) Help() string {
	return `    rbac grant add editors post.edit post.publish
    rbac grant add admins 'post.*' --dry-run`
}

func (v *grantAdd) Run(c *call) error {
	return v.apply(c, func(tx *rbac.Tx) error {
		for _, p := range v.Permissions {
			if err := tx.GrantPermission(rbac.Grant{Group: v.Group, Permission: p, Note: v.Note}); err != nil {
				return err
			}
		}
		return nil
	})
}

type grantChange struct {
	Group      string `arg:"" help:"The name of the group."`
	Permission string `arg:"" help:"The permission or pattern."`
	Note       string `required:"" placeholder:"TEXT" help:"Why the group has the permission."`
	change
}

func (v *grantChange) Run(c *call) error {
	return v.apply(c, func(tx *rbac.Tx) error {
		return tx.ModifyGrant(rbac.Grant{Group: v.Group, Permission: v.Permission, Note: v.Note})
	})
}

type grantRemove struct {
	Group       string   `arg:"" help:"The name of the group."`
	Permissions []string `arg:"" name:"permission" help:"Permissions or patterns, as they were granted."`
	change
}

func (v *grantRemove) Run(c *call) error {
	return v.apply(c, func(tx *rbac.Tx) error {
		for _, p := range v.Permissions {
			if err := tx.RevokePermission(rbac.Grant{Group: v.Group, Permission: p}); err != nil {
				return err
			}
		}
		return nil
	})
}
