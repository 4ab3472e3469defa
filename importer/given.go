package importer

import (
	"context"
	"errors"
	"slices"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/internal/names"
)

// policyHere has the records of the Authority that a proof reads, apart from
// users.
type policyHere struct {
	note        string // of the records that the import has brought
	permissions []rbac.Permission
	delegations []rbac.Delegation
	juniors     map[string][]string
	grants      map[string][]rbac.Grant // of each group
}

func readPolicyHere(ctx context.Context, a *rbac.Authority, note string) (*policyHere, error) {
	var p *policyHere
	err := a.View(ctx, func(tx *rbac.Tx) error {
		p = &policyHere{note: note, juniors: map[string][]string{}, grants: map[string][]rbac.Grant{}}
		var err1, err2 error
		p.permissions, err1 = tx.Permissions()
		p.delegations, err2 = tx.Delegations()
		inheritances, err3 := tx.Inheritances()
		grants, err4 := tx.AllGrants()
		for _, of := range inheritances {
			p.juniors[of.Senior] = append(p.juniors[of.Senior], of.Junior)
		}
		for _, of := range grants {
			p.grants[of.Group] = append(p.grants[of.Group], of)
		}
		return errors.Join(err1, err2, err3, err4)
	})
	return p, err
}

// givenSince reports whether every path to a right has a membership or a grant
// that was made here. A membership with another note was made here, and so was
// a later grant with another note. Inheritances have no time, so a right by a
// new inheritance counts as a right of the import.
func (p *policyHere) givenSince(memberships []rbac.Membership, d Difference) bool {
	covering := append(names.Covering(d.Permission), d.Permission)
	for _, m := range memberships {
		if m.Note != p.note || m.Scope != "" && m.Scope != d.Scope {
			continue
		}
		for group := range reach(m.Group, len(p.juniors), func(name string) []string { return p.juniors[name] }) {
			if d.Delegation == group {
				return false
			}
			for _, of := range p.grants[group] {
				later := of.Note != p.note && of.GrantedAt.After(m.AssignedAt)
				if !later && slices.Contains(covering, of.Permission) {
					return false
				}
			}
		}
	}
	return true
}
