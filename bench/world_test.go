package main

import (
	"reflect"
	"slices"
	"testing"
)

// The world and its questions are the same in every run: peers and runs can be
// compared.
func TestWorldIsTheSameEveryTime(t *testing.T) {
	w := newWorld(small)
	if !reflect.DeepEqual(w, newWorld(small)) {
		t.Error("two worlds of one size differ")
	}
	if !reflect.DeepEqual(newQuestions(w), newQuestions(newWorld(small))) {
		t.Error("the questions to two worlds of one size differ")
	}
}

// Every world has the promised shape: users in 5 groups, groups with 20
// permissions, and as many of each as the size says.
func TestWorldHasItsShape(t *testing.T) {
	for _, s := range append(slices.Clone(sizes), grants100k) {
		w := newWorld(s)
		for what, n := range map[string][2]int{
			"users": {len(w.users), s.Users}, "groups": {len(w.groups), s.Groups}, "permissions": {len(w.permissions), s.Permissions},
			"memberships": {different(t, w.memberships, s.Groups), 5 * s.Users}, "grants": {different(t, w.grants, s.Permissions), 20 * s.Groups},
		} {
			if n[0] != n[1] {
				t.Errorf("%s: %d %s, want %d", s.Name, n[0], what, n[1])
			}
		}
	}
	if n := grants100k.Groups * permissionsPerGroup; n != 100_000 {
		t.Errorf("the world of 100,000 grants has %d", n)
	}
}

// different counts the members of all sets. No member may be there twice or be
// out of bounds.
func different(t *testing.T, sets [][]int32, bound int) (n int) {
	t.Helper()
	for _, set := range sets {
		sorted := slices.Sorted(slices.Values(set))
		if len(slices.Compact(slices.Clone(sorted))) != len(set) || sorted[0] < 0 || int(sorted[len(sorted)-1]) >= bound {
			t.Fatalf("%v is no set of numbers below %d", set, bound)
		}
		n += len(set)
	}
	return n
}

// Half of the questions are allowed, the expected answers agree with the names,
// and every part of a compound decides some answers.
func TestQuestions(t *testing.T) {
	w := newWorld(small)
	q := newQuestions(w)
	n := numbering(w)
	allowed := 0
	for _, p := range q.probes {
		if p.want != w.has(n[p.user], n[p.permission]) {
			t.Fatalf("%+v is wrong", p)
		}
		allowed += count(p.want)
	}
	if allowed != len(q.probes)/2 {
		t.Errorf("%d of %d probes are allowed", allowed, len(q.probes))
	}
	var total, byGroup, byPermission, byException int
	for _, c := range q.compounds {
		a, b, x := w.inGroup(n[c.user], n[c.a]), w.has(n[c.user], n[c.b]), w.inGroup(n[c.user], n[c.c])
		if c.has != b || c.want != ((a || b) && !x) {
			t.Fatalf("%+v is wrong", c)
		}
		total += count(c.want)
		byGroup += count(c.want && a && !b)
		byPermission += count(c.want && b && !a)
		byException += count((a || b) && x)
	}
	if total != len(q.compounds)/2 || min(byGroup, byPermission, byException) < len(q.compounds)/20 {
		t.Errorf("of %d compounds %d are allowed; a group alone decides %d, a permission alone %d, the exception %d", len(q.compounds), total, byGroup, byPermission, byException)
	}
}

// numbering returns the number of every name. No name stands for two things.
func numbering(w *world) map[string]int32 {
	n := map[string]int32{}
	for _, list := range [][]string{w.users, w.groups, w.permissions} {
		for i, name := range list {
			n[name] = int32(i)
		}
	}
	return n
}

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Every change that is timed decides: the user gets or loses the permission by
// the change alone.
func TestChangesDecide(t *testing.T) {
	w := newWorld(small)
	q, n := newQuestions(w), numbering(w)
	for _, c := range q.assigns {
		if w.has(n[c.user], n[c.permission]) || !slices.Contains(w.grants[n[c.group]], n[c.permission]) {
			t.Errorf("assigning %+v changes nothing", c)
		}
	}
	for _, c := range q.grants {
		if w.has(n[c.user], n[c.permission]) || !w.inGroup(n[c.user], n[c.group]) {
			t.Errorf("granting %+v changes nothing", c)
		}
	}
	for _, c := range q.revokes {
		g := n[c.group]
		without := *w
		without.grants = slices.Clone(w.grants)
		without.grants[g] = nil
		if !w.has(n[c.user], n[c.permission]) || without.has(n[c.user], n[c.permission]) {
			t.Errorf("revoking %+v changes nothing", c)
		}
	}
}
