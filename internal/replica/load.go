package replica

import (
	"github.com/rbac-go/rbac/internal/policy"
	"github.com/rbac-go/rbac/store"
)

// Load reads the tables of a policy in a transaction, and compiles the policy.
func Load(r store.Records) (*policy.Policy, error) {
	var t policy.Tables
	var err error
	if t.Groups, err = r.Groups(); err != nil {
		return nil, err
	}
	if t.Inheritances, err = r.Inheritances(store.InheritanceFilter{}); err != nil {
		return nil, err
	}
	if t.Permissions, err = r.Permissions(); err != nil {
		return nil, err
	}
	if t.Grants, err = r.Grants(store.GrantFilter{}); err != nil {
		return nil, err
	}
	if t.Separations, err = r.Separations(store.SeparationFilter{Dynamic: true}); err != nil {
		return nil, err
	}
	if t.Sections, err = r.Sections(); err != nil {
		return nil, err
	}
	if t.Delegations, err = r.Delegations(); err != nil {
		return nil, err
	}
	return policy.New(t), nil
}
