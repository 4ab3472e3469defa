package console

import (
	"slices"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/internal/names"
)

// hierarchy is the inheritances of all groups.
type hierarchy struct {
	juniors, seniors map[string][]string
}

func readHierarchy(tx *rbac.Tx) (hierarchy, error) {
	h := hierarchy{map[string][]string{}, map[string][]string{}}
	list, err := tx.Inheritances()
	for _, i := range list {
		h.juniors[i.Senior] = append(h.juniors[i.Senior], i.Junior)
		h.seniors[i.Junior] = append(h.seniors[i.Junior], i.Senior)
	}
	return h, err
}

// below returns the groups that a group inherits, nearest first, without the
// group itself.
func (h hierarchy) below(group string) []string { return closure(h.juniors, group) }

func closure(next map[string][]string, group string) (list []string) {
	seen := map[string]bool{group: true}
	for queue := []string{group}; len(queue) > 0; queue = queue[1:] {
		for _, g := range next[queue[0]] {
			if !seen[g] {
				seen[g] = true
				list, queue = append(list, g), append(queue, g)
			}
		}
	}
	return list
}

// through returns, for each permission of a group, the nearest inherited group
// that has the grant; empty: the group itself.
func (h hierarchy) through(tx *rbac.Tx, group string, has []rbac.Permission) (map[string]string, error) {
	list := map[string]string{}
	for _, g := range append([]string{group}, h.below(group)...) {
		grants, err := tx.Grants(g)
		if err != nil {
			return nil, err
		}
		for _, p := range has {
			if _, ok := list[p.Name]; !ok && slices.ContainsFunc(grants, func(g rbac.Grant) bool { return names.Matches(g.Permission, p.Name) }) {
				list[p.Name] = g
			}
		}
	}
	for name, g := range list {
		if g == group {
			list[name] = ""
		}
	}
	return list, nil
}
