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
}

// A Difference is a right that only one of the two systems grants.
type Difference struct {
	User       string `json:"user"`       // as the source has the name
	Permission string `json:"permission"` // "*" for all permissions of a superuser
	Scope      string `json:"scope,omitempty"`
	Here       bool   `json:"here"` // the Authority gives the right, and the source does not; else the reverse
	// Reason states why the import has not taken the right, if the Report has a
	// reason.
	Reason string `json:"reason,omitempty"`
}

// String returns a difference as a line: amy: post.edit in org:42: only in the
// source: …
func (d Difference) String() string {
	text := d.User + ": " + d.Permission
	if d.Scope != "" {
		text += " in " + d.Scope
	}
	if d.Here {
		return text + ": only here"
	}
	text += ": only in the source"
	if d.Reason != "" {
		text += ": " + d.Reason
	}
	return text
}

// Equal reports whether both systems give the same rights to every user.
func (p *Proof) Equal() bool { return p.Count == 0 }

// maxDifferences is how many differences a Proof has.
const maxDifferences = 1000

// Prove compares the current rights of every user. The Report, which may be
// nil, explains the differences. Rights that the import has not taken are
// differences, too: those of superusers, of patterns and of users who were
// refused.
//
// Rights are permissions in scopes. Prove does not compare users who are not in
// the source, and reads users one by one, a few thousand in a second.
//
// Errors: ErrInvalid for an Authority that is nil; ErrUnavailable.
func (p *Plan) Prove(ctx context.Context, a *rbac.Authority, r *Report) (*Proof, error) {
	if a == nil {
		return nil, invalid("authority", "", "", "needed")
	}
	if r == nil {
		r = &Report{}
	}
	var permissions []rbac.Permission
	err := a.View(ctx, func(tx *rbac.Tx) (err error) {
		permissions, err = tx.Permissions()
		return err
	})
	if err != nil {
		return nil, err
	}
	proof := &Proof{Users: len(p.users)}
	for n := range p.users {
		u := &p.users[n]
		here, err := rightsHere(ctx, a, u.Subject, permissions)
		if err != nil {
			return nil, err
		}
		proof.compare(u, u.old(), here, len(permissions), r)
	}
	return proof, nil
}

// rightsHere asks the Authority for the rights of a user. An unknown or disabled
// user has none.
func rightsHere(ctx context.Context, a *rbac.Authority, subject string, permissions []rbac.Permission) (map[right]bool, error) {
	id, err := a.IdentityBySubject(ctx, subject)
	if errors.Is(err, rbac.ErrNotFound) || errors.Is(err, rbac.ErrDenied) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
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
	return here, nil
}

func (p *Proof) compare(u *user, old oldRights, here map[right]bool, permissions int, r *Report) {
	reason := r.users[u.Subject]
	if old.all {
		if everywhere := len(here); everywhere == permissions && permissions > 0 {
			p.Rights += permissions
		} else {
			p.differ(Difference{User: u.Name, Permission: "*", Reason: reason})
		}
		return
	}
	var differences []Difference
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
	slices.SortFunc(differences, func(a, b Difference) int {
		return cmp.Or(cmp.Compare(a.Permission, b.Permission), cmp.Compare(a.Scope, b.Scope))
	})
	for _, d := range differences {
		p.differ(d)
	}
}

func (p *Proof) differ(d Difference) {
	p.Count++
	if len(p.Differences) < maxDifferences {
		p.Differences = append(p.Differences, d)
	}
}
