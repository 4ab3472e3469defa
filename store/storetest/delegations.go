package storetest

import (
	"slices"

	"github.com/rbac-go/rbac/store"
)

var delegationRules = []rule{
	{"delegations", "A delegation is given back as it was put, listed by group, and gone when deleted.", func(w *world) {
		var want []store.Delegation
		for i, note := range texts {
			d := delegation(texts[i]+"lead", pick([][]string{{"a"}, {"a", "b"}, {"b", "c"}, {"a", "b", "c"}}, i)...)
			d.Note, d.Users = note, i%2 == 0
			want = append(want, d)
		}
		w.update(func(r store.Records) error {
			if err := addGroups(r, "a", "b", "c"); err != nil {
				return err
			}
			for i, d := range want {
				if err := r.PutGroup(store.Group{ID: d.Group, Name: texts[i] + "lead"}); err != nil {
					return err
				}
			}
			return each(want, r.PutDelegation)
		})
		w.delegations(want)
		for _, d := range want[:3] {
			w.update(func(r store.Records) error { return r.DeleteDelegation(d.Group) })
		}
		w.delegations(want[3:])
		w.update(func(r store.Records) error { return r.PutDelegation(want[1]) })
		w.delegations(append(want[3:], want[1]))
	}},
	{"delegations put again", "PutDelegation replaces Assign, Users and Note of the delegation of that group, and of no other.", func(w *world) {
		w.update(func(r store.Records) error { return addGroups(r, "a", "b", "c") })
		other, first := delegation("a", "b"), delegation("b", "a", "b")
		w.update(func(r store.Records) error { return each([]store.Delegation{other, first}, r.PutDelegation) })
		for _, next := range []store.Delegation{delegation("b", "a", "b", "c"), delegation("b", "c"), delegation("b", "b", "c"), delegation("b")} {
			next.Users, next.Note = len(next.Assign) == 1, "changed"
			w.update(func(r store.Records) error { return r.PutDelegation(next) })
			w.delegations([]store.Delegation{other, next})
		}
		w.update(func(r store.Records) error { return r.DeleteDelegation(id("b")) })
		w.delegations([]store.Delegation{other})
	}},
}

// delegation lets the members of a named group assign named groups.
func delegation(group string, assign ...string) store.Delegation {
	d := store.Delegation{Group: id(group)}
	if len(assign) > 0 {
		d.Assign = ids(assign...)
		slices.SortFunc(d.Assign, compareIDs)
	}
	return d
}

// delegations compares the listing with want.
func (w *world) delegations(want []store.Delegation) {
	w.Helper()
	want = slices.Clone(want)
	slices.SortFunc(want, func(a, b store.Delegation) int { return compareIDs(a.Group, b.Group) })
	w.equal("Delegations", get(w, store.Records.Delegations), want)
}
