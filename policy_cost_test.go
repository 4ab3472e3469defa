package rbac

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/rbac-go/rbac/store"
)

// chain is a world in which each group inherits the one before, g0 with so many permissions at its bottom.
func chain(groups, permissions int) world {
	w := world{grants: map[string][]string{}, inherits: map[string][]string{}}
	for i := range groups {
		w.grants[fmt.Sprint("g", i)] = []string{fmt.Sprint("own.p", i)}
		if i > 0 {
			w.inherits[fmt.Sprint("g", i)] = []string{fmt.Sprint("g", i-1)}
		}
	}
	for i := range permissions {
		w.grants["g0"] = append(w.grants["g0"], fmt.Sprint("deep.p", i))
	}
	return w
}

// edge is the change of an inheritance, as the log has it, and grantOf that of a grant.
func edge(action, senior, junior string) Change {
	return Change{Action: action, Subject: senior, Object: junior, SubjectID: worldID(senior), ObjectID: worldID(junior)}
}

func grantOf(action, group, permission string) Change {
	return Change{Action: action, Subject: group, Object: permission, SubjectID: worldID(group)}
}

// TestDeepChangesAreAffordable: what thousands inherit through each other can be changed without a look at all
// pairs of them, and the end of an inheritance that goes up thousands of groups is followed.
func TestDeepChangesAreAffordable(t *testing.T) {
	p := chain(2000, 700).compile(t)
	for name, changes := range map[string][]Change{
		"inheritance above the bottom": {edge("DeleteInheritance", "g1", "g0"), edge("AddInheritance", "g1", "g0")},
		"inheritance below the top":    {edge("DeleteInheritance", "g1999", "g1998"), edge("AddInheritance", "g1999", "g1998")},
		"grant at the bottom":          {grantOf("RevokePermission", "g0", "deep.p1"), grantOf("GrantPermission", "g0", "deep.p1")},
	} {
		next, ok := p.after(changes)
		if !ok {
			t.Errorf("%s: it is not followed", name)
		} else if !next.givesLike(p) {
			t.Errorf("%s: done and undone it is not as it was", name)
		}
	}
}

// givesLike reports whether the same groups give each permission in both.
func (p *policy) givesLike(q *policy) bool {
	for n := range p.permissions.Len() {
		if !slices.Equal(p.permissions.Get(int32(n)).given.numbers(), q.permissions.Get(int32(n)).given.numbers()) {
			return false
		}
	}
	return p.permissions.Len() == q.permissions.Len()
}

// TestChangesThatCostTooMuch: changes that would look at more than a reload does are left to one, each by itself or together.
func TestChangesThatCostTooMuch(t *testing.T) {
	p := chain(3000, 2000).compile(t)
	costly := map[string][]Change{
		"inheritance":         {edge("DeleteInheritance", "g1", "g0")},
		"everything to all":   {grantOf("GrantPermission", "g0", "*")},
		"many small together": nil,
	}
	for i := range mostChanges {
		costly["many small together"] = append(costly["many small together"], grantOf("GrantPermission", fmt.Sprint("g", 2000+i), "deep.*"))
	}
	for name, changes := range costly {
		if _, ok := p.after(changes); ok {
			t.Errorf("%s: it is followed, though a reload is less work", name)
		}
	}
	if _, ok := p.after(costly["many small together"][999:]); !ok {
		t.Error("one of many is not followed")
	}
}

// TestActivationLooksOnce: groups that inherit each other are not gone through again for each that is activated.
func TestActivationLooksOnce(t *testing.T) {
	const groups = 1000
	p := chain(groups, 0).compile(t)
	in, looked := map[int32]bool{}, 0
	for n := range int32(groups) {
		for _, m := range p.gained(n, in) {
			in[m] = true
			looked++
		}
	}
	if len(in) != groups || looked > 3*groups {
		t.Errorf("%d groups are active after a look at %d; want %d and no more than three times that", len(in), looked, groups)
	}
}

// TestChangesAtRandom changes grants and inheritances at random, in circles too, as a store has that was
// edited by hand, and holds the policy after them against the one that is read anew.
func TestChangesAtRandom(t *testing.T) {
	texts := []string{"*", "a.*", "a.b.*", "a.b", "a.b.c", "a.d", "e", "e.f"}
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 7))
		w := world{grants: map[string][]string{"": texts[3:]}, inherits: map[string][]string{}}
		for i := range 3 + r.IntN(70) {
			w.grants[fmt.Sprint("g", i)] = nil
		}
		groups := len(w.grants) - 1
		p := (patterned{w}).compile(t)
		for range 200 {
			c := w.step(r, groups, texts)
			next, ok := p.after([]Change{c})
			if !ok {
				t.Fatalf("seed %d: %s %s %s is not followed", seed, c.Action, c.Subject, c.Object)
			}
			p = next
		}
		if drift := firstDifference(p.dump(), (patterned{w}).compile(t).dump()); drift != "" {
			t.Errorf("seed %d: the policy %s", seed, drift)
		}
	}
}

// step makes a change to w.
func (w world) step(r *rand.Rand, groups int, texts []string) Change {
	g, other, text := fmt.Sprint("g", r.IntN(groups)), fmt.Sprint("g", r.IntN(groups)), texts[r.IntN(len(texts))]
	table, e, c := w.inherits, other, edge("AddInheritance", g, other)
	if r.IntN(2) == 0 {
		table, e, c = w.grants, text, grantOf("GrantPermission", g, text)
	}
	if !slices.Contains(table[g], e) {
		table[g] = append(slices.Clone(table[g]), e)
		return c
	}
	table[g] = remove(table[g], e)
	c.Action = map[string]string{"AddInheritance": "DeleteInheritance", "GrantPermission": "RevokePermission"}[c.Action]
	return c
}

// patterned is a world whose permissions are those of the group without a name alone, so that grants can be patterns.
type patterned struct{ world }

func (w patterned) compile(t testing.TB) *policy {
	t.Helper()
	p, err := loadPolicy(patternedRecords{worldRecords{world: w.world}})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

type patternedRecords struct{ worldRecords }

func (w patternedRecords) Permissions() ([]store.Permission, error) {
	only := worldRecords{world: world{grants: map[string][]string{"": w.grants[""]}}}
	return only.Permissions()
}

func (w patternedRecords) Grants() ([]store.Grant, error) {
	all, err := w.worldRecords.Grants()
	return slices.DeleteFunc(all, func(g store.Grant) bool { return g.Group == worldID("") }), err
}
