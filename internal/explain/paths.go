package explain

import (
	"cmp"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/internal/delegation"
	"github.com/rbac-go/rbac/internal/policy"
	"github.com/rbac-go/rbac/store"
)

// maxPaths bounds the paths, and the groups, of one question: the number of
// paths can be exponential.
const maxPaths = 100

// Paths finds the paths from a user to groups and permissions, for the user and
// policy of a Subject.
type Paths struct {
	Records     store.Records
	Now         time.Time
	Memberships []store.Membership
	Administer  string // the permission of administrators
	Err         error  // of the store; the paths are then incomplete
}

// Path is a path in words, or the effect of an additional membership.
type Path struct {
	Text    string
	InForce bool
}

// ToGroup lists every path to a group, paths in force first. Without a path in
// force, ToGroup also lists the groups whose membership would help. At most
// 100 paths and 100 groups are listed.
func (x *Paths) ToGroup(s Subject, name string) []Path {
	sources, ok := s.Policy.SourcesOfGroup(name)
	if !ok {
		return nil
	}
	ends := func(int32) []string { return []string{""} }
	return x.paths(s, goal{sources, s.Policy.ToGroup(name), ends})
}

// ToPermission is ToGroup for a permission. A path ends with the grant.
func (x *Paths) ToPermission(s Subject, name string) []Path {
	sources, ok := s.Policy.SourcesOfPermission(name)
	if !ok {
		return nil
	}
	ends := func(group int32) []string { return x.grants(s.Policy, group, name) }
	return x.paths(s, goal{sources, s.Policy.ToPermission(name), ends})
}

// goal is the end of paths: a group or a permission.
type goal struct {
	sources []int32 // all groups with a path to the goal, sorted
	target  policy.Target
	ends    func(group int32) []string // the texts at the end of a path, by the last group
}

// grants describes a group's own matching grants for a permission, each as the
// end of a path.
func (x *Paths) grants(p *policy.Policy, group int32, permission string) (ends []string) {
	for _, text := range p.GrantsGiving(group, permission) {
		grant, err := x.Records.Grant(p.ID(group), text)
		if err != nil {
			x.Err = cmp.Or(x.Err, err)
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
func (x *Paths) paths(s Subject, g goal) (list []Path) {
	starts := x.starts(s, g.sources)
	for _, from := range starts {
		for path := range s.Policy.AllPaths(from.group, g.sources, g.target) {
			text := from.text
			for _, n := range path[1:] {
				text += " → " + s.Policy.Name(n) + " (inherited)"
			}
			for _, end := range g.ends(path[len(path)-1]) {
				if len(list) == maxPaths {
					return append(list, Path{Text: "and more paths"})
				}
				list = append(list, Path{text + end, from.counts})
			}
		}
	}
	if len(starts) == 0 || !starts[0].counts {
		list = append(list, x.advice(s, g.sources)...)
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
func (x *Paths) starts(s Subject, groups []int32) (starts []start) {
	for _, m := range x.Memberships {
		n, ok := s.Policy.Number(m.Group)
		if _, leads := slices.BinarySearch(groups, n); !ok || !leads {
			continue
		}
		text := s.User + " → " + s.Policy.Name(n) +
			" (" + actorText("assigned", m.AssignedBy, m.AssignedAt)
		if m.Source != "" && m.Source != m.AssignedBy {
			text += ", for " + m.Source
		}
		if m.Scope != "" {
			text += ", in " + m.Scope
		}
		obstacle := x.obstacle(m, n, s)
		starts = append(starts, start{n, m.Scope, obstacle == "", text + obstacle + ")"})
	}
	slices.SortFunc(starts, func(a, b start) int {
		if a.counts != b.counts {
			if a.counts {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(s.Policy.Name(a.group), s.Policy.Name(b.group)),
			cmp.Compare(a.scope, b.scope))
	})
	return starts
}

// obstacle returns why a membership does not count, "" for a membership in
// force.
func (x *Paths) obstacle(m store.Membership, group int32, s Subject) string {
	switch {
	case !policy.Counts(m.Until, x.Now):
		return ", ended " + m.Until.Format(time.DateOnly)
	case m.Scope != "" && m.Scope != s.Scope:
		return ", which is not asked about"
	case slices.Contains(s.here().Omitted(), group):
		return "; " + s.omission(group)
	}
	return ""
}

// advice describes the effect of a membership in each of some groups,
// everywhere or in the scope in question. A separation set in the way is named: a
// static set refuses the membership, a dynamic set leaves a group out. Groups
// with a delegation are named, whose members may give the membership.
func (x *Paths) advice(s Subject, groups []int32) (list []Path) {
	static, err := x.staticPolicy(s.Policy, groups)
	if err != nil {
		x.Err = cmp.Or(x.Err, err)
		return nil
	}
	assigned := s.Policy.Assigned(x.Memberships, x.Now)
	for _, n := range s.Policy.ByName(groups) {
		if slices.Contains(assigned.In(s.Scope), n) {
			continue // the path from the group has the reason
		}
		if len(list) == maxPaths {
			return append(list, Path{Text: "and more groups"})
		}
		with := assigned.With(s.Scope, n)
		effect := cmp.Or(refusal(s, static, with), effect(s, n, with)+x.givers(s, n))
		list = append(list, Path{Text: "a membership in " + s.Policy.Name(n) + effect})
	}
	return list
}

// givers names the delegates who may assign a group.
func (x *Paths) givers(s Subject, group int32) string {
	givers := delegation.Givers(s.Policy, x.Administer, group)
	if len(givers) == 0 {
		return ""
	}
	return "; members of " + List(givers, ", ") + " may assign the group"
}

// staticPolicy returns the policy with static sets in place of the dynamic
// sets: those that have members among groups and the groups that they inherit.
func (x *Paths) staticPolicy(p *policy.Policy, groups []int32) (*policy.Policy, error) {
	ids := []uuid.UUID{}
	for _, n := range p.Closure(groups) {
		ids = append(ids, p.ID(n))
	}
	sets, err := x.Records.Separations(store.SeparationFilter{Groups: ids})
	return p.WithSeparations(sets), err
}

// refusal describes the violation of a static set by assignments, like the
// error of AssignUser; "" without a violation.
func refusal(s Subject, static *policy.Policy, with policy.Assigned) string {
	in := []string{s.Scope}
	if s.Scope == "" {
		in = with.Scopes()
	}
	for _, scope := range in {
		if v, ok := static.ViolationAmong(scope, with.In(scope)); ok {
			return " is refused by the static set " + v.Set().Name + ": " +
				Violation(v, v.SetGroups(), s.User)
		}
	}
	return ""
}

// effect describes the effect of an additional group. An additional group can
// leave a group out: groups are activated in the order of the names.
func effect(s Subject, n int32, with policy.Assigned) string {
	active := s.Policy.Activate(with, store.Ticket{})
	then := s
	then.Active = &active
	omitted := then.here().Omitted()
	if slices.Contains(omitted, n) {
		return " would not do: " + then.omission(n)
	}
	var lost []string
	for _, o := range s.here().Own() {
		if slices.Contains(omitted, o) {
			lost = append(lost, s.Policy.Name(o))
		}
	}
	if len(lost) > 0 {
		return " would give it, and leave out " + List(lost, ", ")
	}
	return " would give it"
}
