package policy

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/internal/policy/policytest"
	"github.com/rbac-go/rbac/store"
)

// chain is a world in which each group inherits the one before, and g0 at the
// bottom has some permissions.
func chain(groups, permissions int) policytest.World {
	w := policytest.World{Grants: map[string][]string{}, Inherits: map[string][]string{}}
	for i := range groups {
		w.Grants[fmt.Sprint("g", i)] = []string{fmt.Sprint("own.p", i)}
		if i > 0 {
			w.Inherits[fmt.Sprint("g", i)] = []string{fmt.Sprint("g", i-1)}
		}
	}
	for i := range permissions {
		w.Grants["g0"] = append(w.Grants["g0"], fmt.Sprint("deep.p", i))
	}
	return w
}

// TestDeepChangesAreAffordable: grants of a group that thousands inherit through
// each other can be changed without visiting all pairs of these groups, and the
// end of an inheritance that goes up thousands of groups is applied.
func TestDeepChangesAreAffordable(t *testing.T) {
	p := compile(chain(2000, 700))
	for name, changes := range map[string][]store.Change{
		"inheritance above the bottom": {edge("DeleteInheritance", "g1", "g0"), edge("AddInheritance", "g1", "g0")},
		"inheritance below the top":    {edge("DeleteInheritance", "g1999", "g1998"), edge("AddInheritance", "g1999", "g1998")},
		"grant at the bottom":          {grantOf("RevokePermission", "g0", "deep.p1"), grantOf("GrantPermission", "g0", "deep.p1")},
	} {
		next, ok := p.After(changes)
		if !ok {
			t.Errorf("%s: it is not applied", name)
		} else if !next.givesLike(p) {
			t.Errorf("%s: done and undone it is not as it was", name)
		}
	}
}

// givesLike reports whether the same groups give each permission in both
// policies.
func (p *Policy) givesLike(q *Policy) bool {
	for n := range p.permissions.Len() {
		if !slices.Equal(p.permissions.Get(int32(n)).givers.numbers(), q.permissions.Get(int32(n)).givers.numbers()) {
			return false
		}
	}
	return p.permissions.Len() == q.permissions.Len()
}

// TestChangesThatCostTooMuch: changes that cost more than compiling the tables
// are not applied, each by itself or together.
func TestChangesThatCostTooMuch(t *testing.T) {
	p := compile(chain(3000, 2000))
	costly := map[string][]store.Change{
		"inheritance":         {edge("DeleteInheritance", "g1", "g0")},
		"everything to all":   {grantOf("GrantPermission", "g0", "*")},
		"many small together": nil,
	}
	for i := range 1000 {
		costly["many small together"] = append(costly["many small together"], grantOf("GrantPermission", fmt.Sprint("g", 2000+i), "deep.*"))
	}
	for name, changes := range costly {
		if _, ok := p.After(changes); ok {
			t.Errorf("%s: it is applied, though compiling is less work", name)
		}
	}
	if _, ok := p.After(costly["many small together"][999:]); !ok {
		t.Error("one of many is not applied")
	}
}

// TestActivationLooksOnce: groups that inherit each other are not visited again
// for each group that is activated.
func TestActivationLooksOnce(t *testing.T) {
	const groups = 1000
	p := compile(chain(groups, 0))
	in, visited := map[int32]bool{}, 0
	for n := range int32(groups) {
		for _, m := range p.gained(n, in) {
			in[m] = true
			visited++
		}
	}
	if len(in) != groups || visited > 3*groups {
		t.Errorf("%d groups are active after %d visits; want %d and no more than three times that", len(in), visited, groups)
	}
}

// TestChangesAtRandom changes grants and inheritances at random, in cycles too,
// as in a store that was edited by hand, and compares the policy after them with
// the policy that is compiled.
func TestChangesAtRandom(t *testing.T) {
	texts := []string{"*", "a.*", "a.b.*", "a.b", "a.b.c", "a.d", "e", "e.f"}
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 7))
		w := policytest.World{Grants: map[string][]string{"": texts[3:]}, Inherits: map[string][]string{}, Patterns: true}
		for i := range 3 + r.IntN(70) {
			w.Grants[fmt.Sprint("g", i)] = nil
		}
		groups := len(w.Grants) - 1
		p := compile(w)
		for range 200 {
			c := step(w, r, groups, texts)
			next, ok := p.After([]store.Change{c})
			if !ok {
				t.Fatalf("seed %d: %s %s %s is not applied", seed, c.Action, c.Subject, c.Object)
			}
			p = next
		}
		if difference := Difference(p, compile(w)); difference != "" {
			t.Errorf("seed %d: the policy %s", seed, difference)
		}
	}
}

// step makes a change to a world.
func step(w policytest.World, r *rand.Rand, groups int, texts []string) store.Change {
	g, other, text := fmt.Sprint("g", r.IntN(groups)), fmt.Sprint("g", r.IntN(groups)), texts[r.IntN(len(texts))]
	table, e, c := w.Inherits, other, edge("AddInheritance", g, other)
	if r.IntN(2) == 0 {
		table, e, c = w.Grants, text, grantOf("GrantPermission", g, text)
	}
	if !slices.Contains(table[g], e) {
		table[g] = append(slices.Clone(table[g]), e)
		return c
	}
	table[g] = remove(table[g], e)
	c.Action = map[string]string{"AddInheritance": "DeleteInheritance", "GrantPermission": "RevokePermission"}[c.Action]
	return c
}

// TestPermissionWithNameOfPattern: a store that was edited by hand may have a
// permission with the name of a pattern. The policy does not have it: grants of
// that name are of the pattern, before a change and after it.
func TestPermissionWithNameOfPattern(t *testing.T) {
	p := compile(policytest.World{Grants: map[string][]string{"staff": {"post.*", "post.edit"}, "": {"post.read"}}})
	if p.Permission("post.*") != nil {
		t.Error("a pattern is a permission")
	}
	holds := func(p *Policy, permission string) bool {
		has, known := p.HasPermission(p.active(t, "staff"), permission)
		return has && known
	}
	if !holds(p, "post.read") || !holds(p, "post.edit") {
		t.Error("the pattern does not give what is below it")
	}
	p, ok := p.After([]store.Change{grantOf("RevokePermission", "staff", "post.*"), grantOf("RevokePermission", "staff", "post.edit")})
	if !ok || holds(p, "post.read") || holds(p, "post.edit") {
		t.Error("what was revoked is still given")
	}
	after, _ := json.Marshal(store.Permission{Name: "x.*"})
	if _, ok := p.After([]store.Change{{Action: "AddPermission", Subject: "x.*", After: after}}); ok {
		t.Error("a pattern is added as a permission")
	}
}

// TestGroupDeletedUnderItsMembers: a log that was written by hand may show that a
// group was deleted and not that its members were removed before. They are in no
// group then, in whichever scope, and no call fails.
func TestGroupDeletedUnderItsMembers(t *testing.T) {
	p := compile(policytest.World{Grants: map[string][]string{"staff": nil, "others": {"post.read"}}})
	bob := p.Memberships([]store.Membership{
		{Group: policytest.ID("staff")}, {Group: policytest.ID("staff"), Scope: "s"}, {Group: policytest.ID("others")}})
	p, ok := p.After([]store.Change{{Action: "DeleteGroup", Subject: "staff", SubjectID: policytest.ID("staff")}})
	if !ok {
		t.Fatal("the change is not applied")
	}
	active := p.Activate(p.AssignedNow(bob, time.Unix(1, 0)), store.Ticket{})
	for _, scope := range []string{"", "s"} {
		if in, _ := p.InGroup(active.In(scope), "staff"); in {
			t.Errorf("bob is in a group that was deleted, in %q", scope)
		}
	}
	if has, _ := p.HasPermission(active.In(""), "post.read"); !has {
		t.Error("bob is in no other group")
	}
}

// TestChangeOfNobodyIsNotFollowed: a change of a user that does not name the
// user, as in a log that was written by hand, leaves nobody in a cache.
func TestChangeOfNobodyIsNotFollowed(t *testing.T) {
	p := compile(policytest.Blog)
	if _, ok := p.After([]store.Change{{Action: "DeassignUser", Subject: "bob", Object: "editors"}}); ok {
		t.Error("it is applied, and bob keeps what he had")
	}
	if next, ok := p.After([]store.Change{{Action: "DeassignUser", Subject: "bob", SubjectID: policytest.ID("bob")}}); !ok || next != p {
		t.Error("a change of a user leaves the policy as it is")
	}
}

// TestNumbersAreGivenAnew: numbers are not reused, so a policy whose groups or
// permissions come and go is compiled before there are many more numbers than
// groups or permissions.
func TestNumbersAreGivenAnew(t *testing.T) {
	id := policytest.ID("x")
	group, _ := json.Marshal(store.Group{ID: id, Name: "x"})
	permission, _ := json.Marshal(store.Permission{ID: uuid.Nil, Name: "x"})
	for name, c := range map[string][2]store.Change{
		"groups":      {{Action: "AddGroup", Subject: "x", SubjectID: id, After: group}, {Action: "DeleteGroup", SubjectID: id}},
		"permissions": {{Action: "AddPermission", Subject: "x", After: permission}, {Action: "DeletePermission", Subject: "x"}},
	} {
		p, ok := compile(policytest.Blog), true
		steps := 0
		for ; ok && steps < 100_000; steps++ {
			p, ok = p.After(c[:])
		}
		if ok || steps < maxUnused {
			t.Errorf("%s: they are numbered anew after %d of them came and went", name, steps)
		}
	}
}

// A new API key is a change of its user alone: the policy is neither copied nor
// read again.
func TestKeysAreAboutUsers(t *testing.T) {
	p := &Policy{}
	c := store.Change{Action: "IssueKey", SubjectID: uuid.UUID{1}}
	if next, ok := p.After([]store.Change{c}); !AboutUser(c.Action) || next != p || !ok {
		t.Errorf("after %s the policy is another policy, %v", c.Action, ok)
	}
}
