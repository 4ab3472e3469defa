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
	"time"

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
}

// New returns the powers of a user with active groups. The holders of the
// permission administer may do everything.
func New(p *policy.Policy, active policy.Active, administer string) *Powers {
	return &Powers{policy: p, active: active, administer: administer}
}

// Policy returns the policy of the powers.
func (p *Powers) Policy() *policy.Policy { return p.policy }

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
	if refuse := p.assign(group, scope, false); refuse != nil {
		return refuse()
	}
	return ""
}

// MayAssign reports whether the user may assign a group in a scope.
func (p *Powers) MayAssign(group uuid.UUID, scope string) bool {
	return p.assign(group, scope, false) == nil
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
		if refuse := p.assign(m.Group, m.Scope, true); refuse != nil {
			return refuse()
		}
	}
	return ""
}

// Displace returns why the user may not replace the memberships of an account,
// or "" if the user may assign every group that is active before, and not
// after. Dynamic separation sets keep groups from being active.
func (p *Powers) Displace(was, will []store.Membership, now time.Time) (reason string) {
	before := p.policy.Activate(p.policy.Assigned(was, now), store.Ticket{})
	after := p.policy.Activate(p.policy.Assigned(will, now), store.Ticket{})
	for _, scope := range append(before.Scopes(), after.Scopes()...) {
		for _, n := range before.In(scope).Own() {
			if after.In(scope).Has(n) {
				continue
			}
			if refuse := p.assign(p.policy.ID(n), scope, false); refuse != nil {
				return "the group would replace another by a separation set: " + refuse()
			}
		}
	}
	return ""
}

// UsersIn reports whether the user may administer any accounts in a scope.
func (p *Powers) UsersIn(scope string) bool {
	return p.Everything() || p.policy != nil && p.inForce(scope, func(d policy.Delegation) bool { return d.Users })
}

// UsersAnywhere reports whether the user may administer any accounts in any
// scope.
func (p *Powers) UsersAnywhere() bool {
	return slices.ContainsFunc(p.active.Scopes(), p.UsersIn)
}

// AssignableScopes lists the scopes in which the user may assign some group, in
// byte order.
func (p *Powers) AssignableScopes() (scopes []string) {
	some := func(policy.Delegation) bool { return true }
	for _, scope := range slices.Sorted(slices.Values(append(p.active.Scopes(), ""))) {
		if p.policy != nil && (p.gives(p.active.In(scope), p.administer) || p.inForce(scope, some)) {
			scopes = append(scopes, scope)
		}
	}
	return slices.Compact(scopes)
}

// assign returns nil if the user may assign a group in a scope, and otherwise a
// function that returns the reason: most callers need no text. Only delegations
// with users count if users is true.
func (p *Powers) assign(group uuid.UUID, scope string, users bool) (refuse func() string) {
	if p.Everything() {
		return nil
	}
	if p.policy == nil {
		return func() string { return "nothing is delegated" }
	}
	n, ok := p.policy.Number(group)
	if !ok {
		return func() string { return "the group is unknown" }
	}
	closure := p.policy.Closure([]int32{n})
	if p.policy.ClosureGives(closure, p.administer) {
		return func() string {
			return fmt.Sprintf("%s gives %s: only holders of %s everywhere may assign the group",
				p.policy.Name(n), p.administer, p.administer)
		}
	}
	if !users && scope != "" && p.gives(p.active.In(scope), p.administer) {
		return nil
	}
	for _, g := range closure {
		if !p.covers(g, scope, users) {
			return func() string { return p.refusal(n, g, closure, scope, users) }
		}
	}
	return nil
}

// covers reports whether a delegation that is in force in a scope names a group.
func (p *Powers) covers(group int32, scope string, users bool) bool {
	return p.inForce(scope, func(d policy.Delegation) bool {
		return d.Assigns(group) && (d.Users || !users)
	})
}

// inForce reports whether the user is a member of the group of a matching
// delegation in a scope, or everywhere.
func (p *Powers) inForce(scope string, matches func(policy.Delegation) bool) bool {
	active := p.active.In(scope)
	return slices.ContainsFunc(p.policy.Delegations(), func(d policy.Delegation) bool {
		return active.Has(d.Group) && matches(d)
	})
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
	holders := "holders of " + p.administer
	if p.policy == nil {
		return holders
	}
	var givers []int32
	for _, d := range p.policy.Delegations() {
		if (d.Users || !users) && !slices.ContainsFunc(groups, func(g int32) bool { return !d.Assigns(g) }) {
			givers = append(givers, d.Group)
		}
	}
	if len(givers) == 0 {
		return holders
	}
	return "members of " + strings.Join(p.policy.Names(p.policy.ByName(givers)), ", ") + ", or " + holders
}
