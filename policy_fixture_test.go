package rbac

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
)

// world is a policy in a few lines, for tests of what is judged against one.
type world struct {
	grants   map[string][]string // group: its own permissions
	inherits map[string][]string // senior: immediate juniors
}

// blog has inheritance over two steps, a permission nobody gives and one that two groups give.
var blog = world{
	grants: map[string][]string{
		"":               {"post.purge"}, // exists, given by no group
		"admins":         {"user.edit", "post.delete"},
		"chiefs":         {},
		"editors":        {"post.write", "post.edit"},
		"moderators":     {"post.delete"},
		"readers":        {"post.read"},
		"senior-editors": {"post.publish"},
		"staff":          {},
	},
	inherits: map[string][]string{
		"chiefs":         {"senior-editors", "staff"},
		"senior-editors": {"editors"},
	},
}

func (w world) compile() *policy {
	p := &policy{groupNum: map[string]int32{}, groupIDs: map[uuid.UUID]int32{}, perms: map[string]*policyPermission{}}
	for _, name := range slices.Sorted(maps.Keys(w.grants)) {
		for _, perm := range w.grants[name] {
			p.perms[perm] = &policyPermission{Permission: Permission{Name: perm}}
		}
		if name == "" {
			continue
		}
		g := policyGroup{Group: Group{ID: uuid.New(), Name: name}, grants: map[string]struct{}{}}
		for _, perm := range w.grants[name] {
			g.grants[perm] = struct{}{}
		}
		p.groupNum[name], p.groupIDs[g.ID] = int32(len(p.groups)), int32(len(p.groups))
		p.groups = append(p.groups, g)
	}
	p.names = slices.Sorted(maps.Keys(p.perms))
	for n := range p.groups {
		w.close(p, int32(n))
	}
	return p
}

func (w world) close(p *policy, n int32) {
	seen := map[int32]bool{}
	var walk func(int32)
	walk = func(n int32) {
		seen[n] = true
		for _, junior := range w.inherits[p.groups[n].Name] {
			walk(p.groupNum[junior])
		}
	}
	walk(n)
	g := &p.groups[n]
	g.closure = slices.Sorted(maps.Keys(seen))
	for _, junior := range w.inherits[g.Name] {
		g.juniors = append(g.juniors, p.groupNum[junior])
	}
	slices.Sort(g.juniors)
	for _, m := range g.closure {
		for _, perm := range w.grants[p.groups[m].Name] {
			if q := p.perms[perm]; !slices.Contains(q.groups, n) {
				q.groups = append(q.groups, n)
			}
		}
	}
}

// user is a user of the policy who is assigned to the groups.
func (p *policy) user(t testing.TB, name string, groups ...string) *Identity {
	t.Helper()
	active := map[int32]bool{}
	for _, g := range groups {
		n, ok := p.groupNum[g]
		if !ok {
			t.Fatalf("the policy of the test has no group %q", g)
		}
		for _, m := range p.groups[n].closure {
			active[m] = true
		}
	}
	return p.identity(uuid.NewSHA1(uuid.Nil, []byte(name)), name, slices.Sorted(maps.Keys(active)), time.Unix(1, 0), time.Now)
}
