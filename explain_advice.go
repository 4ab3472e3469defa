package rbac

import (
	"cmp"
	"maps"
	"slices"

	"github.com/google/uuid"
	"github.com/rbac-go/rbac/store"
)

// wouldGive names the groups that a membership in would do, everywhere or in the scope that is asked about. Where a set is
// in the way it says so: a static one refuses the membership, a dynamic one leaves something out.
func (x *witness) wouldGive(id *Identity, givers []int32) (parts []Explanation) {
	static, err := x.staticPolicy(givers)
	if err != nil {
		x.failed = cmp.Or(x.failed, err)
		return nil
	}
	assigned := x.policy.assigned(x.memberships, x.now)
	for _, n := range x.policy.byName(slices.Clone(givers)) {
		if slices.Contains(assignedIn(assigned, id.scope), n) {
			continue // the path there tells what is wrong with it
		}
		if len(parts) == maxEvidence {
			return append(parts, Explanation{Reason: "and more groups"})
		}
		with := maps.Clone(assigned)
		with[id.scope] = append(slices.Clone(with[id.scope]), n)
		membership := "a membership in " + x.policy.group(n).Name
		parts = append(parts, Explanation{Reason: membership + cmp.Or(x.refused(static, id.scope, with), x.outcome(id, n, with))})
	}
	return parts
}

// staticPolicy is the policy with the static sets that givers, with what they inherit, are in.
func (x *witness) staticPolicy(givers []int32) (*policy, error) {
	var groups []uuid.UUID
	for _, n := range x.policy.closeOver(givers) {
		groups = append(groups, x.policy.group(n).ID)
	}
	sets, err := x.r.GroupSeparations(false, groups)
	p := x.policy.fork()
	p.setSeparations(sets)
	return p, err
}

// refused tells the static set that a user with these groups would violate, as AssignUser would; empty if there is none.
func (x *witness) refused(p *policy, scope string, with map[string][]int32) string {
	in := []string{scope}
	if scope == "" {
		in = scopes(with)
	}
	for _, scope := range in {
		if v, ok := p.violation(scope, assignedIn(with, scope)); ok {
			set := p.separationSet(v.set)
			return " is refused by the static set " + set.Name + ": " + v.text(set, x.user.Name)
		}
	}
	return ""
}

// outcome tells what a group would do that a user had besides: what is active together goes by the order of activation.
func (x *witness) outcome(id *Identity, n int32, with map[string][]int32) string {
	then := *id
	then.active = x.policy.activate(with, store.Ticket{})
	active := then.active.in(id.scope)
	if slices.Contains(active.omitted(), n) {
		return " would not do: " + then.leftOut(n)
	}
	var lost []string
	for _, o := range id.active.in(id.scope).own() {
		if slices.Contains(active.omitted(), o) {
			lost = append(lost, x.policy.group(o).Name)
		}
	}
	if len(lost) > 0 {
		return " would give it, and leave out " + listed(lost, ", ")
	}
	return " would give it"
}
