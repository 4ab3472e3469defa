package rbac

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/internal/policy"
	"github.com/rbac-go/rbac/internal/replica"
	"github.com/rbac-go/rbac/store"
)

// ExplainUser explains a predicate for an administrator, with all groups of a
// user active and in the third person. Beyond the result of [Explain], each
// group and permission in the predicate has every path to the group or
// permission as Parts, with actor and date:
//
//	bob → auditors (assigned by amy, 2026-03-01) → accounting (inherited)
//
// A path of no effect is listed, too, with Met false and the reason: the
// membership has ended, is in another scope, or is left out because of a
// dynamic separation set. If no path has an effect, the Parts name the groups
// with an effect. If a separation set is in the way, the Part names the set,
// the groups of the set and the paths. At most 100 paths and 100 groups are
// listed, and then a Part says "and more".
//
// For a disabled account nothing is met: the tree is then a single Part.
//
// Errors: ErrInvalid for an impossible name; ErrNotFound; ErrUnavailable.
func (a *Authority) ExplainUser(ctx context.Context, user string, p Predicate) (Explanation, error) {
	name, err := canonicalUser(user)
	if err != nil {
		return Explanation{}, err
	}
	var e Explanation
	err = a.current(ctx, func(r store.Records, st *replica.State) error {
		u, err := r.User(store.UserKey{Name: name})
		if err != nil {
			return named(err, "user", user)
		}
		memberships, err := r.UserMemberships(u.ID)
		if err != nil {
			return err
		}
		x := &userExplainer{r: r, now: a.now(), policy: st.Policy, user: User(u.User),
			memberships: memberships}
		e = x.explain(p, &a.noTicket)
		return x.failed
	})
	if err != nil {
		return Explanation{}, err
	}
	return e, nil
}

// maxEvidence bounds the paths, and the groups, under a leaf: the number of
// paths can be exponential.
const maxEvidence = 100

// userExplainer finds the paths from a user to groups and permissions.
type userExplainer struct {
	r           store.Records
	now         time.Time
	policy      *policy.Policy
	user        User
	memberships []store.Membership
	failed      error
}

func (x *userExplainer) explain(p Predicate, from *origin) Explanation {
	assigned := x.policy.Assigned(x.memberships, x.now)
	id := &identify(x.policy, x.user.ID, x.user.Name, assigned, store.Ticket{}, from).Identity
	id.thirdPerson = true
	_, e := explainer{evidence: x.evidence}.explain(own(p), id)
	if x.user.Disabled {
		return Explanation{Predicate: e.Predicate, Reason: "the account of " + x.user.Name + " is disabled",
			Parts: []Explanation{e}}
	}
	return e
}

func (x *userExplainer) evidence(rule leaf, id *Identity) []Explanation {
	switch rule := rule.(type) {
	case *inGroup:
		name := rule.group.Name
		if sources, ok := x.policy.SourcesOfGroup(name); ok {
			ends := func(int32) []string { return []string{""} }
			return x.paths(id, goal{sources, x.policy.ToGroup(name), ends})
		}
	case *hasPermission:
		name := rule.permission.Name
		if sources, ok := x.policy.SourcesOfPermission(name); ok {
			ends := func(group int32) []string { return x.grants(group, name) }
			return x.paths(id, goal{sources, x.policy.ToPermission(name), ends})
		}
	}
	return nil
}

// goal is the end of paths: a group or a permission.
type goal struct {
	sources []int32 // all groups with a path to the goal, sorted
	target  policy.Target
	ends    func(group int32) []string // the texts at the end of a path, by the last group
}

// grants describes a group's own matching grants for a permission, each as the
// end of a path.
func (x *userExplainer) grants(group int32, permission string) (ends []string) {
	for _, text := range x.policy.GrantsGiving(group, permission) {
		grant, err := x.r.Grant(x.policy.ID(group), text)
		if err != nil {
			x.failed = cmp.Or(x.failed, err)
			return nil
		}
		ends = append(ends, " → "+text+" ("+actorText("granted", grant.GrantedBy, grant.GrantedAt)+")")
	}
	return ends
}

// actorText reads like: granted by amy, 2026-03-01.
func actorText(action, actor string, at time.Time) string {
	if actor != "" {
		action += " by " + actor
	}
	return action + ", " + at.Format(time.DateOnly)
}

// paths lists the paths from the user's memberships to a goal, paths in force
// first. Without a path in force, paths also lists the groups with a path.
func (x *userExplainer) paths(id *Identity, g goal) (list []Explanation) {
	starts := x.starts(id, g.sources)
	for _, s := range starts {
		for path := range x.policy.AllPaths(s.group, g.sources, g.target) {
			text := s.text
			for _, n := range path[1:] {
				text += " → " + x.policy.Name(n) + " (inherited)"
			}
			for _, end := range g.ends(path[len(path)-1]) {
				if len(list) == maxEvidence {
					return append(list, Explanation{Reason: "and more paths"})
				}
				list = append(list, Explanation{Reason: text + end, Met: s.counts})
			}
		}
	}
	if len(starts) == 0 || !starts[0].counts {
		list = append(list, x.advice(id, g.sources)...)
	}
	return list
}

// start is a membership at the beginning of paths.
type start struct {
	group  int32
	scope  string
	counts bool
	text   string
}

// starts returns the memberships in some sorted groups, sorted by effect, group
// and scope.
func (x *userExplainer) starts(id *Identity, groups []int32) (starts []start) {
	for _, m := range x.memberships {
		n, ok := x.policy.Number(m.Group)
		if _, leads := slices.BinarySearch(groups, n); !ok || !leads {
			continue
		}
		text := x.user.Name + " → " + x.policy.Name(n) +
			" (" + actorText("assigned", m.AssignedBy, m.AssignedAt)
		if m.Scope != "" {
			text += ", in " + m.Scope
		}
		obstacle := x.obstacle(m, n, id)
		starts = append(starts, start{n, m.Scope, obstacle == "", text + obstacle + ")"})
	}
	slices.SortFunc(starts, func(a, b start) int {
		if a.counts != b.counts {
			if a.counts {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(x.policy.Name(a.group), x.policy.Name(b.group)),
			cmp.Compare(a.scope, b.scope))
	})
	return starts
}

// obstacle returns why a membership does not count for id, "" for a membership
// in force.
func (x *userExplainer) obstacle(m store.Membership, group int32, id *Identity) string {
	switch {
	case !policy.Counts(m.Until, x.now):
		return ", ended " + m.Until.Format(time.DateOnly)
	case m.Scope != "" && m.Scope != id.scope:
		return ", which is not asked about"
	case slices.Contains(id.here.Omitted(), group):
		return "; " + id.omission(group)
	}
	return ""
}

// advice describes the effect of a membership in each of some groups,
// everywhere or in the scope of id. A separation set in the way is named: a
// static set refuses the membership, a dynamic set leaves a group out.
func (x *userExplainer) advice(id *Identity, groups []int32) (list []Explanation) {
	static, err := x.staticPolicy(groups)
	if err != nil {
		x.failed = cmp.Or(x.failed, err)
		return nil
	}
	assigned := x.policy.Assigned(x.memberships, x.now)
	for _, n := range x.policy.ByName(groups) {
		if slices.Contains(assigned.In(id.scope), n) {
			continue // the path from the group has the reason
		}
		if len(list) == maxEvidence {
			return append(list, Explanation{Reason: "and more groups"})
		}
		with := assigned.With(id.scope, n)
		effect := cmp.Or(x.refusal(static, id.scope, with), x.effect(id, n, with))
		list = append(list, Explanation{Reason: "a membership in " + x.policy.Name(n) + effect})
	}
	return list
}

// staticPolicy returns the policy with static sets in place of the dynamic
// sets: those that have members among groups and the groups that they inherit.
func (x *userExplainer) staticPolicy(groups []int32) (*policy.Policy, error) {
	ids := []uuid.UUID{}
	for _, n := range x.policy.Closure(groups) {
		ids = append(ids, x.policy.ID(n))
	}
	sets, err := x.r.Separations(store.SeparationFilter{Groups: ids})
	return x.policy.WithSeparations(sets), err
}

// refusal describes the violation of a static set by assignments, like the
// error of AssignUser; "" without a violation.
func (x *userExplainer) refusal(static *policy.Policy, scope string, with policy.Assigned) string {
	in := []string{scope}
	if scope == "" {
		in = with.Scopes()
	}
	for _, scope := range in {
		if v, ok := static.ViolationAmong(scope, with.In(scope)); ok {
			return " is refused by the static set " + v.Set().Name + ": " +
				violationText(v, v.SetGroups(), x.user.Name)
		}
	}
	return ""
}

// effect describes the effect of an additional group. An additional group can
// leave a group out: groups are activated in the order of the names.
func (x *userExplainer) effect(id *Identity, n int32, with policy.Assigned) string {
	active := x.policy.Activate(with, store.Ticket{})
	then := *id
	then.active, then.here = &active, active.In(id.scope)
	if slices.Contains(then.here.Omitted(), n) {
		return " would not do: " + then.omission(n)
	}
	var lost []string
	for _, o := range id.here.Own() {
		if slices.Contains(then.here.Omitted(), o) {
			lost = append(lost, x.policy.Name(o))
		}
	}
	if len(lost) > 0 {
		return " would give it, and leave out " + listed(lost, ", ")
	}
	return " would give it"
}
