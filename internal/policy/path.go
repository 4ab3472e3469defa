package policy

import (
	"iter"
	"slices"
)

// Target reports whether a path of inheritance may end at a group.
type Target func(group int32) bool

// ToGroup is the target of paths to a group.
func (p *Policy) ToGroup(name string) Target {
	target, ok := p.groupNums.Get(name)
	return func(n int32) bool { return ok && n == target }
}

// ToPermission is the target of paths to a permission: any group with a
// matching grant of the group itself.
func (p *Policy) ToPermission(name string) Target {
	texts := giving(name)
	return func(n int32) bool { return givesAny(p.group(n).grants, texts) }
}

// Reaches reports whether a path leads from a group to a target.
func (p *Policy) Reaches(n int32, to Target) bool { return p.path(n, to) != nil }

// Paths returns paths of inheritance to a target, shorter paths first: a
// shortest path from each root that has a path. A root is an active group
// without an active inheritor. In a store edited by hand, groups on a cycle of
// inheritance have no root and no path.
func (p *Policy) Paths(g *Groups, to Target) [][]int32 {
	var paths [][]int32
	for _, root := range p.roots(g) {
		if path := p.path(root, to); path != nil {
			paths = append(paths, path)
		}
	}
	slices.SortStableFunc(paths, func(a, b []int32) int { return len(a) - len(b) })
	return paths
}

// roots returns the groups without an inheritor in g, in byte order of the
// names. Since g is closed under inheritance, the immediate juniors suffice.
func (p *Policy) roots(g *Groups) []int32 {
	inherited := map[int32]bool{}
	for _, n := range g.closed {
		for _, junior := range p.group(n).juniors {
			inherited[junior] = true
		}
	}
	return p.ByName(slices.DeleteFunc(slices.Clone(g.closed), func(n int32) bool {
		return inherited[n]
	}))
}

// path finds a shortest path by a breadth-first search. Each group is visited
// once.
func (p *Policy) path(root int32, to Target) []int32 {
	from := map[int32]int32{root: -1}
	queue := []int32{root}
	for ; len(queue) > 0; queue = queue[1:] {
		n := queue[0]
		if to(n) {
			var path []int32
			for ; n >= 0; n = from[n] {
				path = append(path, n)
			}
			slices.Reverse(path)
			return path
		}
		for _, junior := range p.ByName(p.group(n).juniors) {
			if _, seen := from[junior]; !seen {
				from[junior] = n
				queue = append(queue, junior)
			}
		}
	}
	return nil
}

// shortest returns a shortest path to a group from any of some groups.
func (p *Policy) shortest(from []int32, to int32) (best []int32) {
	for _, root := range from {
		path := p.path(root, func(n int32) bool { return n == to })
		if path != nil && (best == nil || len(path) < len(best)) {
			best = path
		}
	}
	return best
}

// AllPaths yields every path from a group to a target through sources. Sources
// are sorted, and are all groups with a path to the target; see SourcesOfGroup.
// The number of paths can be exponential. The caller must not keep a path.
func (p *Policy) AllPaths(root int32, sources []int32, to Target) iter.Seq[[]int32] {
	return func(yield func([]int32) bool) {
		var path []int32
		var visit func(n int32) bool
		visit = func(n int32) bool {
			path = append(path, n)
			defer func() { path = path[:len(path)-1] }()
			if to(n) && !yield(path) {
				return false
			}
			for _, j := range p.ByName(p.group(n).juniors) {
				_, leads := slices.BinarySearch(sources, j)
				cycle := slices.Contains(path, j) // in a store edited by hand
				if leads && !cycle && !visit(j) {
					return false
				}
			}
			return true
		}
		visit(root)
	}
}

// SourcesOfGroup lists the numbers, sorted, of a group and of all inheritors.
// It returns false for an unknown group.
func (p *Policy) SourcesOfGroup(name string) ([]int32, bool) {
	n, ok := p.groupNums.Get(name)
	if !ok {
		return nil, false
	}
	return p.inheritors(n), true
}

// SourcesOfPermission lists the numbers, sorted, of the givers of a permission.
// It returns false for an unknown permission.
func (p *Policy) SourcesOfPermission(name string) ([]int32, bool) {
	perm := p.permission(name)
	if perm == nil {
		return nil, false
	}
	return perm.givers.numbers(), true
}

// Givers lists the names of the groups with a permission: first the groups with
// a matching grant, then the groups with an inherited grant, both in byte
// order.
func (p *Policy) Givers(permission string) []string {
	sources, _ := p.SourcesOfPermission(permission)
	to := p.ToPermission(permission)
	var direct, inherited []string
	for _, n := range p.ByName(sources) {
		if to(n) {
			direct = append(direct, p.group(n).Name)
		} else {
			inherited = append(inherited, p.group(n).Name)
		}
	}
	return append(direct, inherited...)
}

// GrantsGiving lists the matching grants of a group itself for a permission:
// the name, and then the patterns, the narrowest first.
func (p *Policy) GrantsGiving(n int32, permission string) []string {
	return slices.DeleteFunc(giving(permission), func(text string) bool {
		return !p.group(n).granted(text)
	})
}
