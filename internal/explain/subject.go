// Package explain words the reasons of verdicts for people: what a user has or
// lacks, by which paths, and what would help.
//
// Package rbac walks through predicates and judges; package explain looks at
// the policy and the memberships, and returns texts.
package explain

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/rbac-go/rbac/internal/policy"
)

// Subject is the person that a text is about. The texts address the person, or
// name the person for an administrator.
type Subject struct {
	User        string              // empty: nobody is logged in
	Scope       string              // the scope in question; empty: everywhere
	Policy      *policy.Policy      // nil: the host stated the groups
	Active      *policy.Active      // with Policy: the active groups of every scope
	Stated      map[string]struct{} // without Policy: the groups stated by the host
	ThirdPerson bool                // the texts name the user
	HideGroups  bool                // the texts name no groups
}

// here returns the active groups in the scope in question.
func (s Subject) here() *policy.Groups { return s.Active.In(s.Scope) }

// Login reads like: you are bob.
func (s Subject) Login() string {
	if s.User == "" {
		return "nobody is logged in"
	}
	if s.ThirdPerson {
		return "the user is " + s.User
	}
	return "you are " + s.User
}

// is begins a sentence: you are, or: bob is.
func (s Subject) is() string {
	if s.ThirdPerson {
		return s.User + " is"
	}
	return "you are"
}

// has begins a sentence: you have, or: bob has.
func (s Subject) has() string {
	if s.ThirdPerson {
		return s.User + " has"
	}
	return "you have"
}

// own begins a sentence: your, or: bob's.
func (s Subject) own() string {
	if s.ThirdPerson {
		return s.User + "'s"
	}
	return "your"
}

// groups lists the names of the active groups in byte order.
func (s Subject) groups() []string {
	if s.Policy == nil {
		return slices.Sorted(maps.Keys(s.Stated))
	}
	return s.Policy.NamesOf(s.here())
}

// memberships describes the active groups, and for a user without groups in the
// scope the scopes with groups.
func (s Subject) memberships() string {
	if s.User == "" {
		return s.Login()
	}
	groups := s.groups()
	switch {
	case len(groups) > 0 && s.HideGroups:
		return ""
	case len(groups) > 0:
		return s.is() + " in " + List(groups, ", ")
	}
	if s.Policy != nil {
		if scopes, all := s.Active.FirstScopes(MaxListed); all > 0 {
			return s.own() + " groups hold in " + ListOf(scopes, all, ", ") + " only"
		}
	}
	return s.is() + " in no group"
}

// LacksGroup describes the active groups, and the groups left out because of a
// dynamic set, as far as they lead to the missing group.
func (s Subject) LacksGroup(name string) string {
	if s.Policy == nil {
		return s.memberships()
	}
	return s.lackOf(s.Policy.ToGroup(name))
}

// LacksPermission is LacksGroup for a permission.
func (s Subject) LacksPermission(name string) string {
	if s.Policy == nil {
		return s.memberships()
	}
	return s.lackOf(s.Policy.ToPermission(name))
}

func (s Subject) lackOf(target policy.Target) string {
	var texts []string
	if text := s.memberships(); text != "" {
		texts = append(texts, text)
	}
	for _, n := range s.here().Omitted() {
		if !s.Policy.Reaches(n, target) {
			continue
		}
		if s.HideGroups {
			texts = append(texts, "one of your groups is left out by a dynamic set")
			break
		}
		texts = append(texts, s.omission(n))
	}
	return strings.Join(texts, "; ")
}

// omission reads like: cashiers is left out by the dynamic set desks: fewer
// than 2 of auditors, cashiers may come together: bob → auditors, bob →
// cashiers.
func (s Subject) omission(n int32) string {
	text := s.Policy.Name(n) + " is left out"
	with := append(slices.Clone(s.here().Own()), n)
	if v, ok := s.Policy.ViolationAmong(s.Scope, with); ok {
		text += " by the dynamic set " + v.Set().Name + ": " + Violation(v, v.SetGroups(), s.User)
	}
	return text
}

// Givers reads like: , which the group editors gives. The text is empty without
// a policy, and for nobody logged in: nobody can be put into a group.
func (s Subject) Givers(permission string) string {
	if s.Policy == nil || s.User == "" || s.HideGroups {
		return ""
	}
	names := s.Policy.Givers(permission)
	switch len(names) {
	case 0:
		return ", which no group gives"
	case 1:
		return ", which the group " + names[0] + " gives"
	}
	return ", which the groups " + List(names, ", ") + " give"
}

// HasPermission reads like: editors gives post.write, or: seniors gives
// post.write through editors by the pattern post.*.
func (s Subject) HasPermission(permission string) string {
	if s.Policy == nil || s.HideGroups {
		return s.has() + " " + permission
	}
	var texts []string
	for _, path := range s.Policy.Paths(s.here(), s.Policy.ToPermission(permission)) {
		names := s.Policy.Names(path)
		text := names[0] + " gives " + permission
		if len(names) > 1 {
			text += " through " + strings.Join(names[1:], ", ")
		}
		if grant := s.Policy.GrantsGiving(path[len(path)-1], permission)[0]; grant != permission {
			text += " by the pattern " + grant
		}
		texts = append(texts, text)
	}
	return cmp.Or(List(texts, " and "), s.has()+" "+permission)
}

// InGroup reads like: you are in editors, or: you are in seniors, which
// inherits editors.
func (s Subject) InGroup(group string) string {
	if s.HideGroups {
		return s.is() + " in a certain group"
	}
	if s.Policy == nil {
		return s.is() + " in " + group
	}
	var texts []string
	for _, path := range s.Policy.Paths(s.here(), s.Policy.ToGroup(group)) {
		names := s.Policy.Names(path)
		text := s.is() + " in " + names[0]
		if last := len(names) - 1; last > 0 {
			text += ", which inherits " + names[last]
			if last > 1 {
				text += " through " + strings.Join(names[1:last], ", ")
			}
		}
		texts = append(texts, text)
	}
	return cmp.Or(List(texts, " and "), s.is()+" in "+group)
}
