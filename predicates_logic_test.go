package rbac

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/rbac-go/rbac/store"
)

// tree is a predicate with a model of the predicate, written as naively as the
// words of Kleene's logic.
type tree struct {
	op    string // "leaf", "all", "any" or "not"
	leaf  Predicate
	value verdict // of the leaf
	parts []*tree
}

func (t *tree) model() verdict {
	var seen = map[verdict]bool{}
	for _, part := range t.parts {
		seen[part.model()] = true
	}
	switch {
	case t.op == "leaf":
		return t.value
	case t.op == "all" && seen[unmet], t.op == "any" && !seen[met] && !seen[broken], t.op == "not" && seen[met]:
		return unmet
	case t.op == "any" && seen[met], t.op == "all" && !seen[broken], t.op == "not" && seen[unmet]:
		return met
	}
	return broken
}

func (t *tree) predicate() Predicate {
	if t.op == "leaf" {
		return t.leaf
	}
	var parts []Predicate
	for _, part := range t.parts {
		parts = append(parts, part.predicate())
	}
	switch t.op {
	case "all":
		return All(parts[0], parts[1:]...)
	case "any":
		return Any(parts[0], parts[1:]...)
	}
	return Not(parts[0])
}

func (t *tree) shuffle(r *rand.Rand) {
	r.Shuffle(len(t.parts), func(i, j int) { t.parts[i], t.parts[j] = t.parts[j], t.parts[i] })
	for _, part := range t.parts {
		part.shuffle(r)
	}
}

func randomTree(r *rand.Rand, leaves []*tree, depth int) *tree {
	if depth == 0 || r.IntN(4) == 0 {
		return leaves[r.IntN(len(leaves))]
	}
	t := &tree{op: []string{"all", "any", "not"}[r.IntN(3)]}
	for range 1 + r.IntN(4) {
		t.parts = append(t.parts, randomTree(r, leaves, depth-1))
	}
	if t.op == "not" {
		t.parts = t.parts[:1]
	}
	return t
}

// Verdicts are the verdicts of strong Kleene logic, in any order of the parts,
// and Check, Met and Explain agree on the verdicts.
func TestLogic(t *testing.T) {
	p := blog.compile(t)
	amy := p.user(t, "amy", "editors", "readers")
	leaves := func(id *Identity, with map[verdict][]Predicate) (all []*tree) {
		for v, predicates := range with {
			for _, q := range predicates {
				if got := judge(id, q); got != v {
					t.Fatalf("%v for %v is %v, want %v", q, id, got, v)
				}
				all = append(all, &tree{op: "leaf", leaf: q, value: v})
			}
		}
		slices.SortFunc(all, func(a, b *tree) int { return int(a.value) - int(b.value) })
		return all
	}
	for name, c := range map[string]struct {
		id     *Identity
		leaves map[verdict][]Predicate
	}{
		"a user of a policy": {amy, map[verdict][]Predicate{
			met:    {InGroup("editors"), HasPermission("post.edit"), WithMessage(NotAnonymous(), "log in"), InAnyGroup("x", "readers")},
			unmet:  {InGroup("staff"), HasPermission("post.purge"), IsAnonymous(), Func("no", func(*Identity) bool { return false })},
			broken: {InGroup("x"), HasPermission("x"), nil, FromNet(prefix("::/0")), Func("panics", func(*Identity) bool { panic("boom") }), foreign{}},
		}},
		"nobody logged in": {p.anonymous(nil), map[verdict][]Predicate{
			met: {IsAnonymous()}, unmet: {InGroup("editors")}, broken: {HasPermission("x")},
		}},
		"an identity without a policy": {NewIdentity("bob", []string{"a"}, []string{"b"}), map[verdict][]Predicate{
			met: {InGroup("a"), HasPermission("b")}, unmet: {InGroup("x")}, broken: {InGroup(""), IsUserID(amy.ID()), AuthenticatedWithin(time.Hour)},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			all := leaves(c.id, c.leaves)
			seen := map[verdict]int{}
			for range 2000 {
				tree := randomTree(r, all, 5)
				want := tree.model()
				seen[want]++
				for range 3 {
					expectVerdict(t, c.id, tree.predicate(), want)
					tree.shuffle(r)
				}
			}
			if len(seen) != 3 {
				t.Errorf("the trees came to %v only", seen)
			}
		})
	}
}

func expectVerdict(t *testing.T, id *Identity, p Predicate, want verdict) {
	t.Helper()
	if got := judge(id, p); got != want {
		t.Errorf("%v for %v is %v, want %v", p, id, got, want)
	}
	f, e := explainer{}.explain(own(p), id)
	if f.Verdict != want || e.Met != (want == met) {
		t.Errorf("%v for %v is explained as %v, want %v", p, id, f.Verdict, want)
	}
	if e.Reason == "" {
		t.Errorf("%v for %v: no reason is given", p, id)
	}
	err := Check(id, p)
	if (err == nil) != (want == met) || Met(id, p) != (want == met) {
		t.Errorf("%v for %v: Check gave %v and Met %v, want met: %v", p, id, err, Met(id, p), want == met)
	}
	if denied, ok := err.(*DeniedError); ok && denied.Message != e.Reason {
		t.Errorf("%v for %v: the message is %q, the reason %q", p, id, denied.Message, e.Reason)
	}
}

// Without identification, no predicate is met, and neither is its opposite.
func TestUnidentified(t *testing.T) {
	called := false
	f := Func("host", func(*Identity) bool { called = true; return true })
	for name, id := range map[string]*Identity{
		"nil":                                nil,
		"zero":                               {},
		"groups without a user":              NewIdentity("", []string{"a"}, nil),
		"permissions without a user":         NewIdentity("", nil, []string{"a"}),
		"an invalid user":                    NewIdentity("a\x00", []string{"a"}, []string{"a"}),
		"a policy's user without id":         &identify(blog.compile(t).Policy, [16]byte{}, "amy", nil, store.Ticket{}, nil).Identity,
		"a policy's user without name":       &identify(blog.compile(t).Policy, [16]byte{1}, "", nil, store.Ticket{}, nil).Identity,
		"a user of no policy":                &identify(nil, [16]byte{1}, "amy", nil, store.Ticket{}, nil).Identity,
		"nobody of no policy":                newAnonymous(nil, nil),
		"a copy of zero that has an address": (&Identity{}).WithAddr(someAddr),
	} {
		for _, p := range []Predicate{
			InGroup("a"), HasPermission("a"), IsUser("amy"), IsUser("a"), IsUserID([16]byte{1}), IsAnonymous(), NotAnonymous(), f,
			FromNet(prefix("0.0.0.0/0")), AuthenticatedWithin(time.Hour),
			InAllGroups("a", "b"), InAnyGroup("a", "b"), HasAllPermissions("a", "b"), HasAnyPermission("a", "b"), WithMessage(IsAnonymous(), "x"),
		} {
			for _, q := range []Predicate{p, Not(p), All(p, p), Any(p, Not(p))} {
				expectVerdict(t, id, q, broken)
			}
		}
		if called {
			t.Errorf("%s: a host's function was asked about it", name)
		}
		if id.User() != "" || id.InGroup("a") || id.HasPermission("a") || !id.IsAnonymous() || id.String() != "unknown" {
			t.Errorf("%s: has a name, a group or a permission: %v", name, id)
		}
	}
}
