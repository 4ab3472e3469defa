package rbac

import (
	"cmp"
	"slices"
	"strings"

	"github.com/rbac-go/rbac/internal/names"
)

// who tells who is logged in.
func (id *Identity) who() string {
	if id.kind == anonymousIdentity {
		return "nobody is logged in"
	}
	if id.third {
		return "the user is " + id.user
	}
	return "you are " + id.user
}

// is begins a sentence about id: you are; or the user by name, where another reads it.
func (id *Identity) is() string {
	if id.third {
		return id.user + " is"
	}
	return "you are"
}

// has is the same for what one has.
func (id *Identity) has() string {
	if id.third {
		return id.user + " has"
	}
	return "you have"
}

// whose is the same for what belongs to id.
func (id *Identity) whose() string {
	if id.third {
		return id.user + "'s"
	}
	return "your"
}

// standing describes the groups that count for id; where none does, the scopes in
// which id has groups.
func (id *Identity) standing() string {
	if id.kind == anonymousIdentity {
		return id.who()
	}
	groups := slices.Collect(id.Groups())
	switch {
	case len(groups) > 0 && id.hushed:
		return ""
	case len(groups) > 0:
		return id.is() + " in " + listed(groups, ", ")
	}
	if scopes, all := id.someScopes(); all > 0 {
		return id.whose() + " groups hold in " + listedOf(scopes, all, ", ") + " only"
	}
	return id.is() + " in no group"
}

// someScopes returns the first scopes, in byte order, in which id has groups, as many
// as a message lists, and the number of all: there may be very many.
func (id *Identity) someScopes() (first []string, all int) {
	if id.active == nil {
		return nil, 0
	}
	for scope, groups := range id.active.scoped {
		if len(groups.closed) == 0 {
			continue
		}
		all++
		at, _ := slices.BinarySearch(first, scope)
		if at < maxListed {
			first = slices.Insert(first[:min(len(first), maxListed-1)], at, scope)
		}
	}
	return first, all
}

// lacking is standing, and what was left out by a dynamic set that would help: a group for which helps is true, or what inherits one.
func (id *Identity) lacking(helps func(int32) bool) string {
	var texts []string
	if standing := id.standing(); standing != "" {
		texts = append(texts, standing)
	}
	for _, n := range id.active.in(id.scope).omitted() {
		if id.policy.path(n, helps) == nil {
			continue
		}
		if id.hushed {
			texts = append(texts, "one of your groups is left out by a dynamic set")
			break
		}
		texts = append(texts, id.leftOut(n))
	}
	return strings.Join(texts, "; ")
}

// leftOut reads like: cashiers is left out by the dynamic set desks: fewer than 2 of
// auditors, cashiers may come together: bob → auditors, bob → cashiers.
func (id *Identity) leftOut(n int32) string {
	p := id.policy
	text := p.group(n).Name + " is left out"
	if v, ok := p.violation(id.scope, append(slices.Clone(id.active.in(id.scope).own()), n)); ok {
		text += " by the dynamic set " + v.set.Name + ": " + v.text(p.separationSet(v.set), id.user)
	}
	return text
}

func (p *policy) separationSet(s *policySet) SeparationSet {
	set := SeparationSet{Name: s.Name, Cardinality: s.Cardinality}
	for _, n := range p.byName(slices.Clone(s.members)) {
		set.Groups = append(set.Groups, p.group(n).Name)
	}
	return set
}

// givers reads like: , which the group editors gives. It is empty where that is not known,
// and for who is not logged in and cannot be put into a group.
func (id *Identity) givers(permission string) string {
	if id.policy == nil || id.kind == anonymousIdentity || id.hushed {
		return ""
	}
	names := id.policy.givers(permission)
	switch len(names) {
	case 0:
		return ", which no group gives"
	case 1:
		return ", which the group " + names[0] + " gives"
	}
	return ", which the groups " + listed(names, ", ") + " give"
}

// givers names the groups that give a permission, those with a grant of their own first.
func (p *policy) givers(permission string) []string {
	var direct, inherited []string
	for _, n := range p.byName(slices.Clone(p.permission(permission).given.numbers())) {
		if g := p.group(n); g.grantsItself(permission) {
			direct = append(direct, g.Name)
		} else {
			inherited = append(inherited, g.Name)
		}
	}
	return append(direct, inherited...)
}

func (g *policyGroup) grantsItself(permission string) bool { return g.grantsAny(granting(permission)) }

func (g *policyGroup) grantsAny(texts []string) bool {
	return len(g.grants) > 0 && slices.ContainsFunc(texts, g.granted)
}

// granting lists what a grant can say to give a permission: its name, and the patterns, the narrowest first.
func granting(permission string) []string {
	return append([]string{permission}, names.Covering(permission)...)
}

// grantOf is the group's own grant that gives a permission: its name, or the narrowest pattern; empty if there is none.
func (g *policyGroup) grantOf(permission string) string {
	for _, grant := range granting(permission) {
		if g.granted(grant) {
			return grant
		}
	}
	return ""
}

// waysTo reads like: editors gives post.write, or: seniors gives post.write through editors by the pattern post.*.
func (id *Identity) waysTo(permission string) string {
	if id.policy == nil || id.hushed {
		return id.has() + " " + permission
	}
	var ways []string
	for _, path := range id.paths(func(n int32) bool { return id.policy.group(n).grantsItself(permission) }) {
		way := path[0] + " gives " + permission
		if len(path) > 1 {
			way += " through " + strings.Join(path[1:], ", ")
		}
		giver, _ := id.policy.groupNums.Get(path[len(path)-1])
		if grant := id.policy.group(giver).grantOf(permission); grant != permission {
			way += " by the pattern " + grant
		}
		ways = append(ways, way)
	}
	return cmp.Or(listed(ways, " and "), id.has()+" "+permission)
}

// waysInto reads like: you are in editors, or: you are in seniors, which inherits editors.
func (id *Identity) waysInto(group string) string {
	if id.hushed {
		return id.is() + " in a certain group"
	}
	if id.policy == nil {
		return id.is() + " in " + group
	}
	target, _ := id.policy.groupNums.Get(group)
	var ways []string
	for _, path := range id.paths(func(n int32) bool { return n == target }) {
		way := id.is() + " in " + path[0]
		if last := len(path) - 1; last > 0 {
			way += ", which inherits " + path[last]
			if last > 1 {
				way += " through " + strings.Join(path[1:last], ", ")
			}
		}
		ways = append(ways, way)
	}
	return cmp.Or(listed(ways, " and "), id.is()+" in "+group)
}

// paths gives, for each group that id is in other than by inheritance, the
// shortest way down the inheritance to a group that is meant, by names, if there is one; shorter ways first.
// There is none where a store that was edited by hand has groups that inherit each other.
func (id *Identity) paths(meant func(int32) bool) [][]string {
	var paths [][]string
	for _, root := range id.roots() {
		if path := id.policy.path(root, meant); path != nil {
			paths = append(paths, path)
		}
	}
	slices.SortStableFunc(paths, func(a, b []string) int { return len(a) - len(b) })
	return paths
}

// roots are the groups of id that none of its other groups inherits. Since the
// groups of id are closed under inheritance, looking at immediate juniors is enough. They are in byte order.
func (id *Identity) roots() []int32 {
	inherited := map[int32]bool{}
	for _, n := range id.here.closed {
		for _, junior := range id.policy.group(n).juniors {
			inherited[junior] = true
		}
	}
	return id.policy.byName(slices.DeleteFunc(slices.Clone(id.here.closed), func(n int32) bool { return inherited[n] }))
}

// path searches breadth first, and so finds a shortest path. It sees each group once.
func (p *policy) path(root int32, meant func(int32) bool) []string {
	from := map[int32]int32{root: -1}
	queue := []int32{root}
	for ; len(queue) > 0; queue = queue[1:] {
		n := queue[0]
		if meant(n) {
			return p.backtrack(from, n)
		}
		for _, junior := range p.byName(slices.Clone(p.group(n).juniors)) {
			if _, seen := from[junior]; !seen {
				from[junior] = n
				queue = append(queue, junior)
			}
		}
	}
	return nil
}

func (p *policy) backtrack(from map[int32]int32, n int32) []string {
	var path []string
	for ; n >= 0; n = from[n] {
		path = append(path, p.group(n).Name)
	}
	slices.Reverse(path)
	return path
}
