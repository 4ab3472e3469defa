package console

import (
	"maps"
	"slices"
	"strings"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/internal/names"
)

// hierarchy has the inheritances of all groups, and the grants of the groups
// that were looked up.
type hierarchy struct {
	juniors, seniors map[string][]string
	givers           map[string]giver
}

// giver has the permissions that the grants of a group itself give.
type giver struct {
	names    map[string]bool
	patterns []string
}

func readHierarchy(tx *rbac.Tx) (hierarchy, error) {
	h := hierarchy{map[string][]string{}, map[string][]string{}, map[string]giver{}}
	list, err := tx.Inheritances()
	for _, i := range list {
		h.juniors[i.Senior] = append(h.juniors[i.Senior], i.Junior)
		h.seniors[i.Junior] = append(h.seniors[i.Junior], i.Senior)
	}
	return h, err
}

// grants returns the permissions that the grants of a group itself give.
func (h hierarchy) grants(tx *rbac.Tx, group string) (giver, error) {
	if g, ok := h.givers[group]; ok {
		return g, nil
	}
	list, err := tx.Grants(group)
	return h.addGrants(group, list), err
}

// manyGroups is the number of groups from which on the grants of all groups are
// read at once.
const manyGroups = 1000

// readGrants reads the grants of all groups.
func (h hierarchy) readGrants(tx *rbac.Tx) error {
	all, err := tx.AllGrants()
	for len(all) > 0 {
		group := all[0].Group
		n := slices.IndexFunc(all, func(g rbac.Grant) bool { return g.Group != group })
		if n < 0 {
			n = len(all)
		}
		h.addGrants(group, all[:n])
		all = all[n:]
	}
	return err
}

func (h hierarchy) addGrants(group string, list []rbac.Grant) giver {
	g := giver{names: map[string]bool{}}
	for _, grant := range list {
		if names.IsPattern(grant.Permission) {
			g.patterns = append(g.patterns, grant.Permission)
		} else {
			g.names[grant.Permission] = true
		}
	}
	h.givers[group] = g
	return g
}

// grant returns the name or pattern that gives a permission; empty: none does.
func (g giver) grant(permission string) string {
	if g.names[permission] {
		return permission
	}
	for _, p := range g.patterns {
		if names.Matches(p, permission) {
			return p
		}
	}
	return ""
}

// union returns the permissions that several groups give together.
func union(groups map[string]giver) giver {
	all := giver{names: map[string]bool{}}
	for _, g := range groups {
		maps.Copy(all.names, g.names)
		all.patterns = append(all.patterns, g.patterns...)
	}
	slices.Sort(all.patterns)
	all.patterns = slices.Compact(all.patterns)
	return all
}

// chain is a group that another group has by inheritance, with the groups
// between them.
type chain []string

// last returns the group that is inherited.
func (c chain) last() string { return c[len(c)-1] }

// String returns the groups as "editors → readers". Of a long chain, the first
// and the last groups are named.
func (c chain) String() string {
	if len(c) > maxChain {
		c = append(append(slices.Clone(c[:maxChain/2]), "…"), c[len(c)-maxChain/2:]...)
	}
	return strings.Join(c, " → ")
}

// maxChain bounds the groups of a chain that are named.
const maxChain = 8

// below returns a group and all groups that it inherits, each once with the
// shortest chain, nearest first.
func (h hierarchy) below(group string) []chain {
	list := []chain{{group}}
	seen := map[string]bool{group: true}
	for i := 0; i < len(list); i++ {
		for _, junior := range h.juniors[list[i].last()] {
			if !seen[junior] {
				seen[junior] = true
				list = append(list, append(slices.Clone(list[i]), junior))
			}
		}
	}
	return list
}

// maxRead bounds the inherited groups whose grants the page of a group reads.
const maxRead = 500

// through returns the permissions that a group has, each with the nearest
// inherited group that has the grant; empty: the group itself. The grants of
// the nearest maxRead groups are read, and unread is the number of other
// groups.
func (h hierarchy) through(tx *rbac.Tx, group string, all []rbac.Permission) (list map[string]string, unread int, err error) {
	list = map[string]string{}
	below := h.below(group)
	read := below[:min(len(below), maxRead)]
	for _, c := range read {
		g, err := h.grants(tx, c.last())
		if err != nil {
			return nil, 0, err
		}
		add := func(permission string) {
			if _, ok := list[permission]; !ok {
				list[permission] = c.last()
			}
		}
		for name := range g.names {
			add(name)
		}
		for _, pattern := range g.patterns {
			for _, p := range all {
				if names.Matches(pattern, p.Name) {
					add(p.Name)
				}
			}
		}
	}
	for name, g := range list {
		if g == group {
			list[name] = ""
		}
	}
	return list, len(below) - len(read), nil
}

// nearest returns how a group has a permission without a grant that names the
// permission: by the pattern of its own grant, or by the nearest inherited
// group with a grant. The parameter among has the groups that have the
// permission.
func (h hierarchy) nearest(tx *rbac.Tx, group, permission string, among map[string]bool) (string, error) {
	list := []string{group}
	seen := map[string]bool{group: true}
	for i := 0; i < len(list); i++ {
		g, err := h.grants(tx, list[i])
		if err != nil {
			return "", err
		}
		switch grant := g.grant(permission); {
		case grant == "":
		case list[i] != group:
			return list[i], nil
		case grant == permission:
			return "", nil
		default:
			return grant, nil
		}
		for _, junior := range h.juniors[list[i]] {
			if among[junior] && !seen[junior] {
				seen[junior] = true
				list = append(list, junior)
			}
		}
	}
	return "", nil
}

// right is a permission of a user, with the ways by which the user has the
// permission.
type right struct {
	rbac.Permission
	By   []way
	More int // ways that are not listed
}

// way is a membership that gives a permission, with the groups from the group
// of the membership to the group that has the grant.
type way struct {
	Chain   chain
	Scope   string
	Pattern string // the grant, unless it names the permission
}

// rights are the permissions that a page shows.
type rights struct {
	Rows   []right
	Count  int // of all that match the search
	Search string
	Pages  pager
}

const (
	rightsRows = pageSize // rights on a page
	rightWays  = 10       // ways of each right
)

// rights reads a page of the permissions that memberships give now, each with
// every group that has a grant of it.
func (v *visit) rights(tx *rbac.Tx, memberships []rbac.Membership) (d rights, err error) {
	all, err := tx.Permissions()
	if err != nil {
		return d, err
	}
	h, err := readHierarchy(tx)
	if err != nil {
		return d, err
	}
	below := map[string][]chain{}
	reached := map[string]giver{}
	for _, m := range memberships {
		if below[m.Group] != nil || v.ended(m) {
			continue
		}
		below[m.Group] = h.below(m.Group)
		for _, c := range below[m.Group] {
			reached[c.last()] = giver{}
		}
	}
	if len(reached) > manyGroups {
		if err := h.readGrants(tx); err != nil {
			return d, err
		}
	}
	for group := range reached {
		if reached[group], err = h.grants(tx, group); err != nil {
			return d, err
		}
	}
	held := union(reached)
	d.Search = v.query("right")
	after, next := v.query("right_after"), ""
	for _, p := range searchPermissions(all, d.Search) {
		if held.grant(p.Name) == "" {
			continue
		}
		if d.Count++; p.Name <= after && after != "" || next != "" {
			continue
		}
		if len(d.Rows) == rightsRows {
			next = v.next("right_after", d.Rows[rightsRows-1].Name) + "#rights"
			continue
		}
		d.Rows = append(d.Rows, v.right(p, memberships, below, reached))
	}
	d.Pages = v.pager(next, "right_after")
	return d, nil
}

// right returns a permission with the ways by which memberships give it.
func (v *visit) right(p rbac.Permission, memberships []rbac.Membership, below map[string][]chain, reached map[string]giver) right {
	r := right{Permission: p}
	for _, m := range memberships {
		if v.ended(m) {
			continue
		}
		for _, c := range below[m.Group] {
			grant := reached[c.last()].grant(p.Name)
			if grant == "" {
				continue
			}
			if len(r.By) == rightWays {
				r.More++
				continue
			}
			if grant == p.Name {
				grant = ""
			}
			r.By = append(r.By, way{Chain: c, Scope: m.Scope, Pattern: grant})
		}
	}
	return r
}

// ended reports whether a membership has ended.
func (v *visit) ended(m rbac.Membership) bool { return ended(m, v.now) }
