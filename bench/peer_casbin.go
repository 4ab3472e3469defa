package main

import (
	"errors"
	"fmt"

	"github.com/casbin/casbin/v3"
	"github.com/casbin/casbin/v3/model"
	"github.com/casbin/casbin/v3/persist/cache"
)

const casbinModule = "github.com/casbin/casbin/v3"

// The two orders of the matcher: the order of casbin's examples, and the order
// with the comparison first that rules out most lines.
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

// enforcer is casbin in memory, without an adapter. Its policies name users and
// roles.
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
	s, err := fillCasbin(e, err, w)
	return cachedEnforcer{s, cache.NewDefaultCache, e.SetCache}, err
}

func loadCasbinSyncedCached(w *world) (subject, error) {
	m, err := casbinModel(cheapFirst)
	if err != nil {
		return nil, err
	}
	e, err := casbin.NewSyncedCachedEnforcer(m)
	s, err := fillCasbin(e, err, w)
	return cachedEnforcer{s, cache.NewSyncCache, e.SetCache}, err
}

// cachedEnforcer caches decisions.
type cachedEnforcer struct {
	enforcer
	empty func() (cache.Cache, error)
	set   func(cache.Cache)
}

// remember fills the cache with the truth. Deciding all questions would take
// hours in a large world, and a cache with a few of them would fit into the
// processor's cache and look faster than it is.
func (e cachedEnforcer) remember(q *questions) error {
	c, err := e.empty()
	if err != nil {
		return err
	}
	keep := func(user, permission string, has bool) {
		key, _ := casbin.GetCacheKey(user, permission)
		err = errors.Join(err, c.Set(key, has))
	}
	for _, p := range q.probes {
		keep(p.user, p.permission, p.want)
	}
	for _, p := range q.compounds {
		keep(p.user, p.b, p.has)
	}
	e.set(c)
	return err
}

func fillCasbin(e casbin.IEnforcer, err error, w *world) (enforcer, error) {
	if err != nil {
		return enforcer{}, err
	}
	if _, err := e.AddPolicies(pairs(w.groups, w.grants, w.permissions)); err != nil {
		return enforcer{}, err
	}
	if _, err := e.AddGroupingPolicies(pairs(w.users, w.memberships, w.groups)); err != nil {
		return enforcer{}, err
	}
	return enforcer{e}, nil
}

// pairs returns the lines of casbin's policy.
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
