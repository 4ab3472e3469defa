package tgcases

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/rbac-go/rbac"
)

// expression is a predicate as written in the file: one field is set.
type expression struct {
	All               []expression `json:"all"`
	Any               []expression `json:"any"`
	Not               *expression  `json:"not"`
	IsUser            *string      `json:"is_user"`
	InGroup           *string      `json:"in_group"`
	InAllGroups       []string     `json:"in_all_groups"`
	InAnyGroup        []string     `json:"in_any_group"`
	HasPermission     *string      `json:"has_permission"`
	HasAllPermissions []string     `json:"has_all_permissions"`
	HasAnyPermission  []string     `json:"has_any_permission"`
	IsAnonymous       bool         `json:"is_anonymous"`
	NotAnonymous      bool         `json:"not_anonymous"`
	Custom            *string      `json:"custom"`
	Args              []any        `json:"args"`
}

// Predicate builds the predicate, with its message. Custom parts become a Func,
// which knows the user of the case by name.
func (c Case) Predicate(t testing.TB) rbac.Predicate {
	t.Helper()
	return rbac.WithMessage(c.build(t, c.parse(t)), c.Msg)
}

// Names lists the groups and permissions that the case mentions, including
// those of the identity. A policy needs all of these names for the case to be
// judged.
func (c Case) Names(t testing.TB) (groups, permissions []string) {
	t.Helper()
	groups, permissions = c.parse(t).names()
	if c.Identity != nil {
		groups = append(groups, c.Identity.Groups...)
		permissions = append(permissions, c.Identity.Permissions...)
	}
	return unique(groups), unique(permissions)
}

func (c Case) parse(t testing.TB) (e expression) {
	t.Helper()
	if err := json.Unmarshal(c.Condition, &e); err != nil {
		t.Fatalf("%s: %v", c.Source, err)
	}
	return e
}

func (c Case) build(t testing.TB, e expression) rbac.Predicate {
	t.Helper()
	switch {
	case e.All != nil:
		return joined(rbac.All, c.buildAll(t, e.All))
	case e.Any != nil:
		return joined(rbac.Any, c.buildAll(t, e.Any))
	case e.Not != nil:
		return rbac.Not(c.build(t, *e.Not))
	case e.IsUser != nil:
		return rbac.IsUser(*e.IsUser)
	case e.InGroup != nil:
		return rbac.InGroup(*e.InGroup)
	case e.InAllGroups != nil:
		return joined(rbac.InAllGroups, e.InAllGroups)
	case e.InAnyGroup != nil:
		return joined(rbac.InAnyGroup, e.InAnyGroup)
	case e.HasPermission != nil:
		return rbac.HasPermission(*e.HasPermission)
	case e.HasAllPermissions != nil:
		return joined(rbac.HasAllPermissions, e.HasAllPermissions)
	case e.HasAnyPermission != nil:
		return joined(rbac.HasAnyPermission, e.HasAnyPermission)
	case e.IsAnonymous:
		return rbac.IsAnonymous()
	case e.NotAnonymous:
		return rbac.NotAnonymous()
	case e.Custom != nil:
		return rbac.Func(*e.Custom, c.custom(t, *e.Custom, e.Args))
	}
	t.Fatalf("%s: unknown predicate %s", c.Source, c.Condition)
	return nil
}

func (c Case) buildAll(t testing.TB, list []expression) []rbac.Predicate {
	t.Helper()
	var parts []rbac.Predicate
	for _, e := range list {
		parts = append(parts, c.build(t, e))
	}
	return parts
}

// joined calls a constructor that requires at least one argument. The zero
// argument, a nil part or an empty name, is the nearest to an empty list that a
// program can write.
func joined[T any](make func(T, ...T) rbac.Predicate, list []T) rbac.Predicate {
	if len(list) == 0 {
		var zero T
		return make(zero)
	}
	return make(list[0], list[1:]...)
}

func (c Case) custom(t testing.TB, name string, args []any) func(*rbac.Identity) bool {
	t.Helper()
	switch name {
	case "number_equals":
		return func(*rbac.Identity) bool { return c.Context.Number == args[0].(float64) }
	case "number_greater_than":
		return func(*rbac.Identity) bool { return c.Context.Number > args[0].(float64) }
	case "credentials_lack_key":
		return func(id *rbac.Identity) bool { return !c.attr(id, args[0].(string)) }
	case "user_attr_true":
		return func(id *rbac.Identity) bool { return c.attr(id, args[0].(string)) }
	case "bool_func":
		return func(*rbac.Identity) bool { return args[0].(bool) }
	case "always_deny":
		return func(*rbac.Identity) bool { return false }
	case "panic":
		return func(*rbac.Identity) bool { panic("as the case wants it") }
	}
	t.Fatalf("%s: unknown custom predicate %q", c.Source, name)
	return nil
}

// attr reads an attribute of the user, as a host reads its own data.
func (c Case) attr(id *rbac.Identity, key string) bool {
	return c.Identity != nil && id.User() == c.Identity.User && c.Identity.Attrs[key]
}

func (e expression) names() (groups, permissions []string) {
	groups = slices.Concat(e.InAllGroups, e.InAnyGroup)
	permissions = slices.Concat(e.HasAllPermissions, e.HasAnyPermission)
	if e.InGroup != nil {
		groups = append(groups, *e.InGroup)
	}
	if e.HasPermission != nil {
		permissions = append(permissions, *e.HasPermission)
	}
	parts := slices.Concat(e.All, e.Any)
	if e.Not != nil {
		parts = append(parts, *e.Not)
	}
	for _, part := range parts {
		g, p := part.names()
		groups, permissions = append(groups, g...), append(permissions, p...)
	}
	return groups, permissions
}

func unique(names []string) []string {
	slices.Sort(names)
	return slices.Compact(names)
}
