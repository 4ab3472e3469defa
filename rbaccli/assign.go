package rbaccli

import (
	"errors"

	"github.com/rbac-go/rbac"
)

// assignVerbs are the verbs for memberships.
type assignVerbs struct {
	List   assignList   `cmd:"" help:"List memberships."`
	Add    assignAdd    `cmd:"" help:"Put a user into groups."`
	Change assignChange `cmd:"" help:"Change the end or the note of a membership."`
	Remove assignRemove `cmd:"" help:"Take a user out of groups."`
}

// membershipRow is a membership in the output.
type membershipRow struct {
	User       string `json:"user"`
	Group      string `json:"group"`
	Scope      string `json:"scope"`
	Until      moment `json:"until"`
	Note       string `json:"note"`
	Source     string `json:"source"`
	AssignedBy string `json:"assigned_by"`
	AssignedAt moment `json:"assigned_at"`
}

func newMembershipRow(m rbac.Membership) membershipRow {
	return membershipRow{m.User, m.Group, m.Scope, moment(m.Until), m.Note, m.Source, m.AssignedBy, moment(m.AssignedAt)}
}

type assignList struct {
	User   string `placeholder:"USER" help:"Only memberships of this user."`
	Group  string `placeholder:"GROUP" help:"Only memberships of this group itself."`
	Scope  scope  `placeholder:"SCOPE" help:"Only memberships in this scope."`
	Ending *until `placeholder:"TIME" help:"Only memberships that end before: a date, or a duration such as 30d. Memberships that have ended are listed too."`
	Limit  int    `placeholder:"N" help:"List at most N memberships."`
}

func (v *assignList) Run(c *call) error {
	q := rbac.MembershipQuery{User: v.User, Group: v.Group, Limit: v.Limit}
	if v.Scope != "" {
		q.Scopes = []string{string(v.Scope)}
	}
	if v.Ending != nil {
		q.EndingBefore = v.Ending.Time
	}
	return list(c, func(tx *rbac.Tx) ([]membershipRow, error) {
		memberships, err := collect(c, tx.Memberships(q))
		return mapped(memberships, newMembershipRow), err
	})
}

// scope is a flag with a scope. Without the flag, the scope is empty. The empty
// argument is refused: an unset variable would otherwise make a membership that
// holds everywhere.
type scope string

// UnmarshalText reads the argument of the flag.
func (s *scope) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		return errors.New("the scope is empty: write a scope, or leave out --scope for none")
	}
	*s = scope(text)
	return nil
}

// place is where a membership holds.
type place struct {
	Scope scope `placeholder:"SCOPE" help:"Where the membership holds. Without it: everywhere."`
}

type assignAdd struct {
	User   string   `arg:"" help:"The name of the user."`
	Groups []string `arg:"" name:"group" help:"The names of the groups."`
	place
	Until *until `placeholder:"TIME" help:"When the membership ends: the beginning of a date, or a duration such as 90d."`
	Note  string `placeholder:"TEXT" help:"Why the user is in the groups."`
	change
}

func (assignAdd) Help() string {
	return `    rbac assign add amy editors
    rbac assign add bob auditors --scope org:42 --until 2027-01-01 --note "the audit of 2026"`
}

func (v *assignAdd) Run(c *call) error {
	end, err := v.Until.end()
	if err != nil {
		return err
	}
	isNew := false
	err = v.apply(c, func(tx *rbac.Tx) (err error) {
		if isNew, err = newScope(tx, string(v.Scope)); err != nil {
			return err
		}
		for _, g := range v.Groups {
			m := rbac.Membership{User: v.User, Group: g, Scope: string(v.Scope), Note: v.Note, Until: end}
			if err := tx.AssignUser(m); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil && isNew {
		c.note("The scope %q is new: nobody had a membership in it before. Check the spelling.", printable(string(v.Scope)))
	}
	return err
}

// newScope reports whether a scope has no membership yet. The empty scope,
// everywhere, is never new.
func newScope(tx *rbac.Tx, scope string) (bool, error) {
	if scope == "" {
		return false, nil
	}
	for _, err := range tx.Memberships(rbac.MembershipQuery{Scopes: []string{scope}, Limit: 1}) {
		return false, err
	}
	return true, nil
}

type assignChange struct {
	User  string `arg:"" help:"The name of the user."`
	Group string `arg:"" help:"The name of the group."`
	place
	Until *until  `placeholder:"TIME" help:"When the membership ends: a date, a duration such as 90d, or none."`
	Note  *string `placeholder:"TEXT" help:"Why the user is in the group."`
	change
}

func (v *assignChange) Run(c *call) error {
	end, err := v.Until.end()
	if err != nil {
		return err
	}
	return v.apply(c, func(tx *rbac.Tx) error {
		m, err := membership(tx, v.User, v.Group, string(v.Scope))
		if err != nil {
			return err
		}
		if v.Until != nil {
			m.Until = end
		}
		setTo(&m.Note, v.Note)
		return tx.ModifyMembership(m)
	})
}

// membership returns a membership as stored.
func membership(tx *rbac.Tx, user, group, scope string) (rbac.Membership, error) {
	for m, err := range tx.Memberships(rbac.MembershipQuery{User: user, Group: group, Scopes: []string{scope}, Limit: 1}) {
		return m, err
	}
	return rbac.Membership{}, &rbac.Error{Kind: rbac.ErrNotFound, Record: "membership", Name: user + " in " + group}
}

type assignRemove struct {
	User   string   `arg:"" help:"The name of the user."`
	Groups []string `arg:"" name:"group" help:"The names of the groups."`
	place
	change
}

func (v *assignRemove) Run(c *call) error {
	return v.apply(c, func(tx *rbac.Tx) error {
		for _, g := range v.Groups {
			if err := tx.DeassignUser(rbac.Membership{User: v.User, Group: g, Scope: string(v.Scope)}); err != nil {
				return err
			}
		}
		return nil
	})
}
