package importer

import (
	"context"
	"errors"
	"slices"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/internal/names"
)

// given knows which rights of a user were given here since the import. A
// membership without the note of the import was, and so was a later grant
// without the note. Inheritances have no time, so a right by a new inheritance
// counts as a right of the import.
type given struct {
	note    string
	brought []rbac.Membership // by the import
	juniors map[string][]string
	grants  map[string][]rbac.Grant // by group
}

// readGiven reads the memberships of a user and all that groups give.
func (p *Plan) readGiven(ctx context.Context, a *rbac.Authority, user string) (*given, error) {
	g := &given{note: p.note(), juniors: map[string][]string{}, grants: map[string][]rbac.Grant{}}
	err := a.View(ctx, func(tx *rbac.Tx) error {
		memberships, err := tx.AssignedGroups(user)
		if err != nil {
			return err
		}
		g.brought = slices.DeleteFunc(memberships, func(m rbac.Membership) bool { return m.Note != g.note })
		inheritances, err1 := tx.Inheritances()
		groups, err2 := tx.Groups()
		if err := errors.Join(err1, err2); err != nil {
			return err
		}
		for _, of := range inheritances {
			g.juniors[of.Senior] = append(g.juniors[of.Senior], of.Junior)
		}
		for _, group := range groups {
			if g.grants[group.Name], err = tx.Grants(group.Name); err != nil {
				return err
			}
		}
		return nil
	})
	if isRefusal(err) { // the user was deleted meanwhile
		err = nil
	}
	return g, err
}

// reached returns the groups that a membership of the import gives in a scope.
func (g *given) reached(m rbac.Membership, scope string) map[string]bool {
	if m.Scope != "" && m.Scope != scope {
		return nil
	}
	return reach(m.Group, len(g.grants), func(name string) []string { return g.juniors[name] })
}

// since reports whether the user has a difference by nothing of the import.
func (g *given) since(d Difference) bool {
	covering := append(names.Covering(d.Permission), d.Permission)
	for _, m := range g.brought {
		for group := range g.reached(m, d.Scope) {
			if d.Delegation == group {
				return false
			}
			for _, of := range g.grants[group] {
				later := of.Note != g.note && of.GrantedAt.After(m.AssignedAt)
				if !later && slices.Contains(covering, of.Permission) {
					return false
				}
			}
		}
	}
	return true
}
