// Package delegation decides which groups a user may assign, and which accounts
// a user may administer.
//
// The model is ARBAC: a delegation lets the members of a group assign other
// groups, in the scopes of their own memberships. Package delegation uses the row
// types of package store, asks no store and makes no errors. Package rbac reads
// the records in the transaction of the change, and makes an error of a reason.
package delegation

import (
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/internal/policy"
	"github.com/rbac-go/rbac/store"
)

// Powers are what a user may administer, under one policy. The zero Powers may
// do nothing.
type Powers struct {
	policy     *policy.Policy
	active     policy.Active
	administer string // the permission of an administrator
	rules      []rule
}

// rule is a delegation, by numbers of groups. Groups unknown to the policy are
// left out.
type rule struct {
	group  string // name
	assign map[int32]bool
	users  bool
}

// New returns the powers of a user with active groups. The holders of the
// permission administer may do everything.
func New(
	p *policy.Policy, active policy.Active, administer string, delegations []store.Delegation,
) *Powers {
	powers := &Powers{policy: p, active: active, administer: administer}
	for _, d := range delegations {
		n, ok := p.Number(d.Group)
		if !ok {
			continue
		}
		r := rule{group: p.Name(n), assign: map[int32]bool{}, users: d.Users}
		for _, g := range d.Assign {
			if n, ok := p.Number(g); ok {
				r.assign[n] = true
			}
		}
		powers.rules = append(powers.rules, r)
	}
	slices.SortFunc(powers.rules, func(a, b rule) int { return strings.Compare(a.group, b.group) })
	return powers
}

// Everything reports whether the user may do everything: the user holds the
// permission of an administrator everywhere.
func (p *Powers) Everything() bool {
	return p.policy != nil && p.gives(p.active.In(""), p.administer)
}

func (p *Powers) gives(g *policy.Groups, permission string) bool {
	has, _ := p.policy.HasPermission(g, permission)
	return has
}

// Assign returns why the user may not assign a group in a scope, or "" if the
// user may. The scope "" is everywhere.
//
// A delegation has to cover the group and all groups that the group inherits,
// as they are now: an inheritance that is added later gives nobody more than
// the delegation says. A group that gives the permission of an administrator is
// for administrators alone. A user who holds that permission in a scope may
// assign every other group in the scope.
func (p *Powers) Assign(group uuid.UUID, scope string) (reason string) {
	return p.assign(group, scope, false)
}

// Reach returns why the user may not administer an account with memberships,
// ended ones included, or "" if the user may. Each membership needs a
// delegation with users in force in its scope. An account without memberships
// needs such a delegation by a membership everywhere: otherwise the
// administrator of one scope could take over the new account of another.
func (p *Powers) Reach(memberships []store.Membership) (reason string) {
	if p.Everything() {
		return ""
	}
	if len(memberships) == 0 {
		if p.UsersIn("") {
			return ""
		}
		return "the account is in no group: only " + p.who(nil, true) + " everywhere may administer the account"
	}
	for _, m := range memberships {
		if reason := p.assign(m.Group, m.Scope, true); reason != "" {
			return reason
		}
	}
	return ""
}

// UsersIn reports whether the user may administer any accounts in a scope.
func (p *Powers) UsersIn(scope string) bool {
	return p.Everything() || slices.ContainsFunc(p.rules, func(r rule) bool {
		return r.users && p.inForce(r, scope)
	})
}

// UsersAnywhere reports whether the user may administer any accounts in any
// scope.
func (p *Powers) UsersAnywhere() bool {
	return slices.ContainsFunc(p.active.Scopes(), p.UsersIn)
}

// assign is Assign, for delegations with users only if users is true.
func (p *Powers) assign(group uuid.UUID, scope string, users bool) (reason string) {
	if p.Everything() {
		return ""
	}
	if p.policy == nil {
		return "nothing is delegated"
	}
	n, ok := p.policy.Number(group)
	if !ok {
		return "the group is unknown"
	}
	closure := p.policy.Closure([]int32{n})
	if p.policy.ClosureGives(closure, p.administer) {
		return fmt.Sprintf("%s gives %s: only holders of %s everywhere may assign the group",
			p.policy.Name(n), p.administer, p.administer)
	}
	if !users && scope != "" && p.gives(p.active.In(scope), p.administer) {
		return ""
	}
	for _, g := range closure {
		if !p.covers(g, scope, users) {
			return p.refusal(n, g, closure, scope, users)
		}
	}
	return ""
}

// covers reports whether a delegation that is in force in a scope names a group.
func (p *Powers) covers(group int32, scope string, users bool) bool {
	return slices.ContainsFunc(p.rules, func(r rule) bool {
		return r.assign[group] && (r.users || !users) && p.inForce(r, scope)
	})
}

// inForce reports whether the user is a member of the delegation's group in a
// scope, or everywhere.
func (p *Powers) inForce(r rule, scope string) bool {
	in, _ := p.policy.InGroup(p.active.In(scope), r.group)
	return in
}

// refusal says which group is not covered, and who may assign the group.
func (p *Powers) refusal(group, missing int32, closure []int32, scope string, users bool) string {
	where := "everywhere"
	if scope != "" {
		where = "in " + scope
	}
	var what string
	switch name := p.policy.Name(group); {
	case users:
		what = fmt.Sprintf("the account is in %s %s", name, where)
	case group == missing:
		what = fmt.Sprintf("assigning %s %s", name, where)
	default:
		what = fmt.Sprintf("assigning %s %s, which inherits %s,", name, where, p.policy.Name(missing))
	}
	if users {
		return what + ": only " + p.who(closure, true) + " may administer the account"
	}
	return what + " is for " + p.who(closure, false)
}

// who names those who may assign groups: the members of the groups whose
// delegations name all of them, and administrators.
func (p *Powers) who(groups []int32, users bool) string {
	var names []string
	for _, r := range p.rules {
		if (r.users || !users) && !slices.ContainsFunc(groups, func(g int32) bool { return !r.assign[g] }) {
			names = append(names, r.group)
		}
	}
	holders := "holders of " + p.administer
	if len(names) == 0 {
		return holders
	}
	return "members of " + strings.Join(names, ", ") + ", or " + holders
}
