package importer

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/rbac-go/rbac"
)

// A Proof compares the rights of every user of a source, by the rules of the
// source, with the rights that an Authority gives.
type Proof struct {
	Users  int `json:"users"`  // of the source
	Rights int `json:"rights"` // that both give
	// Differences has the first 1,000 differences, by user, permission and scope.
	Differences []Difference `json:"differences"`
	Count       int          `json:"count"` // of all differences
	// Given has the first 1,000 rights that were given here since the import, by a
	// membership or a grant. These rights are not differences.
	Given []Difference `json:"given,omitempty"`
}

// A Difference is a right that only one of the two systems gives: a permission,
// or a delegation.
type Difference struct {
	User       string `json:"user"`                 // as the source has the name
	Permission string `json:"permission"`           // "*" for all permissions of a superuser; empty for a delegation
	Delegation string `json:"delegation,omitempty"` // the group whose delegation the user has here, which no source has
	Scope      string `json:"scope,omitempty"`
	Here       bool   `json:"here"` // the Authority gives the right, and the source does not; else the reverse
	// Reason states why the import has not taken the right, if the Report has a
	// reason, or that the right was given here since the import.
	Reason string `json:"reason,omitempty"`
}

// String returns a difference as a line: amy: post.edit in org:42: only in the
// source: …
func (d Difference) String() string {
	text := d.User + ": " + d.Permission
	if d.Delegation != "" {
		text += "the delegation of " + d.Delegation
	}
	if d.Scope != "" {
		text += " in " + d.Scope
	}
	if d.Here {
		text += ": only here"
	} else {
		text += ": only in the source"
	}
	if d.Reason != "" {
		text += ": " + d.Reason
	}
	return text
}

// Equal reports whether both systems give the same rights to every user, except
// for rights that were given here since the import.
func (p *Proof) Equal() bool { return p.Count == 0 }

// maxDifferences bounds the differences in a Proof.
const maxDifferences = 1000

// Prove compares the current rights of every user. The Report, which may be
// nil, explains the differences. Rights that the import has not taken are
// differences, too: the rights of superusers, of patterns and of refused users.
//
// Rights are permissions that exist, in scopes, and delegations, of which a
// source has none. Prove compares only users of the source, one by one: some
// thousands in a second.
//
// Errors: ErrInvalid for an Authority that is nil; ErrUnavailable.
func (p *Plan) Prove(ctx context.Context, a *rbac.Authority, r *Report) (*Proof, error) {
	if a == nil {
		return nil, invalid("authority", "", "", "needed")
	}
	if r == nil {
		r = &Report{}
	}
	policy, err := readPolicyHere(ctx, a, p.note())
	if err != nil {
		return nil, err
	}
	proof := &Proof{Users: len(p.users)}
	for n := range p.users {
		u := &p.users[n]
		id, err := a.IdentityBySubject(ctx, u.Subject)
		if err != nil && !errors.Is(err, rbac.ErrNotFound) && !errors.Is(err, rbac.ErrDenied) {
			return nil, err
		}
		memberships, err := membershipsHere(ctx, a, id)
		if err != nil {
			return nil, err
		}
		powers := delegationsHere(id, memberships, policy.delegations)
		for _, d := range proof.compare(u, u.old(), rightsHere(id, policy.permissions), powers, len(policy.permissions), r) {
			if d.Here && policy.givenSince(memberships, d) {
				d.Reason = "was given here since the import"
				proof.Given = upToMax(proof.Given, d)
				continue
			}
			proof.Count++
			proof.Differences = upToMax(proof.Differences, d)
		}
	}
	return proof, nil
}

// rightsHere returns the rights of a user. An unknown or disabled user, whose
// Identity is nil, has none.
func rightsHere(id *rbac.Identity, permissions []rbac.Permission) map[right]bool {
	here := map[right]bool{}
	for _, p := range permissions {
		everywhere, scopes := id.Scopes(p.Name)
		if everywhere {
			here[right{p.Name, ""}] = true
		}
		for _, scope := range scopes {
			here[right{p.Name, scope}] = true
		}
	}
	return here
}

// membershipsHere returns the memberships of a user. An unknown or disabled user,
// whose Identity is nil, has none that count.
func membershipsHere(ctx context.Context, a *rbac.Authority, id *rbac.Identity) (list []rbac.Membership, err error) {
	if id.IsAnonymous() {
		return nil, nil
	}
	err = a.View(ctx, func(tx *rbac.Tx) (err error) {
		list, err = tx.AssignedGroups(id.User())
		return err
	})
	if isRefusal(err) { // the user was deleted meanwhile
		err = nil
	}
	return list, err
}

// delegationsHere returns the delegations of a user, everywhere or by scopes.
func delegationsHere(id *rbac.Identity, memberships []rbac.Membership, delegations []rbac.Delegation) (found []Difference) {
	scopes := map[string]bool{}
	for _, m := range memberships {
		scopes[m.Scope] = true
	}
	delete(scopes, "") // InGroup is about groups that are held everywhere
	for _, d := range delegations {
		if id.InGroup(d.Group) {
			found = append(found, Difference{Delegation: d.Group, Here: true})
			continue
		}
		for scope := range scopes {
			if id.In(scope).InGroup(d.Group) {
				found = append(found, Difference{Delegation: d.Group, Scope: scope, Here: true})
			}
		}
	}
	return found
}

// compare counts the rights that both systems give, and returns the differences.
func (p *Proof) compare(u *user, old oldRights, here map[right]bool, powers []Difference, permissions int, r *Report) (differences []Difference) {
	reason := r.users[u.Subject]
	if old.all {
		everywhere := 0
		for of := range here {
			if of.scope == "" {
				everywhere++
			}
		}
		if everywhere == permissions && permissions > 0 {
			p.Rights += permissions
			return nil
		}
		return []Difference{{User: u.Name, Permission: "*", Reason: reason}}
	}
	for of := range old.held {
		if here[of] || here[right{of.permission, ""}] {
			p.Rights++
			continue
		}
		why := cmp.Or(reason, r.permissions[of.permission])
		differences = append(differences, Difference{User: u.Name, Permission: of.permission, Scope: of.scope, Reason: why})
	}
	for of := range here {
		if !old.held[of] && !old.held[right{of.permission, ""}] {
			differences = append(differences, Difference{User: u.Name, Permission: of.permission, Scope: of.scope, Here: true})
		}
	}
	for _, d := range powers {
		d.User = u.Name
		differences = append(differences, d)
	}
	slices.SortFunc(differences, func(a, b Difference) int {
		return cmp.Or(cmp.Compare(a.Permission, b.Permission), cmp.Compare(a.Delegation, b.Delegation), cmp.Compare(a.Scope, b.Scope))
	})
	return differences
}

// upToMax appends a difference, unless the list has as many as a Proof lists.
func upToMax(list []Difference, d Difference) []Difference {
	if len(list) < maxDifferences {
		list = append(list, d)
	}
	return list
}
