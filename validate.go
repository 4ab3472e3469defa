package rbac

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/rbac-go/rbac/internal/delegation"
	"github.com/rbac-go/rbac/internal/names"
	"github.com/rbac-go/rbac/internal/policy"
	"github.com/rbac-go/rbac/internal/replica"
	"github.com/rbac-go/rbac/store"
)

// Validate returns every fault of a predicate that does not depend on an
// Identity: a group or permission that the policy lacks, so that the predicate
// is broken and denies everybody; and a part that is broken for everybody, such
// as a nil predicate or an invalid name. Call Validate at start, after Declare,
// with the predicates of the program and with the results of [Parse].
//
// A granted pattern that matches no permission gives nothing. If one typing
// error separates the pattern from a pattern that gives a permission of p, the
// grant is a fault of p: ErrNotFound with Record "grant". Other unmatched
// patterns may be for permissions that are added later. Validate logs them as
// warnings, once for each state of the policy, and also each delegation with a
// group that nobody can assign by the delegation: the group inherits a group
// that the delegation does not name, or gives [Config.Administer].
//
// The error joins an [*Error] for each fault, without repetition, in the order
// of p.String: ErrNotFound with Record "group" or "permission" and the Name, or
// ErrInvalid. Validate does not look up users, who come and go, and cannot see
// inside a [Func]. If the store does not answer within 10 s, the error is
// ErrUnavailable.
func (a *Authority) Validate(p Predicate) error {
	ctx, cancel := context.WithTimeout(context.Background(), validateWait)
	defer cancel()
	var now *policy.Policy
	err := a.current(ctx, func(_ store.Records, st *replica.State) error {
		now = st.Policy
		return nil
	})
	if err != nil {
		return err
	}
	v := validation{policy: now, unmatched: now.UnmatchedPatterns(), seen: map[Error]bool{}}
	a.logUnused(now, v.unmatched)
	own(p).walk(v.visit)
	return errors.Join(v.errs...)
}

// validateWait bounds how long Validate waits for the store, so that a program
// does not hang at its start.
const validateWait = 10 * time.Second

// validation collects the faults of a predicate.
type validation struct {
	policy    *policy.Policy
	unmatched []string // granted patterns that match no permission
	seen      map[Error]bool
	errs      []error
}

func (v *validation) visit(p *predicate) {
	switch r := p.rule.(type) {
	case *flawed:
		v.add(Error{Kind: ErrInvalid, Record: "predicate", Name: r.name, Reason: r.cause}, nil)
	case *inGroup:
		if name := r.group.Name; v.policy.Group(name) == nil {
			v.add(Error{Kind: ErrNotFound, Record: "group", Name: name}, v.policy.GroupNames)
		}
	case *hasPermission:
		name := r.permission.Name
		if v.policy.Permission(name) == nil {
			v.add(Error{Kind: ErrNotFound, Record: "permission", Name: name}, v.policy.PermissionNames)
		}
		v.misspelt(name)
	}
}

// misspelt adds the granted patterns that are probably misspelt patterns of a
// permission.
func (v *validation) misspelt(permission string) {
	for _, pattern := range v.unmatched {
		for _, meant := range names.Covering(permission) {
			if meant == names.Everything || meant == pattern || !names.OneTypoApart(pattern, meant) {
				continue
			}
			for _, group := range v.policy.Grantees(pattern) {
				v.add(Error{Kind: ErrNotFound, Record: "grant", Name: grantName(Grant{Group: group, Permission: pattern}),
					Reason: unmatchedReason + "; did you mean " + strconv.Quote(meant) + "?"}, nil)
			}
		}
	}
}

// logUnused logs granted patterns that match nothing, and delegations with
// groups that nobody can assign, once for each policy.
func (a *Authority) logUnused(p *policy.Policy, patterns []string) {
	faults := delegation.Faults(p, a.cfg.Administer)
	if len(patterns)+len(faults) == 0 || a.warned.Swap(p.Serial()) == p.Serial() {
		return
	}
	for _, f := range faults {
		a.log.Warn("rbac: nobody can assign a group of a delegation", "delegation", f.Group, "reason", f.Reason)
	}
	for _, pattern := range patterns {
		a.log.Warn("rbac: a granted pattern matches no permission", "pattern", pattern, "groups", p.Grantees(pattern))
	}
}

// mostSuggestions bounds the work, because a suggestion compares a name with
// all names.
const mostSuggestions = 20

// add adds a fault with a suggestion from the known names.
func (v *validation) add(e Error, known func() []string) {
	if v.seen[e] {
		return
	}
	v.seen[e] = true
	if known != nil && len(v.errs) < mostSuggestions {
		e.Reason = names.Suggestion(e.Name, known())
	}
	v.errs = append(v.errs, &e)
}
