package main

import (
	"slices"

	"github.com/cedar-policy/cedar-go"
)

// cedarWorld has the world as entities: the parents of a user are the groups,
// and the parents of a group are the permissions that the group grants. One
// policy then covers everything. With a policy for each grant, cedar-go would
// walk the policies at each request, as casbin does.
type cedarWorld struct {
	entities cedar.EntityMap
	simple   *cedar.PolicySet
	compound *cedar.PolicySet
}

const (
	cedarSimple   = `permit(principal, action, resource) when { principal in resource };`
	cedarCompound = `permit(principal, action, resource) when {
		(principal in context.a || principal in context.b) && !(principal in context.c)
	};`
)

func loadCedar(w *world) (subject, error) {
	simple, err := cedar.NewPolicySetFromBytes("simple.cedar", []byte(cedarSimple))
	if err != nil {
		return nil, err
	}
	compound, err := cedar.NewPolicySetFromBytes("compound.cedar", []byte(cedarCompound))
	if err != nil {
		return nil, err
	}
	c := &cedarWorld{make(cedar.EntityMap, len(w.users)+len(w.groups)+len(w.permissions)), simple, compound}
	for _, name := range w.permissions {
		c.set(permissionUID(name), nil)
	}
	for g, name := range w.groups {
		c.set(groupUID(name), uids(w.grants[g], w.permissions, permissionUID))
	}
	for u, name := range w.users {
		c.set(userUID(name), uids(w.memberships[u], w.groups, groupUID))
	}
	return c, nil
}

func userUID(name string) cedar.EntityUID { return cedar.NewEntityUID("User", cedar.String(name)) }

func groupUID(name string) cedar.EntityUID { return cedar.NewEntityUID("Group", cedar.String(name)) }

func permissionUID(name string) cedar.EntityUID {
	return cedar.NewEntityUID("Permission", cedar.String(name))
}

func uids(numbers []int32, names []string, uid func(string) cedar.EntityUID) []cedar.EntityUID {
	list := make([]cedar.EntityUID, len(numbers))
	for i, n := range numbers {
		list[i] = uid(names[n])
	}
	return list
}

func (c *cedarWorld) set(uid cedar.EntityUID, parents []cedar.EntityUID) {
	c.entities[uid] = cedar.Entity{UID: uid, Parents: cedar.NewEntityUIDSet(parents...)}
}

var cedarAction = cedar.NewEntityUID("Action", "use")

func cedarRequest(user, permission string) cedar.Request {
	return cedar.Request{Principal: userUID(user), Action: cedarAction, Resource: permissionUID(permission)}
}

func (c *cedarWorld) check(user, permission string) bool {
	return c.allows(c.simple, cedarRequest(user, permission))
}

func (c *cedarWorld) allows(p *cedar.PolicySet, r cedar.Request) bool {
	decision, _ := cedar.Authorize(p, c.entities, r)
	return decision == cedar.Allow
}

func (c *cedarWorld) checks(ps []probe) (allowed int) {
	for i := range ps {
		if c.check(ps[i].user, ps[i].permission) {
			allowed++
		}
	}
	return allowed
}

// cedarReady holds parsed requests.
type cedarReady struct {
	*cedarWorld
	policies *cedar.PolicySet
	requests []cedar.Request
}

func (c *cedarWorld) ready(ps []probe) prepared {
	r := &cedarReady{cedarWorld: c, policies: c.simple}
	for _, p := range ps {
		r.requests = append(r.requests, cedarRequest(p.user, p.permission))
	}
	return r
}

func (r *cedarReady) each(from, to int) (allowed int) {
	for i := from; i < to; i++ {
		if r.allows(r.policies, r.requests[i]) {
			allowed++
		}
	}
	return allowed
}

func (r *cedarReady) again(i, n int) (allowed int) {
	for range n {
		if r.allows(r.policies, r.requests[i]) {
			allowed++
		}
	}
	return allowed
}

func (c *cedarWorld) compounds(cs []compound) func(from, to int) int {
	r := &cedarReady{cedarWorld: c, policies: c.compound}
	for _, q := range cs {
		request := cedarRequest(q.user, q.b)
		request.Context = cedar.NewRecord(cedar.RecordMap{"a": groupUID(q.a), "b": permissionUID(q.b), "c": groupUID(q.c)})
		r.requests = append(r.requests, request)
	}
	return r.each
}

func (c *cedarWorld) assign(user, group string) error {
	return c.link(userUID(user), groupUID(group))
}

func (c *cedarWorld) deassign(user, group string) error {
	return c.unlink(userUID(user), groupUID(group))
}

func (c *cedarWorld) grant(group, permission string) error {
	return c.link(groupUID(group), permissionUID(permission))
}

func (c *cedarWorld) revoke(group, permission string) error {
	return c.unlink(groupUID(group), permissionUID(permission))
}

// link replaces an entity, which is immutable, by one with another parent.
func (c *cedarWorld) link(child, parent cedar.EntityUID) error {
	parents := slices.Collect(c.entities[child].Parents.All())
	c.set(child, append(parents, parent))
	return nil
}

func (c *cedarWorld) unlink(child, parent cedar.EntityUID) error {
	parents := slices.Collect(c.entities[child].Parents.All())
	c.set(child, slices.DeleteFunc(parents, func(p cedar.EntityUID) bool { return p == parent }))
	return nil
}

func (c *cedarWorld) close() error { return nil }
