package storetest

import (
	"cmp"
	"slices"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac"
)

var separationRules = []rule{
	{"separations", "A separation set is given back as it was added, listed by kind and name, and gone when deleted.", func(w *world) {
		want := sampleSeparations()
		w.update(func(r rbac.Records) error { return addGroups(r, "a", "b", "c") })
		find := func(r rbac.Records, s rbac.SeparationRecord) (rbac.SeparationRecord, error) {
			return r.Separation(s.Dynamic, s.Name)
		}
		roundTrip(w, want, func(r rbac.Records, s rbac.SeparationRecord) error { return r.AddSeparation(s) }, find)
		w.separations(want)
		for _, s := range want[:20] {
			w.update(func(r rbac.Records) error { return r.DeleteSeparation(s.Dynamic, s.Name) })
			w.notFound("Separation", func(r rbac.Records) error { _, err := find(r, s); return err })
		}
		w.separations(want[20:])
		w.update(func(r rbac.Records) error { return r.AddSeparation(want[3]) })
		w.separations(append(want[20:], want[3]))
	}},
	{"separations set", "SetSeparation replaces Cardinality and Groups of the set of that kind and name, and of no other.", func(w *world) {
		w.update(func(r rbac.Records) error { return addGroups(r, "a", "b", "c") })
		static, dynamic := separation(false, "s", 2, "a", "b"), separation(true, "s", 2, "a", "b")
		w.update(func(r rbac.Records) error { return each([]rbac.SeparationRecord{static, dynamic}, r.AddSeparation) })
		for _, next := range []rbac.SeparationRecord{
			separation(true, "s", 3, "a", "b", "c"), separation(true, "s", 2, "b", "c"), separation(true, "s", 1, "c"), separation(true, "s", 2, "a", "b"),
		} {
			w.update(func(r rbac.Records) error { return r.SetSeparation(next) })
			w.separations([]rbac.SeparationRecord{static, next})
		}
		w.update(func(r rbac.Records) error { return r.DeleteSeparation(true, "s") })
		w.separations([]rbac.SeparationRecord{static})
	}},
}

// separation is a set of named groups.
func separation(dynamic bool, name string, cardinality int, groups ...string) rbac.SeparationRecord {
	list := ids(groups...)
	slices.SortFunc(list, compareIDs)
	return rbac.SeparationRecord{Dynamic: dynamic, Name: name, Cardinality: cardinality, Groups: list}
}

func sampleSeparations() (list []rbac.SeparationRecord) {
	members := [][]string{{"a", "b"}, {"b", "c"}, {"a", "c"}, {"a", "b", "c"}}
	for i, name := range texts[1:] {
		list = append(list, separation(false, name, 2, pick(members, i)...), separation(true, name, 1000000, pick(members, i+1)...))
	}
	return list
}

// separations compares all listings with what should be there.
func (w *world) separations(want []rbac.SeparationRecord) {
	w.Helper()
	want = slices.Clone(want)
	slices.SortFunc(want, func(a, b rbac.SeparationRecord) int { return cmp.Compare(a.Name, b.Name) })
	for _, dynamic := range []bool{false, true} {
		only := func(groups ...string) (list []rbac.SeparationRecord) {
			for _, s := range want {
				if s.Dynamic == dynamic && slices.ContainsFunc(ids(groups...), func(g uuid.UUID) bool { return slices.Contains(s.Groups, g) }) {
					list = append(list, s)
				}
			}
			return list
		}
		w.equal("Separations", get(w, func(r rbac.Records) ([]rbac.SeparationRecord, error) { return r.Separations(dynamic) }), only("a", "b", "c"))
		for _, groups := range [][]string{nil, {"unknown"}, {"a"}, {"b"}, {"c"}, {"b", "a"}, {"a", "b", "c", "unknown"}} {
			w.equal("GroupSeparations", get(w, func(r rbac.Records) ([]rbac.SeparationRecord, error) {
				return r.GroupSeparations(dynamic, ids(groups...))
			}), only(groups...))
		}
	}
}
