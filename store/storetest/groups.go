package storetest

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/store"
)

var groupRules = []rule{
	{"groups", "A group is given back as it was put, by id and name, listed by name, and gone when deleted.", func(w *world) {
		want := sampleGroups()
		add := func(r store.Records, g store.Group) error { return r.PutGroup(g) }
		roundTrip(w, want, add, func(r store.Records, g store.Group) (store.Group, error) { return r.Group(store.GroupKey{ID: g.ID}) })
		for _, g := range want {
			w.equal("Group by name", get(w, func(r store.Records) (store.Group, error) { return r.Group(store.GroupKey{Name: g.Name}) }), g)
		}
		slices.SortFunc(want, func(a, b store.Group) int { return cmp.Compare(a.Name, b.Name) })
		w.equal("Groups", get(w, store.Records.Groups), want)
		gone := want[4]
		w.update(func(r store.Records) error { return r.DeleteGroup(gone.ID) })
		w.notFound("Group", func(r store.Records) error { _, err := r.Group(store.GroupKey{ID: gone.ID}); return err })
		w.notFound("Group by name", func(r store.Records) error { _, err := r.Group(store.GroupKey{Name: gone.Name}); return err })
		w.equal("Groups after a deletion", get(w, store.Records.Groups), slices.Delete(want, 4, 5))
	}},
	{"groups set", "PutGroup replaces every field; a changed name finds the group and frees the old one.", func(w *world) {
		list := sampleGroups()
		old := list[0]
		w.update(func(r store.Records) error { return r.PutGroup(old) })
		for _, g := range list[1:] {
			g.ID = old.ID
			w.update(func(r store.Records) error { return r.PutGroup(g) })
			w.equal("Group", get(w, func(r store.Records) (store.Group, error) { return r.Group(store.GroupKey{Name: g.Name}) }), g)
			w.equal("Groups", get(w, store.Records.Groups), []store.Group{g})
		}
		old.ID = id("second")
		w.update(func(r store.Records) error { return r.PutGroup(old) })
		w.equal("second group", get(w, func(r store.Records) (store.Group, error) { return r.Group(store.GroupKey{Name: old.Name}) }), old)
	}},
	{"grants", "A grant is given back as it was put, at first or again; its permission is compared exactly.", func(w *world) {
		want := sampleGrants()
		w.update(func(r store.Records) error { return addGroups(r, "g1", "g2", "g3") })
		find := func(r store.Records, g store.Grant) (store.Grant, error) {
			return r.Grant(g.Group, g.Permission)
		}
		roundTrip(w, want, func(r store.Records, g store.Grant) error { return r.PutGrant(g) }, find)
		for i := range want {
			want[i].Note, want[i].GrantedBy, want[i].GrantedAt = pick(texts, i+7), pick(texts, i+8), pick(times, i+3)
			w.update(func(r store.Records) error { return r.PutGrant(want[i]) })
		}
		w.grants(want)
		for _, g := range want[:20] {
			w.update(func(r store.Records) error { return r.DeleteGrant(g.Group, g.Permission) })
			w.notFound("Grant", func(r store.Records) error { _, err := find(r, g); return err })
		}
		w.grants(want[20:])
	}},
	{"inheritances", "Inheritances are listed by senior and junior, from either side, and gone when deleted.", func(w *world) {
		want := []store.Inheritance{}
		names := []string{"a", "b", "c", "d"}
		for i, senior := range names {
			for _, junior := range names[i+1:] {
				want = append(want, store.Inheritance{Senior: id(senior), Junior: id(junior)})
			}
		}
		w.update(func(r store.Records) error { return addGroups(r, names...) })
		w.update(func(r store.Records) error { return each(want, r.AddInheritance) })
		w.inheritances(want)
		for len(want) > 0 {
			w.update(func(r store.Records) error { return r.DeleteInheritance(want[0]) })
			want = want[1:]
			w.inheritances(want)
		}
		w.update(func(r store.Records) error { return each(ids(names...), r.DeleteGroup) })
	}},
}

func sampleGroups() (list []store.Group) {
	for i, text := range texts[1:] {
		list = append(list, store.Group{
			ID: id("group" + text), Name: text, DisplayName: pick(texts, i), Note: pick(texts, i+2), Created: pick(times, i),
		})
	}
	return list
}

func sampleGrants() (list []store.Grant) {
	for i, permission := range append([]string{"post.*", "post", "post.edit"}, texts[5:]...) {
		for j, g := range []string{"g1", "g2", "g3"} {
			if (i+j)%3 == 0 {
				continue
			}
			list = append(list, store.Grant{
				Group: id(g), Permission: permission, Note: pick(texts, i+j), GrantedBy: pick(texts, i+j+1), GrantedAt: pick(times, i),
			})
		}
	}
	return list
}

// grants compares all listings with want.
func (w *world) grants(want []store.Grant) {
	w.Helper()
	want = slices.Clone(want)
	slices.SortFunc(want, func(a, b store.Grant) int {
		return cmp.Or(compareIDs(a.Group, b.Group), cmp.Compare(a.Permission, b.Permission))
	})
	permissions := append([]string{"*", "post.*", "post", "post.", "post.edit", "post.%"}, texts...) // texts has "", for any
	for _, permission := range permissions {
		for _, group := range append(ids("g1", "g2", "g3", "unknown"), uuid.Nil) {
			f := store.GrantFilter{Group: group, Permission: permission}
			only := slices.DeleteFunc(slices.Clone(want), func(g store.Grant) bool {
				return group != uuid.Nil && g.Group != group || permission != "" && g.Permission != permission
			})
			w.equal(fmt.Sprintf("Grants(%+v)", f), get(w, func(r store.Records) ([]store.Grant, error) { return r.Grants(f) }), only)
		}
	}
}

// inheritances compares all listings with want.
func (w *world) inheritances(want []store.Inheritance) {
	w.Helper()
	want = slices.Clone(want)
	slices.SortFunc(want, func(a, b store.Inheritance) int {
		return cmp.Or(compareIDs(a.Senior, b.Senior), compareIDs(a.Junior, b.Junior))
	})
	groups := append(ids("a", "b", "c", "d"), uuid.Nil)
	for _, senior := range groups {
		for _, junior := range groups {
			f := store.InheritanceFilter{Senior: senior, Junior: junior}
			only := slices.DeleteFunc(slices.Clone(want), func(i store.Inheritance) bool {
				return senior != uuid.Nil && i.Senior != senior || junior != uuid.Nil && i.Junior != junior
			})
			w.equal(fmt.Sprintf("Inheritances(%+v)", f), get(w, func(r store.Records) ([]store.Inheritance, error) { return r.Inheritances(f) }), only)
		}
	}
}
