package rbac

import (
	"context"

	"github.com/rbac-go/rbac/internal/policy"
	"github.com/rbac-go/rbac/internal/replica"
	"github.com/rbac-go/rbac/store"
)

// PolicyDrift compares the policy that an Authority has updated, change by
// change, with the policy of its store, and returns the first difference; empty
// if there is none, or if the store has moved on.
func (a *Authority) PolicyDrift(ctx context.Context) (drift string, err error) {
	err = a.store.View(ctx, func(r store.Records) error {
		st := a.replica.State()
		if head, err := r.Head(store.NoLock); err != nil || !st.At(head) {
			return err
		}
		fresh, err := replica.Load(r)
		if err != nil {
			return err
		}
		drift = policy.Difference(st.Policy, fresh)
		return nil
	})
	return drift, err
}

// PolicyParts returns the parts of the policy for a group and a permission. A
// change that touches neither keeps both parts.
func (a *Authority) PolicyParts(group, permission string) [2]any {
	p := a.replica.State().Policy
	return [2]any{p.Group(group), p.Permission(permission)}
}
