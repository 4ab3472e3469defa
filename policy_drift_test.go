package rbac

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/rbac-go/rbac/store"
)

// PolicyDrift compares the policy that an Authority has brought forward, change by change, with the
// one that its store has, and returns the first line that differs; empty if none does, or if the store has moved on.
func (a *Authority) PolicyDrift(ctx context.Context) (drift string, err error) {
	err = a.store.View(ctx, func(r store.Records) error {
		st := a.state.Load()
		if head, err := r.Head(); err != nil || !st.at(head) {
			return err
		}
		fresh, err := loadPolicy(r)
		if err != nil {
			return err
		}
		drift = firstDifference(st.policy.dump(), fresh.dump())
		return nil
	})
	return drift, err
}

func firstDifference(got, want []string) string {
	for i := range max(len(got), len(want)) {
		switch {
		case i >= len(got):
			return "lacks " + want[i]
		case i >= len(want):
			return "has " + got[i]
		case got[i] != want[i]:
			return "has " + got[i] + ", the store " + want[i]
		}
	}
	return ""
}

// dump lists everything in a policy by names, since numbers depend on its history.
func (p *policy) dump() []string {
	var lines []string
	line := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	groups := func(numbers []int32) string {
		var names []string
		for _, n := range p.byName(slices.Clone(numbers)) {
			names = append(names, p.group(n).Name)
		}
		return strings.Join(names, " ")
	}
	for name, n := range p.groupNums.All() {
		g := p.group(n)
		if m, ok := p.groupIDs.Get(g.ID); g.Name != name || !ok || m != n {
			line("group %s is %s", name, g.Name)
		}
		var sets []string
		for _, s := range g.sets {
			sets = append(sets, s.Name)
		}
		slices.Sort(sets)
		line("group %s: %+v; juniors %s; seniors %s; grants %q; sets %q", name, g.Group, groups(g.juniors), groups(g.seniors), g.grants, sets)
	}
	line("groups: %d ids", p.groupIDs.Len())
	for name, n := range p.permissionNums.All() {
		perm := p.permissions.Get(n)
		line("permission %s: %+v; given by %s", name, perm.Permission, groups(perm.given.numbers()))
	}
	for pattern, given := range p.loose.All() {
		line("granted %s: %s", pattern, groups(given))
	}
	for name, s := range p.sets.All() {
		line("set %s: %+v; %s", name, s.Separation, groups(s.members))
	}
	slices.Sort(lines)
	lines = append(lines, fmt.Sprintf("names %q", p.permissionList()), fmt.Sprintf("menu %+v", p.menuSections()))
	return lines
}

// PolicyParts returns what the policy has of a group and of a permission. A change that does not touch them leaves it in place.
func (a *Authority) PolicyParts(group, permission string) [2]any {
	p := a.state.Load().policy
	n, _ := p.groupNums.Get(group)
	return [2]any{p.group(n), p.permission(permission)}
}
