package storetest

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/store"
)

var separationRules = []rule{
	{"separations", "A separation set is given back as it was put, listed by kind and name, and gone when deleted.", func(w *world) {
		want := sampleSeparations()
		w.update(func(r store.Records) error { return addGroups(r, "a", "b", "c") })
		find := func(r store.Records, s store.Separation) (store.Separation, error) {
			return r.Separation(s.Dynamic, s.Name)
		}
		roundTrip(w, want, func(r store.Records, s store.Separation) error { return r.PutSeparation(s) }, find)
		w.separations(want)
		for _, s := range want[:20] {
			w.update(func(r store.Records) error { return r.DeleteSeparation(s.Dynamic, s.Name) })
			w.notFound("Separation", func(r store.Records) error { _, err := find(r, s); return err })
		}
		w.separations(want[20:])
		w.update(func(r store.Records) error { return r.PutSeparation(want[3]) })
		w.separations(append(want[20:], want[3]))
	}},
	{"separations set", "PutSeparation replaces Cardinality and Groups of the set of that kind and name, and of no other.", func(w *world) {
		w.update(func(r store.Records) error { return addGroups(r, "a", "b", "c") })
		static, dynamic := separation(false, "s", 2, "a", "b"), separation(true, "s", 2, "a", "b")
		w.update(func(r store.Records) error { return each([]store.Separation{static, dynamic}, r.PutSeparation) })
		for _, next := range []store.Separation{
			separation(true, "s", 3, "a", "b", "c"), separation(true, "s", 2, "b", "c"), separation(true, "s", 1, "c"), separation(true, "s", 2, "a", "b"),
		} {
			w.update(func(r store.Records) error { return r.PutSeparation(next) })
			w.separations([]store.Separation{static, next})
		}
		w.update(func(r store.Records) error { return r.DeleteSeparation(true, "s") })
		w.separations([]store.Separation{static})
	}},
}

// separation is a set of named groups.
func separation(dynamic bool, name string, cardinality int, groups ...string) store.Separation {
	list := ids(groups...)
	slices.SortFunc(list, compareIDs)
	return store.Separation{Dynamic: dynamic, Name: name, Cardinality: cardinality, Groups: list}
}

func sampleSeparations() (list []store.Separation) {
	members := [][]string{{"a", "b"}, {"b", "c"}, {"a", "c"}, {"a", "b", "c"}}
	for i, name := range texts[1:] {
		list = append(list, separation(false, name, 2, pick(members, i)...), separation(true, name, 1000000, pick(members, i+1)...))
	}
	return list
}

// separations compares all listings with want.
func (w *world) separations(want []store.Separation) {
	w.Helper()
	want = slices.Clone(want)
	slices.SortFunc(want, func(a, b store.Separation) int { return cmp.Compare(a.Name, b.Name) })
	for _, dynamic := range []bool{false, true} {
		only := func(groups ...string) (list []store.Separation) {
			for _, s := range want {
				if s.Dynamic == dynamic && slices.ContainsFunc(ids(groups...), func(g uuid.UUID) bool { return slices.Contains(s.Groups, g) }) {
					list = append(list, s)
				}
			}
			return list
		}
		list := func(groups []uuid.UUID) []store.Separation {
			f := store.SeparationFilter{Dynamic: dynamic, Groups: groups}
			return get(w, func(r store.Records) ([]store.Separation, error) { return r.Separations(f) })
		}
		w.equal("Separations", list(nil), only("a", "b", "c"))
		w.equal("Separations of no group", list([]uuid.UUID{}), only())
		for _, groups := range [][]string{{"unknown"}, {"a"}, {"b"}, {"c"}, {"b", "a"}, {"a", "b", "c", "unknown"}} {
			w.equal(fmt.Sprint("Separations of ", groups), list(ids(groups...)), only(groups...))
		}
	}
}
