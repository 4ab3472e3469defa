package main

import (
	"fmt"

	"github.com/casbin/casbin/v3"
	"github.com/casbin/casbin/v3/model"
)

const casbinModule = "github.com/casbin/casbin/v3"

// The two orders of the matcher: as casbin's examples have it, and with the comparison that
// rules most lines out before the role is looked up.
const (
	roleFirst  = "g(r.sub, p.sub) && r.obj == p.obj"
	cheapFirst = "r.obj == p.obj && g(r.sub, p.sub)"
)

func casbinModel(matcher string) (model.Model, error) {
	return model.NewModelFromString(`
[request_definition]
r = sub, obj
[policy_definition]
p = sub, obj
[role_definition]
g = _, _
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = ` + matcher)
}

// enforcer is casbin in memory, without an adapter. Its policies are by user and role names.
type enforcer struct{ casbin.IEnforcer }

func loadCasbin(matcher string) func(*world) (subject, error) {
	return func(w *world) (subject, error) {
		m, err := casbinModel(matcher)
		if err != nil {
			return nil, err
		}
		e, err := casbin.NewEnforcer(m)
		return fillCasbin(e, err, w)
	}
}

func loadCasbinCached(w *world) (subject, error) {
	m, err := casbinModel(cheapFirst)
	if err != nil {
		return nil, err
	}
	e, err := casbin.NewCachedEnforcer(m)
	return fillCasbin(e, err, w)
}

func loadCasbinSyncedCached(w *world) (subject, error) {
	m, err := casbinModel(cheapFirst)
	if err != nil {
		return nil, err
	}
	e, err := casbin.NewSyncedCachedEnforcer(m)
	return fillCasbin(e, err, w)
}

func fillCasbin(e casbin.IEnforcer, err error, w *world) (subject, error) {
	if err != nil {
		return nil, err
	}
	if _, err := e.AddPolicies(pairs(w.groups, w.grants, w.permissions)); err != nil {
		return nil, err
	}
	if _, err := e.AddGroupingPolicies(pairs(w.users, w.memberships, w.groups)); err != nil {
		return nil, err
	}
	return enforcer{e}, nil
}

// pairs are the lines of casbin's policy.
func pairs(left []string, of [][]int32, right []string) [][]string {
	var lines [][]string
	for i, list := range of {
		for _, n := range list {
			lines = append(lines, []string{left[i], right[n]})
		}
	}
	return lines
}

func (e enforcer) check(user, permission string) bool {
	ok, err := e.Enforce(user, permission)
	return ok && err == nil
}

func (e enforcer) checks(ps []probe) (allowed int) {
	for i := range ps {
		if e.check(ps[i].user, ps[i].permission) {
			allowed++
		}
	}
	return allowed
}

func (e enforcer) compounds(cs []compound) func(from, to int) int {
	return func(from, to int) (allowed int) {
		for i := from; i < to; i++ {
			c := &cs[i]
			if (e.inGroup(c.user, c.a) || e.check(c.user, c.b)) && !e.inGroup(c.user, c.c) {
				allowed++
			}
		}
		return allowed
	}
}

func (e enforcer) inGroup(user, group string) bool {
	ok, err := e.GetRoleManager().HasLink(user, group)
	return ok && err == nil
}

func (e enforcer) assign(user, group string) error {
	return changed(e.AddGroupingPolicy(user, group))
}

func (e enforcer) deassign(user, group string) error {
	return changed(e.RemoveGroupingPolicy(user, group))
}

func (e enforcer) grant(group, permission string) error {
	return changed(e.AddPolicy(group, permission))
}

func (e enforcer) revoke(group, permission string) error {
	return changed(e.RemovePolicy(group, permission))
}

func changed(ok bool, err error) error {
	if err == nil && !ok {
		return fmt.Errorf("casbin: nothing was changed")
	}
	return err
}

func (e enforcer) close() error { return nil }
