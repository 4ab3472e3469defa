package rbaccli

import (
	"slices"
	"time"

	"github.com/rbac-go/rbac"
)

// whoVerb is the verb who.
type whoVerb struct {
	Permission string `arg:"" help:"The name of the permission."`
	Scope      scope  `placeholder:"SCOPE" help:"Only users who have the permission there."`
	Disabled   bool   `help:"List disabled accounts too, which have no rights until they are enabled."`
	Paths      bool   `help:"Print for each user every path to the permission."`
	Limit      int    `placeholder:"N" help:"List at most N users."`
}

func (whoVerb) Help() string {
	return `Print the users who have the permission, the groups that give it to them, and where.

    rbac who post.edit
    rbac who invoice.read --scope org:42 --paths`
}

// holder is a user who has a permission.
type holder struct {
	User        string   `json:"user"`
	DisplayName string   `json:"display_name"`
	Email       string   `json:"email"`
	Groups      []string `json:"groups"`
	Everywhere  bool     `json:"everywhere"`
	Scopes      []string `json:"scopes"`
	Disabled    bool     `json:"disabled"`
	Paths       []path   `json:"paths,omitempty"`
}

// path is one way to a permission.
type path struct {
	Met  bool   `json:"met"`
	Path string `json:"path"`
}

func (v *whoVerb) Run(c *call) error {
	holders, err := v.holders(c)
	if err != nil {
		return err
	}
	if v.Paths {
		return v.printPaths(c, holders)
	}
	return c.printRows(holders)
}

func (v *whoVerb) holders(c *call) ([]holder, error) {
	q := rbac.UserQuery{Permission: v.Permission, Scope: string(v.Scope), State: rbac.EnabledUser, Limit: v.Limit}
	if v.Disabled {
		q.State = rbac.AnyUser
	}
	return read(c, func(tx *rbac.Tx) (holders []holder, err error) {
		groups, err := tx.PermissionGroups(v.Permission)
		if err != nil {
			return nil, err
		}
		giving := map[string]bool{}
		for _, g := range groups {
			giving[g.Name] = true
		}
		users, err := collect(c, tx.Users(q))
		for page := range slices.Chunk(users, usersPage) {
			found, err := v.page(c, tx, page, giving)
			if err != nil {
				return nil, err
			}
			holders = append(holders, found...)
		}
		return holders, err
	})
}

// usersPage is the number of users whose memberships are read at once.
const usersPage = 1000

// page finds the groups and scopes of some users.
func (v *whoVerb) page(c *call, tx *rbac.Tx, users []rbac.User, giving map[string]bool) ([]holder, error) {
	memberships, err := collect(c, tx.Memberships(rbac.MembershipQuery{Users: users}))
	if err != nil {
		return nil, err
	}
	of := map[string]*holder{}
	page := make([]holder, len(users))
	for i, u := range users {
		page[i] = holder{User: u.Name, DisplayName: u.DisplayName, Email: u.Email, Disabled: u.Disabled, Groups: []string{}, Scopes: []string{}}
		of[u.Name] = &page[i]
	}
	for _, m := range memberships {
		h := of[m.User]
		if h == nil || !giving[m.Group] || over(m, tx.Now()) || v.Scope != "" && m.Scope != "" && m.Scope != string(v.Scope) {
			continue
		}
		h.Groups = append(h.Groups, m.Group)
		h.Everywhere = h.Everywhere || m.Scope == ""
		if m.Scope != "" {
			h.Scopes = append(h.Scopes, m.Scope)
		}
	}
	for i := range page {
		page[i].Groups = sortedSet(page[i].Groups)
		page[i].Scopes = sortedSet(page[i].Scopes)
	}
	return page, nil
}

// over reports whether a membership has ended.
func over(m rbac.Membership, now time.Time) bool {
	return !m.Until.IsZero() && !m.Until.After(now)
}

func sortedSet(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}

// printPaths explains the permission of each holder.
func (v *whoVerb) printPaths(c *call, holders []holder) error {
	for i, h := range holders {
		var p rbac.Predicate = rbac.HasPermission(v.Permission)
		if scope := h.scopeOf(string(v.Scope)); scope != "" {
			p = rbac.In(scope, p)
		}
		e, err := c.auth.ExplainUser(c.ctx, h.User, p)
		if err != nil {
			return err
		}
		if c.Output == "table" {
			if err := c.println(c.bold(printable(h.User))); err != nil {
				return err
			}
			for _, l := range leaves(e) {
				if err := c.println("  " + printable(l.Path)); err != nil {
					return err
				}
			}
		}
		holders[i].Paths = leaves(e)
	}
	if c.Output == "table" {
		return nil
	}
	return c.printRows(holders)
}

// scopeOf returns the scope in which a holder is explained: the scope of the
// flag, or else the first scope of a holder who has the permission only in
// scopes.
func (h holder) scopeOf(asked string) string {
	if asked == "" && !h.Everywhere && len(h.Scopes) > 0 {
		return h.Scopes[0]
	}
	return asked
}

// leaves returns the paths of an explanation.
func leaves(e rbac.Explanation) (paths []path) {
	if len(e.Parts) == 0 {
		return []path{{e.Met, e.Reason}}
	}
	for _, part := range e.Parts {
		paths = append(paths, leaves(part)...)
	}
	return paths
}
