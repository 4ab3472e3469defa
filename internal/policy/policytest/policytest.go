// Package policytest describes policies in a few lines, for tests.
package policytest

import (
	"maps"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/store"
)

// World describes a policy. The grants of the group "" only declare
// permissions.
type World struct {
	Grants   map[string][]string // group: its own grants
	Inherits map[string][]string // senior: immediate juniors

	// Patterns restricts the permissions to the grants of the group "", so that
	// other grants can be patterns. Otherwise every granted text is a
	// permission.
	Patterns bool
}

// Blog has inheritance over two steps, a permission that no group gives and a
// permission that two groups give.
var Blog = World{
	Grants: map[string][]string{
		"":               {"post.purge"}, // given by no group
		"admins":         {"user.edit", "post.delete"},
		"chiefs":         {},
		"editors":        {"post.write", "post.edit"},
		"moderators":     {"post.delete"},
		"readers":        {"post.read"},
		"senior-editors": {"post.publish"},
		"staff":          {},
	},
	Inherits: map[string][]string{
		"chiefs":         {"senior-editors", "staff"},
		"senior-editors": {"editors"},
	},
}

// ID returns the id of a group, permission or user with a name.
func ID(name string) uuid.UUID { return uuid.NewSHA1(uuid.Nil, []byte(name)) }

// Groups returns the rows of the groups.
func (w World) Groups() (rows []store.Group) {
	for _, name := range slices.Sorted(maps.Keys(w.Grants)) {
		if name != "" {
			rows = append(rows, store.Group{ID: ID(name), Name: name})
		}
	}
	return rows
}

// Inheritances returns the rows of the inheritances.
func (w World) Inheritances() (rows []store.Inheritance) {
	for senior, juniors := range w.Inherits {
		for _, junior := range juniors {
			rows = append(rows, store.Inheritance{Senior: ID(senior), Junior: ID(junior)})
		}
	}
	return rows
}

// Permissions returns the rows of the permissions.
func (w World) Permissions() (rows []store.Permission) {
	for group, names := range w.Grants {
		if w.Patterns && group != "" {
			continue
		}
		for _, name := range names {
			rows = append(rows, store.Permission{ID: ID(name), Name: name})
		}
	}
	slices.SortFunc(rows, func(a, b store.Permission) int { return strings.Compare(a.Name, b.Name) })
	return slices.Compact(rows)
}

// Granted returns the rows of the grants.
func (w World) Granted() (rows []store.Grant) {
	for group, names := range w.Grants {
		if group == "" {
			continue
		}
		for _, name := range names {
			rows = append(rows, store.Grant{Group: ID(group), Permission: name})
		}
	}
	slices.SortFunc(rows, func(a, b store.Grant) int {
		return strings.Compare(a.Permission, b.Permission)
	})
	return rows
}
