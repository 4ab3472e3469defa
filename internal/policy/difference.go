package policy

import (
	"fmt"
	"slices"
	"strings"
)

// Difference returns the first difference between two policies, "" for equal
// policies. Names are compared, since numbers depend on the history of a
// policy. Tests use Difference to compare a policy after changes with a
// compiled policy.
func Difference(got, want *Policy) string {
	g, w := got.lines(), want.lines()
	for i := range max(len(g), len(w)) {
		switch {
		case i >= len(g):
			return "lacks " + w[i]
		case i >= len(w):
			return "has " + g[i]
		case g[i] != w[i]:
			return "has " + g[i] + ", the other " + w[i]
		}
	}
	return ""
}

// lines describes everything in a policy.
func (p *Policy) lines() []string {
	var lines []string
	line := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	names := func(groups []int32) string { return strings.Join(p.Names(p.ByName(groups)), " ") }
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
		line("group %s: %+v; juniors %s; seniors %s; grants %q; sets %q",
			name, g.Group, names(g.juniors), names(g.seniors), g.grants, sets)
	}
	line("groups: %d ids", p.groupIDs.Len())
	for name, n := range p.permissionNums.All() {
		perm := p.permissions.Get(n)
		line("permission %s: %+v; given by %s", name, perm.Permission, names(perm.givers.numbers()))
	}
	for text, groups := range p.otherGrants.All() {
		line("granted %s: %s", text, names(groups))
	}
	for name, s := range p.sets.All() {
		line("set %s: %+v; %s", name, s.Separation, names(s.members))
	}
	for _, d := range p.delegations {
		line("delegation of %s: %s; users %v", p.Name(d.Group), names(d.Assign), d.Users)
	}
	slices.Sort(lines)
	return append(lines,
		fmt.Sprintf("names %q", p.PermissionNames()), fmt.Sprintf("menu %+v", p.Menu()))
}
