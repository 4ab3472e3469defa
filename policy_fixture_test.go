package rbac

import (
	"testing"
	"time"

	"github.com/rbac-go/rbac/internal/policy"
	"github.com/rbac-go/rbac/internal/policy/policytest"
	"github.com/rbac-go/rbac/store"
)

// world is a policy in a few lines, for tests of predicates.
type world policytest.World

var blog = world(policytest.Blog)

// worldPolicy is a compiled world.
type worldPolicy struct{ *policy.Policy }

func (w world) compile(t testing.TB) worldPolicy {
	t.Helper()
	rows := policytest.World(w)
	return worldPolicy{policy.New(policy.Tables{Groups: rows.Groups(), Inheritances: rows.Inheritances(),
		Permissions: rows.Permissions(), Grants: rows.Granted()})}
}

var worldID = policytest.ID

// anonymous returns an Identity of the policy for a visitor who is not logged
// in.
func (p worldPolicy) anonymous(from *origin) *Identity { return newAnonymous(p.Policy, from) }

// user returns a user of the policy who is assigned to groups.
func (p worldPolicy) user(t testing.TB, name string, groups ...string) *Identity {
	t.Helper()
	var rows []store.Membership
	for _, g := range groups {
		if p.Group(g) == nil {
			t.Fatalf("the policy of the test has no group %q", g)
		}
		rows = append(rows, store.Membership{Group: worldID(g)})
	}
	at := time.Unix(1, 0)
	return &identify(p.Policy, worldID(name), name, p.Assigned(rows, at), store.Ticket{Created: at}, nil).Identity
}
