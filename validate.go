package rbac

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/rbac-go/rbac/internal/policy"
	"github.com/rbac-go/rbac/internal/replica"
	"github.com/rbac-go/rbac/store"
)

// Validate returns every fault of a predicate that can be known before it is asked: a group or
// permission that the policy does not have, for which it is broken and denies whoever comes; and a part that
// is broken for everybody, such as a nil one or an invalid name. Call it at start, after Declare, on
// the predicates that the program guards itself with, and on what [Parse] made.
//
// A granted pattern that matches no permission gives nothing. Where it differs in one
// letter from a pattern that would give a permission of p, it is a fault of p: ErrNotFound
// with Record "grant". The others are logged as warnings, once for each state of the
// policy: they may have been made for permissions that are added later.
//
// The error joins an [*Error] for each: ErrNotFound with Record "group" or "permission" and the Name, or ErrInvalid. Each
// is told once, in the order in which they are printed. Users are not looked up, since they
// come and go; nor is what a [Func] asks for. Where the store does not answer within 10 s it is ErrUnavailable.
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
	v := validation{policy: now, unmatched: now.UnmatchedPatterns(), told: map[Error]bool{}}
	a.logUnmatched(now, v.unmatched)
	own(p).walk(v.visit)
	return errors.Join(v.errs...)
}

// validateWait keeps a program from hanging at its start.
const validateWait = 10 * time.Second

// validation collects the faults of a predicate.
type validation struct {
	policy    *policy.Policy
	unmatched []string // granted patterns that match no permission
	told      map[Error]bool
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

// misspelt adds the granted patterns that were probably meant to give a permission.
func (v *validation) misspelt(permission string) {
	for _, pattern := range v.unmatched {
		for _, meant := range policy.Covering(permission) {
			if meant == policy.Everything || meant == pattern || distance([]rune(pattern), []rune(meant), 1) > 1 {
				continue
			}
			for _, group := range v.policy.Grantees(pattern) {
				v.add(Error{Kind: ErrNotFound, Record: "grant", Name: grantName(Grant{Group: group, Permission: pattern}),
					Reason: unmatchedReason + "; did you mean " + strconv.Quote(meant) + "?"}, nil)
			}
		}
	}
}

// logUnmatched warns of granted patterns that match nothing, once for each policy.
func (a *Authority) logUnmatched(p *policy.Policy, patterns []string) {
	if len(patterns) == 0 || a.warned.Swap(p.Serial()) == p.Serial() {
		return
	}
	for _, pattern := range patterns {
		a.log.Warn("rbac: a granted pattern matches no permission", "pattern", pattern, "groups", p.Grantees(pattern))
	}
}

// mostSuggestions bounds the work: each suggestion compares a name with all there are.
const mostSuggestions = 20

// add takes the names that may have been meant along.
func (v *validation) add(e Error, known func() []string) {
	if v.told[e] {
		return
	}
	v.told[e] = true
	if known != nil && len(v.errs) < mostSuggestions {
		e.Reason = suggestion(e.Name, known())
	}
	v.errs = append(v.errs, &e)
}

// suggestion asks back whether the closest of the known names was meant, if one is close.
func suggestion(name string, known []string) string {
	if meant := closest(name, known); meant != "" {
		return "did you mean " + strconv.Quote(meant) + "?"
	}
	return ""
}
