package policy

import (
	"testing"

	"github.com/rbac-go/rbac/internal/policy/policytest"
	"github.com/rbac-go/rbac/store"
)

func compile(w policytest.World) *Policy {
	return New(Tables{Groups: w.Groups(), Inheritances: w.Inheritances(), Permissions: w.Permissions(), Grants: w.Granted()})
}

// active returns the active groups of a user with memberships in groups.
func (p *Policy) active(t testing.TB, groups ...string) *Groups {
	t.Helper()
	var numbers []int32
	for _, name := range groups {
		n, ok := p.groupNums.Get(name)
		if !ok {
			t.Fatalf("the policy of the test has no group %q", name)
		}
		numbers = append(numbers, n)
	}
	a := p.Activate(Assigned{"": numbers}, store.Ticket{})
	return a.In("")
}

// edge is the change of an inheritance, as the change log has it, and grantOf
// the change of a grant.
func edge(action, senior, junior string) store.Change {
	return store.Change{Action: action, Subject: senior, Object: junior,
		SubjectID: policytest.ID(senior), ObjectID: policytest.ID(junior)}
}

func grantOf(action, group, permission string) store.Change {
	return store.Change{Action: action, Subject: group, Object: permission, SubjectID: policytest.ID(group)}
}
