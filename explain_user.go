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

// ExplainUser explains a predicate for an administrator: for a user with all
// their groups active, in the third person. Beyond the result of [Explain], each
// group and permission in the predicate has as its Parts every path that gives
// it, with actor and date:
//
//	bob → auditors (assigned by amy, 2026-03-01) → accounting (inherited)
//
// A path that does not count now is listed, too, with Met false and the reason: a
// membership that has ended, is in another scope, or is left out by a dynamic
// separation set. If nothing gives the group or permission, the Parts name the
// groups that would. If a separation set is in the way of such a group, the Part
// names the set, its groups and the paths. Of each kind at most 100 are listed,
// and then a Part that there are more.
//
// For a disabled account nothing is met: the tree is then the one Part.
//
// Errors: ErrInvalid for a text that cannot be a name; ErrNotFound; ErrUnavailable.
func (a *Authority) ExplainUser(ctx context.Context, user string, p Predicate) (Explanation, error) {
	name, err := canonicalUser(user)
	if err != nil {
		return Explanation{}, err
	}
	var e Explanation
	err = a.current(ctx, func(r store.Records, st *replica.State) error {
		u, err := r.UserByName(name)
		if err != nil {
			return named(err, "user", user)
		}
		memberships, err := r.UserMemberships(u.ID)
		if err != nil {
			return err
		}
		x := &userExplainer{r: r, now: a.now(), policy: st.Policy, user: User(u.User), memberships: memberships}
		e = x.explain(p, &a.noTicket)
		return x.failed
	})
	if err != nil {
		return Explanation{}, err
	}
	return e, nil
}

// maxEvidence bounds the paths, and the groups, that are listed under one leaf:
// there can be exponentially many paths.
const maxEvidence = 100

// userExplainer finds the paths that give a user groups and permissions.
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
			return x.paths(id, goal{sources, x.policy.ToGroup(name), func(int32) []string { return []string{""} }})
		}
	case *hasPermission:
		name := rule.permission.Name
		if sources, ok := x.policy.SourcesOfPermission(name); ok {
			return x.paths(id, goal{sources, x.policy.ToPermission(name), func(group int32) []string {
				return x.grants(group, name)
			}})
		}
	}
	return nil
}

// goal is a group or a permission that paths lead to.
type goal struct {
	sources []int32 // all groups from which a path leads to the goal, sorted
	target  policy.Target
	ends    func(group int32) []string // the texts at the end of a path to a group of target
}

// grants describes a group's own grants that give a permission, each as the end
// of a path.
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

// paths lists the paths from the user's memberships to a goal, those that count
// first. If none counts, it lists the groups that would lead there, too.
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

// starts returns the memberships in one of some groups, which are sorted: those
// that count for id first, then by group and scope.
func (x *userExplainer) starts(id *Identity, groups []int32) (starts []start) {
	for _, m := range x.memberships {
		n, ok := x.policy.Number(m.Group)
		if _, leads := slices.BinarySearch(groups, n); !ok || !leads {
			continue
		}
		text := x.user.Name + " → " + x.policy.Name(n) + " (" + actorText("assigned", m.AssignedBy, m.AssignedAt)
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
		return cmp.Or(cmp.Compare(x.policy.Name(a.group), x.policy.Name(b.group)), cmp.Compare(a.scope, b.scope))
	})
	return starts
}

// obstacle returns why a membership does not count for id, "" if it does.
func (x *userExplainer) obstacle(m store.Membership, group int32, id *Identity) string {
	switch {
	case !counts(m.Until, x.now):
		return ", ended " + m.Until.Format(time.DateOnly)
	case m.Scope != "" && m.Scope != id.scope:
		return ", which is not asked about"
	case slices.Contains(id.here.Omitted(), group):
		return "; " + id.omission(group)
	}
	return ""
}

// advice describes the effect of a membership in each of some groups, everywhere
// or in the scope of id. It names the set that is in the way: a static set
// refuses the membership, a dynamic set leaves a group out.
func (x *userExplainer) advice(id *Identity, groups []int32) (list []Explanation) {
	static, err := x.staticPolicy(groups)
	if err != nil {
		x.failed = cmp.Or(x.failed, err)
		return nil
	}
	assigned := x.policy.Assigned(x.memberships, x.now)
	for _, n := range x.policy.ByName(groups) {
		if slices.Contains(assigned.In(id.scope), n) {
			continue // the path from there has the reason
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

// staticPolicy returns the policy with the static sets that groups, with all that
// they inherit, are members of.
func (x *userExplainer) staticPolicy(groups []int32) (*policy.Policy, error) {
	var ids []uuid.UUID
	for _, n := range x.policy.Closure(groups) {
		ids = append(ids, x.policy.ID(n))
	}
	sets, err := x.r.GroupSeparations(false, ids)
	return x.policy.WithSeparations(sets), err
}

// refusal describes the static set that a user with these groups would violate,
// as AssignUser would; "" if there is none.
func (x *userExplainer) refusal(static *policy.Policy, scope string, with policy.Assigned) string {
	in := []string{scope}
	if scope == "" {
		in = with.Scopes()
	}
	for _, scope := range in {
		if v, ok := static.ViolationAmong(scope, with.In(scope)); ok {
			return " is refused by the static set " + v.Set().Name + ": " + violationText(v, v.SetGroups(), x.user.Name)
		}
	}
	return ""
}

// effect describes what an additional group would give the user. Which groups
// are active together depends on the order of activation.
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
