package rbac

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/rbac-go/rbac/internal/policy"
)

// This file has the texts about an Identity in explanations and messages. The
// texts address the user, or name the user in the third person for an
// administrator. With hideGroups the texts name no groups.

// loginText reads like: you are bob.
func (id *Identity) loginText() string {
	if id.kind == anonymousIdentity {
		return "nobody is logged in"
	}
	if id.thirdPerson {
		return "the user is " + id.user
	}
	return "you are " + id.user
}

// isText begins a sentence: you are, or: bob is.
func (id *Identity) isText() string {
	if id.thirdPerson {
		return id.user + " is"
	}
	return "you are"
}

// hasText begins a sentence: you have, or: bob has.
func (id *Identity) hasText() string {
	if id.thirdPerson {
		return id.user + " has"
	}
	return "you have"
}

// ownText begins a sentence: your, or: bob's.
func (id *Identity) ownText() string {
	if id.thirdPerson {
		return id.user + "'s"
	}
	return "your"
}

// membershipText describes the groups of id, and for an id without groups in
// the scope the scopes with groups.
func (id *Identity) membershipText() string {
	if id.kind == anonymousIdentity {
		return id.loginText()
	}
	groups := slices.Collect(id.Groups())
	switch {
	case len(groups) > 0 && id.hideGroups:
		return ""
	case len(groups) > 0:
		return id.isText() + " in " + listed(groups, ", ")
	}
	if id.policy != nil {
		if scopes, all := id.active.FirstScopes(maxListed); all > 0 {
			return id.ownText() + " groups hold in " + listedOf(scopes, all, ", ") + " only"
		}
	}
	return id.isText() + " in no group"
}

// lackOfGroup describes the groups of id, and the groups left out because of a
// dynamic set, as far as they lead to the missing group.
func (id *Identity) lackOfGroup(name string) string {
	if id.policy == nil {
		return id.membershipText()
	}
	return id.lackOf(id.policy.ToGroup(name))
}

// lackOfPermission is lackOfGroup for a permission.
func (id *Identity) lackOfPermission(name string) string {
	if id.policy == nil {
		return id.membershipText()
	}
	return id.lackOf(id.policy.ToPermission(name))
}

func (id *Identity) lackOf(target policy.Target) string {
	var texts []string
	if text := id.membershipText(); text != "" {
		texts = append(texts, text)
	}
	for _, n := range id.here.Omitted() {
		if !id.policy.Reaches(n, target) {
			continue
		}
		if id.hideGroups {
			texts = append(texts, "one of your groups is left out by a dynamic set")
			break
		}
		texts = append(texts, id.omission(n))
	}
	return strings.Join(texts, "; ")
}

// omission reads like: cashiers is left out by the dynamic set desks: fewer
// than 2 of auditors, cashiers may come together: bob → auditors, bob →
// cashiers.
func (id *Identity) omission(n int32) string {
	text := id.policy.Name(n) + " is left out"
	with := append(slices.Clone(id.here.Own()), n)
	if v, ok := id.policy.ViolationAmong(id.scope, with); ok {
		text += " by the dynamic set " + v.Set().Name + ": " + violationText(v, v.SetGroups(), id.user)
	}
	return text
}

// violationText reads like: fewer than 2 of accounting, auditing may come
// together: bob → seniors → accounting, bob → auditing.
func violationText(v policy.Violation, setGroups []string, user string) string {
	text := "fewer than " + strconv.Itoa(v.Set().Cardinality) + " of " +
		listed(setGroups, ", ") + " may come together"
	if v.Scope != "" {
		text += " in " + v.Scope
	}
	var paths []string
	for _, path := range v.Paths() {
		paths = append(paths, strings.Join(append([]string{user}, path...), " → "))
	}
	return text + ": " + listed(paths, ", ")
}

// givers reads like: , which the group editors gives. The text is empty without
// a policy, and for an anonymous Identity: nobody can be put into a group.
func (id *Identity) givers(permission string) string {
	if id.policy == nil || id.kind == anonymousIdentity || id.hideGroups {
		return ""
	}
	names := id.policy.Givers(permission)
	switch len(names) {
	case 0:
		return ", which no group gives"
	case 1:
		return ", which the group " + names[0] + " gives"
	}
	return ", which the groups " + listed(names, ", ") + " give"
}

// permissionPaths reads like: editors gives post.write, or: seniors gives
// post.write through editors by the pattern post.*.
func (id *Identity) permissionPaths(permission string) string {
	if id.policy == nil || id.hideGroups {
		return id.hasText() + " " + permission
	}
	var texts []string
	for _, path := range id.policy.Paths(id.here, id.policy.ToPermission(permission)) {
		names := id.policy.Names(path)
		text := names[0] + " gives " + permission
		if len(names) > 1 {
			text += " through " + strings.Join(names[1:], ", ")
		}
		if grant := id.policy.GrantsGiving(path[len(path)-1], permission)[0]; grant != permission {
			text += " by the pattern " + grant
		}
		texts = append(texts, text)
	}
	return cmp.Or(listed(texts, " and "), id.hasText()+" "+permission)
}

// groupPaths reads like: you are in editors, or: you are in seniors, which
// inherits editors.
func (id *Identity) groupPaths(group string) string {
	if id.hideGroups {
		return id.isText() + " in a certain group"
	}
	if id.policy == nil {
		return id.isText() + " in " + group
	}
	var texts []string
	for _, path := range id.policy.Paths(id.here, id.policy.ToGroup(group)) {
		names := id.policy.Names(path)
		text := id.isText() + " in " + names[0]
		if last := len(names) - 1; last > 0 {
			text += ", which inherits " + names[last]
			if last > 1 {
				text += " through " + strings.Join(names[1:last], ", ")
			}
		}
		texts = append(texts, text)
	}
	return cmp.Or(listed(texts, " and "), id.isText()+" in "+group)
}
