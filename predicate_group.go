package rbac

import (
	"strconv"

	"github.com/rbac-go/rbac/internal/policy"
)

// InGroup is met if the group is active, or inherited by an active group.
func InGroup(name string) Predicate {
	if !validGroup(name) {
		return newFlawedName("in_group", "group", name)
	}
	return newLeaf(&inGroup{policy.GroupName{Name: name}})
}

// InAllGroups decides like All of InGroup for each name.
func InAllGroups(name string, more ...string) Predicate {
	list := forEach(InGroup, name, more)
	return newCompound(&allOf{parts{name: "in_all_groups", list: list, terse: true}})
}

// InAnyGroup decides like Any of InGroup for each name.
func InAnyGroup(name string, more ...string) Predicate {
	list := forEach(InGroup, name, more)
	return newCompound(&anyOf{parts{name: "in_any_group", list: list, terse: true}})
}

// HasPermission is met if an active group gives the permission, by itself or
// through an inherited group. The name is the name of one permission: a
// pattern, for example "*" or "post.*", is no valid name.
func HasPermission(name string) Predicate {
	if !validPermission(name) {
		return newFlawedName("has_permission", "permission", name)
	}
	return newLeaf(&hasPermission{policy.PermissionName{Name: name}})
}

// HasAllPermissions decides like All of HasPermission for each name.
func HasAllPermissions(name string, more ...string) Predicate {
	list := forEach(HasPermission, name, more)
	return newCompound(&allOf{parts{name: "has_all_permissions", list: list, terse: true}})
}

// HasAnyPermission decides like Any of HasPermission for each name.
func HasAnyPermission(name string, more ...string) Predicate {
	list := forEach(HasPermission, name, more)
	return newCompound(&anyOf{parts{name: "has_any_permission", list: list, terse: true}})
}

// validGroup reports whether a text can be the name of a group.
func validGroup(name string) bool {
	_, err := groupOf(name)
	return err == nil
}

// validPermission refuses patterns: users who have post.edit would meet
// Not(HasPermission("post.*")).
func validPermission(name string) bool {
	_, err := permissionOf(name)
	return err == nil
}

// forEach makes a predicate for each name.
func forEach(make func(string) Predicate, name string, more []string) []*predicate {
	parts := []*predicate{own(make(name))}
	for _, m := range more {
		parts = append(parts, own(make(m)))
	}
	return parts
}

// inGroup asks the policy of an Identity. Without a policy the names stated by
// the host decide, and no name is unknown.
type inGroup struct{ group policy.GroupName }

func (p *inGroup) judge(id view) verdict {
	if id.policy == nil {
		return id.inGroup(p.group.Name)
	}
	return knownVerdict(p.group.In(id.policy, id.groups))
}

func (p *inGroup) call() (string, []string) {
	return "in_group", []string{strconv.Quote(p.group.Name)}
}

// describe lists the paths to the group, or the groups of id in place of it.
func (p *inGroup) describe(id *Identity, v verdict) (problem, detail string) {
	name := p.group.Name
	switch v {
	case met:
		return "", id.subject().InGroup(name)
	case unmet:
		problem = "needs the group " + name
		if id.hideGroups {
			problem = "needs a certain group"
		}
		return problem, id.subject().LacksGroup(name)
	}
	if id.hideGroups {
		return "a group is unknown", ""
	}
	return "group " + strconv.Quote(name) + " is unknown", ""
}

// hasPermission asks the policy of an Identity, or the names stated by the
// host; see inGroup.
type hasPermission struct{ permission policy.PermissionName }

func (p *hasPermission) judge(id view) verdict {
	if id.policy == nil {
		return id.hasPermission(p.permission.Name)
	}
	return knownVerdict(p.permission.GivenBy(id.policy, id.groups))
}

func (p *hasPermission) call() (string, []string) {
	return "has_permission", []string{strconv.Quote(p.permission.Name)}
}

// describe lists the paths to the permission. For a missing permission it lists
// the groups that would give it, and the groups of id.
func (p *hasPermission) describe(id *Identity, v verdict) (problem, detail string) {
	name := p.permission.Name
	switch v {
	case met:
		return "", id.subject().HasPermission(name)
	case unmet:
		return "needs " + name + id.subject().Givers(name), id.subject().LacksPermission(name)
	}
	return "permission " + strconv.Quote(name) + " is unknown", ""
}
