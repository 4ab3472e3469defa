package storetest

import (
	"cmp"
	"math"
	"slices"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/store"
)

var policyRules = []rule{
	{"sections", "A section is given back as it was put, listed by name, and gone when deleted.", func(w *world) {
		var want []store.Section
		for i, text := range texts[1:] {
			want = append(want, store.Section{Name: text, Title: pick(texts, i), Position: pick(positions, i)})
		}
		find := func(r store.Records, s store.Section) (store.Section, error) { return r.Section(s.Name) }
		roundTrip(w, want, func(r store.Records, s store.Section) error { return r.PutSection(s) }, find)
		slices.SortFunc(want, func(a, b store.Section) int { return cmp.Compare(a.Name, b.Name) })
		w.equal("Sections", get(w, store.Records.Sections), want)

		want[3].Title, want[3].Position = "", -9
		w.update(func(r store.Records) error { return r.PutSection(want[3]) })
		w.equal("Sections after a set", get(w, store.Records.Sections), want)
		w.update(func(r store.Records) error { return r.DeleteSection(want[4].Name) })
		w.notFound("Section", func(r store.Records) error { _, err := r.Section(want[4].Name); return err })
		w.equal("Sections after a deletion", get(w, store.Records.Sections), slices.Delete(want, 4, 5))
	}},
	{"permissions", "A permission is given back as it was put, listed by name, and gone when deleted; its Section is no reference.", func(w *world) {
		want := samplePermissions()
		find := func(r store.Records, p store.Permission) (store.Permission, error) { return r.Permission(p.Name) }
		roundTrip(w, want, func(r store.Records, p store.Permission) error { return r.PutPermission(p) }, find)
		slices.SortFunc(want, func(a, b store.Permission) int { return cmp.Compare(a.Name, b.Name) })
		w.equal("Permissions", get(w, store.Records.Permissions), want)
		w.update(func(r store.Records) error { return r.DeletePermission(want[4].ID) })
		w.notFound("Permission", func(r store.Records) error { _, err := r.Permission(want[4].Name); return err })
		w.equal("Permissions after a deletion", get(w, store.Records.Permissions), slices.Delete(slices.Clone(want), 4, 5))
		w.update(func(r store.Records) error { return r.PutPermission(want[4]) })
		w.equal("Permissions after another addition", get(w, store.Records.Permissions), want)
	}},
	{"permissions set", "PutPermission replaces every field; a changed name finds the permission and frees the old one.", func(w *world) {
		list := samplePermissions()
		old := list[0]
		w.update(func(r store.Records) error { return r.PutPermission(old) })
		for _, p := range list[1:] {
			p.ID = old.ID
			w.update(func(r store.Records) error { return r.PutPermission(p) })
			w.equal("Permission", get(w, func(r store.Records) (store.Permission, error) { return r.Permission(p.Name) }), p)
			w.equal("Permissions", get(w, store.Records.Permissions), []store.Permission{p})
		}
	}},
	{"declarations", "A declaration is put by kind and key, and listed by these.", func(w *world) {
		var want []store.Declaration
		for _, kind := range []string{"section", "permission", "group", "grant", "inheritance"} {
			for i, text := range texts[1:] {
				want = append(want, store.Declaration{Kind: kind, Key: text, ID: pick([]uuid.UUID{uuid.Nil, id(text)}, i), Text: pick(texts, i)})
			}
		}
		w.update(func(r store.Records) error { return each(want, r.PutDeclaration) })
		slices.SortFunc(want, func(a, b store.Declaration) int {
			return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Key, b.Key))
		})
		w.equal("Declarations", get(w, store.Records.Declarations), want)
		for i := range want {
			want[i].Text, want[i].ID = pick(texts, i+3), pick([]uuid.UUID{id("another"), uuid.Nil}, i)
		}
		w.update(func(r store.Records) error { return each(want, r.PutDeclaration) })
		w.equal("Declarations replaced", get(w, store.Records.Declarations), want)
	}},
}

var positions = []int{0, 1, -1, math.MaxInt32, math.MinInt32}

func samplePermissions() (list []store.Permission) {
	for i, text := range texts[1:] {
		list = append(list, store.Permission{
			ID: id("permission" + text), Name: text, Title: pick(texts, i), Description: pick(texts, i+2), Section: pick(texts, i+3),
			Position: pick(positions, i), Object: pick(texts, i+4), Operation: pick(texts, i+5), Created: pick(times, i),
		})
	}
	return list
}
